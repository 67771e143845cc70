"""Keys of trusted backends and operators: created on the command line, shown once, stored hashed, read per request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from bot.auth.sessions import token_hash
from bot.sources import Sources
from bot.stores.keys import KeyRow, KeyStore

KEY_PREFIX = "tk_"
SCOPES = frozenset({"channel", "operator"})


class NewKey(Struct, frozen=True):
    """A new key: its id, and the secret that is never shown again."""

    id: str
    secret: str


class Keys:
    """Creates, lists and revokes keys."""

    def __init__(self, store: KeyStore, sources: Sources) -> None:
        self._store = store
        self._sources = sources

    async def create(self, scopes: Iterable[str], *, label: str = "") -> NewKey:
        """Create a key; raises ValueError if no scope is given or one does not exist."""
        wanted = frozenset(scopes)
        if not wanted or wanted - SCOPES:
            raise ValueError(f"a key's scopes are one or more of {', '.join(sorted(SCOPES))}")
        key_id = self._sources.new_id()[:12]
        secret = KEY_PREFIX + self._sources.new_token()
        row = KeyRow(key_id, token_hash(secret), tuple(sorted(wanted)), label, self._sources.now(), None)
        await self._store.add(row)
        return NewKey(key_id, secret)

    async def find(self, secret: str) -> KeyRow | None:
        """The key with this secret, unless it was revoked."""
        return await self._store.by_hash(token_hash(secret))

    async def list(self) -> Sequence[KeyRow]:
        """All keys, oldest first, including revoked ones."""
        return await self._store.list()

    async def revoke(self, key_id: str) -> bool:
        """Revoke a key permanently, from its next request on; False if there is no live key with this id."""
        return await self._store.revoke(key_id, self._sources.now())
