"""Rasa's authentication methods: `--auth-token` in the query, and JSON Web Tokens (RFC 7519)."""

from __future__ import annotations

import hmac
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from bot.config import RasaAuth, Settings
from bot.errors import ConfigurationError
from bot.messages import Principal

METHODS: Sequence[str] = ("HS256", "HS384", "HS512")
_ID = "key:rasa"
_EVERYTHING = Principal("key", _ID, scopes=frozenset({"operator", "channel"}))


class RasaTokens:
    """Checks these credentials, if they are configured; all their users share one set of senders, as in Rasa.

    Raises ConfigurationError for an unknown method and for an empty secret. Short secrets are
    accepted because Rasa accepts them; RFC 7518, 3.2, requires 32 bytes for HS256.
    """

    def __init__(self, settings: RasaAuth) -> None:
        self._settings = settings
        problems = []
        if settings.jwt_method not in METHODS:
            problems.append(f"--jwt-method must be one of {', '.join(METHODS)}")
        if settings.jwt_secret == "":
            problems.append("--jwt-secret is empty; leave it out, or give a long random one")
        if settings.auth_token == "":
            problems.append("--auth-token is empty; leave it out, or give a long random one")
        if problems:
            raise ConfigurationError(problems)

    def by_query(self, token: str) -> Principal | None:
        """The principal for `?token=`; None if the token is not ours."""
        ours = self._settings.auth_token
        if ours is None or not hmac.compare_digest(token.encode(), ours.encode()):
            return None
        return _EVERYTHING

    def by_jwt(self, token: str) -> Principal | None:
        """The principal for a JWT: an admin may do everything, a user their own conversation; None if it is invalid.

        The payload is Rasa's: `{"user": {"username": …, "role": "admin" | "user"}}`.
        """
        import jwt

        if not self._settings.jwt_secret:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about short secrets, on every request
                payload = jwt.decode(token, self._settings.jwt_secret, algorithms=[self._settings.jwt_method])
        except jwt.PyJWTError:
            return None
        return _principal_of(payload.get("user"))


def _principal_of(user: Any) -> Principal | None:
    if not isinstance(user, dict):
        return None
    if user.get("role") == "admin":
        return _EVERYTHING
    name = user.get("username")
    if user.get("role") != "user" or not isinstance(name, str) or not name:
        return None
    return Principal("key", _ID, scopes=frozenset({f"sender:{name}"}))


LONG_SECRET = 32
"""Bytes of a secret that cannot be guessed (RFC 7518, 3.2)."""


def short_secrets(settings: Settings) -> Iterator[tuple[str, int]]:
    """The settings whose secrets are short enough to be guessed, and how many bytes those have."""
    rasa = settings.rasa_auth
    secrets = {
        "--auth-token": rasa.auth_token,
        "--jwt-secret": rasa.jwt_secret,
        "server: metrics_token": settings.server.metrics_token,
    }
    for setting, secret in secrets.items():
        if secret and len(secret.encode()) < LONG_SECRET:
            yield setting, len(secret.encode())
