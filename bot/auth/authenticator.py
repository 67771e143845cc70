"""From an Authorization header to a principal: one indexed read per request, nothing cached."""

from __future__ import annotations

from dataclasses import dataclass

from bot.auth.keys import KEY_PREFIX, Keys
from bot.auth.sessions import Sessions
from bot.errors import NotAuthenticated
from bot.messages import Customer, Principal
from bot.stores.sessions import SessionRow

_LONGEST = 512  # characters; ours are under 50


@dataclass(frozen=True, slots=True)
class Identified:
    """Who is asking and, for a customer, the session they ask with."""

    principal: Principal
    session: SessionRow | None = None


class Authenticator:
    """Tells who is asking by a bearer token (RFC 6750): a customer's session or a key."""

    def __init__(self, sessions: Sessions, keys: Keys) -> None:
        self._sessions = sessions
        self._keys = keys

    async def authenticate(self, header: str | None) -> Principal:
        """The principal of this Authorization header; raises NotAuthenticated."""
        return (await self.identify(header)).principal

    async def identify(self, header: str | None) -> Identified:
        """The principal with its session; raises NotAuthenticated."""
        if not header:
            raise NotAuthenticated(given=False)
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > _LONGEST or not token.isascii():
            raise NotAuthenticated(given=True)
        return await (self._key(token) if token.startswith(KEY_PREFIX) else self._customer(token))

    async def _key(self, secret: str) -> Identified:
        key = await self._keys.find(secret)
        if key is None:
            raise NotAuthenticated(given=True)
        return Identified(Principal("key", f"key:{key.id}", scopes=frozenset(key.scopes)))

    async def _customer(self, token: str) -> Identified:
        row = await self._sessions.find(token)
        customer = Customer(row.customer, row.bank_customer_id)
        return Identified(Principal("customer", f"customer:{row.customer}", customer, row.token, row.id), row)
