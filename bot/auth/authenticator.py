"""From an Authorization header to a principal: one indexed read per request, nothing cached."""

from __future__ import annotations

import hmac

from msgspec import Struct

from bot.auth.keys import KEY_PREFIX, Keys
from bot.auth.rasa_tokens import RasaTokens
from bot.auth.sessions import Sessions
from bot.errors import NotAuthenticated
from bot.messages import Customer, Principal
from bot.stores.sessions import SessionRow

_LONGEST = 2_048  # characters; ours are under 50, a JWT has a few hundred


class Identified(Struct, frozen=True):
    """Who is asking and, for a customer, the session they ask with."""

    principal: Principal
    session: SessionRow | None = None


_METRICS = Identified(Principal("key", "key:metrics", scopes=frozenset({"metrics"})))


def credential_kind(header: str | None) -> str:
    """The kind of an Authorization header: `session`, `key`, `jwt` or `other`; `query` if `?token=` came instead."""
    if not header:
        return "query"
    kind, _ = _kind_and_token(header)
    return kind


def _kind_and_token(header: str) -> tuple[str, str]:
    """The kind of a header's credentials, and its token."""
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer":
        return "other", token
    if token.startswith(KEY_PREFIX):
        return "key", token
    if token.count(".") == 2:
        return "jwt", token
    return "session", token


class Authenticator:
    """Identifies callers by a bearer token (RFC 6750): a customer's session, a key, or Rasa's methods if configured.

    `metrics_token` allows reading the metrics; it is checked without the store.
    """

    def __init__(self, sessions: Sessions, keys: Keys, rasa: RasaTokens, metrics_token: str | None = None) -> None:
        self._sessions = sessions
        self._metrics_token = metrics_token
        self._keys = keys
        self._rasa = rasa

    async def identify(self, header: str | None, query_token: str | None = None) -> Identified:
        """The principal with its session; raises NotAuthenticated. `query_token` is `?token=`'s value, if given."""
        if not header:
            principal = self._rasa.by_query(query_token) if query_token else None
            if principal is None:
                raise NotAuthenticated(given=query_token is not None)
            return Identified(principal)
        kind, token = _kind_and_token(header)
        if kind == "other" or not token or len(token) > _LONGEST or not token.isascii():
            raise NotAuthenticated(given=True)
        if self._metrics_token and hmac.compare_digest(token, self._metrics_token):
            return _METRICS
        if kind == "key":
            return await self._by_key(token)
        if kind == "jwt":
            return self._by_jwt(token)
        return await self._by_session(token)

    def _by_jwt(self, token: str) -> Identified:
        principal = self._rasa.by_jwt(token)
        if principal is None:
            raise NotAuthenticated(given=True)
        return Identified(principal)

    async def _by_key(self, secret: str) -> Identified:
        key = await self._keys.find(secret)
        if key is None:
            raise NotAuthenticated(given=True)
        return Identified(Principal("key", f"key:{key.id}", scopes=frozenset(key.scopes)))

    async def _by_session(self, token: str) -> Identified:
        row = await self._sessions.find(token)
        customer = Customer(row.customer, row.bank_customer_id)
        return Identified(Principal("customer", customer_principal(row.customer), customer, row.token, row.id), row)


def customer_principal(customer: str) -> str:
    """The principal id of the customer with this id."""
    return f"customer:{customer}"
