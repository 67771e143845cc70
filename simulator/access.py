"""Access control: the client's secret is exchanged for a short-lived token that is bound to one customer."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from .accounts import CUSTOMERS
from .settings import SimulatorSettings

TOKEN_SECONDS = 300


class Refused(Exception):
    """A token is refused: an error code of RFC 6749, 5.2, with its HTTP status."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


class _Grant(Struct, frozen=True):
    customer: str
    expires: datetime


class _Minute(Struct):
    """The number of requests that a customer made in a minute; `number` is that minute's number since 1970."""

    number: int
    used: int = 0


class Access:
    """Issues tokens and knows whose they are. Tokens are kept in memory, hashed, until they expire."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self._settings = settings
        self._now: Callable[[], datetime] = settings.now
        self._grants: dict[str, _Grant] = {}
        self._minutes: dict[str, _Minute] = {}

    def token(self, authorization: str, grant_type: str, customer: str) -> str:
        """A new token for one customer (RFC 6749, 4.4, with the customer named beside the grant); raises Refused."""
        if not self._is_client(authorization):
            raise Refused(401, "invalid_client")
        if grant_type != "client_credentials":
            raise Refused(400, "unsupported_grant_type")
        if customer not in CUSTOMERS:
            raise Refused(400, "invalid_grant")
        now = self._now()
        self._grants = {key: grant for key, grant in self._grants.items() if grant.expires > now}
        token = secrets.token_urlsafe(32)
        self._grants[_hashed(token)] = _Grant(customer, now + timedelta(seconds=TOKEN_SECONDS))
        return token

    def customer(self, authorization: str) -> str | None:
        """The customer that the token belongs to, or None if it is unknown or has expired."""
        grant = self._grant(authorization)
        return grant.customer if grant else None

    def spend(self, customer: str) -> float | None:
        """Count a request of this customer, with whichever token; the seconds to wait if over this minute's limit."""
        limit, now = self._settings.requests_per_minute, self._now().timestamp()
        if limit is None:
            return None
        minute = self._minutes.get(customer)
        if minute is None or minute.number != now // 60:
            minute = self._minutes[customer] = _Minute(int(now // 60))
        minute.used += 1
        return 60 - now % 60 if minute.used > limit else None

    def is_admin(self, authorization: str) -> bool:
        """Whether the admin key is presented."""
        presented = authorization.encode("utf-8", "surrogateescape")
        return hmac.compare_digest(presented, f"Bearer {self._settings.admin_key}".encode())

    def _grant(self, authorization: str) -> _Grant | None:
        scheme, _, token = authorization.partition(" ")
        grant = self._grants.get(_hashed(token)) if scheme.lower() == "bearer" else None
        return grant if grant is not None and grant.expires > self._now() else None

    def _is_client(self, authorization: str) -> bool:
        """HTTP Basic (RFC 7617) with the client's id and secret."""
        scheme, _, encoded = authorization.partition(" ")
        try:
            presented = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            return False
        expected = f"{self._settings.client_id}:{self._settings.client_secret}".encode()
        return scheme.lower() == "basic" and hmac.compare_digest(presented, expected)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
