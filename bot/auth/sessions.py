"""Customers' sessions: opened by a login, kept alive by turns, rotated, ended."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from bot import config
from bot.errors import LoginRefused, NotAuthenticated
from bot.sources import Sources
from bot.stores.sessions import SessionRow, SessionStore


class LoggedIn(Struct, frozen=True):
    """A fresh token (shown once, never stored), its latest expiry (UTC) and its idle timeout (seconds)."""

    token: str
    expires_at: datetime
    idle_seconds: float


def token_hash(token: str) -> str:
    """What the store keeps of a token or key: its SHA-256 in hex. 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """Opens, reads, rotates and ends sessions; nothing is cached."""

    def __init__(self, store: SessionStore, settings: config.Sessions, sources: Sources) -> None:
        self._store = store
        self._settings = settings
        self._sources = sources

    async def open(self, customer: str, *, code_hash: str | None = None) -> LoggedIn:
        """Open a session for this customer, who logged in with the code of this hash (None: by other means).

        Raises LoginRefused if the customer is disabled or the code has changed since.
        """
        now = self._sources.now()
        token = self._sources.new_token()
        row = SessionRow(
            token=token_hash(token),
            id=self._sources.new_id(),
            customer=customer,
            created_at=now,
            idle_until=now + self._idle,
            absolute_until=now + timedelta(seconds=self._settings.absolute_seconds),
        )
        if not await self._store.add(row, code_hash=code_hash):
            raise LoginRefused
        return self._logged_in(token, row)

    async def find(self, token: str) -> SessionRow:
        """The live session of this token; the first use of a rotated token ends the old token.

        Raises NotAuthenticated if there is none, or it idled too long or has expired.
        """
        row = await self.get(token_hash(token))
        if row.replaces is not None:
            await self._store.settle_rotation(row.token, row.replaces)
        return row

    async def keep_alive(self, row: SessionRow) -> None:
        """Extend the idle expiry for a read, at most once per tenth of the timeout."""
        now = self._sources.now()
        if row.idle_until - now < self._idle * 0.9:
            await self._store.extend(row.token, now + self._idle)

    async def rotate(self, row: SessionRow) -> LoggedIn:
        """Issue a new token for the session; the absolute expiry stays, and the old token has the grace period left."""
        now = self._sources.now()
        token = self._sources.new_token()
        new = SessionRow(
            token=token_hash(token),
            id=row.id,
            customer=row.customer,
            created_at=row.created_at,
            idle_until=now + self._idle,
            absolute_until=row.absolute_until,
            replaces=row.token,
        )
        grace = now + timedelta(seconds=self._settings.rotation_grace_seconds)
        if not await self._store.rotate(new, old_until=grace):
            raise NotAuthenticated(given=True)
        return self._logged_in(token, new)

    async def get(self, token_sha256: str) -> SessionRow:
        """The live session by its stored hash (a principal's `session`); raises NotAuthenticated."""
        row = await self._store.live(token_sha256, self._sources.now())
        if row is None:
            raise NotAuthenticated(given=True)
        return row

    async def list(self, *, customer: str | None = None, limit: int = 100) -> Sequence[SessionRow]:
        """The live sessions, newest first, of one customer (by their id here or at the bank) or of all."""
        return await self._store.list(self._sources.now(), customer=customer, limit=limit)

    async def end(self, session_id: str) -> bool:
        """End a session by its public id; False if there is none."""
        return await self._store.end(session_id)

    async def active(self) -> int:
        """How many sessions are live now."""
        return await self._store.count(self._sources.now())

    async def clear(self) -> int:
        """Delete the sessions that are over; return how many there were."""
        return await self._store.clear(self._sources.now())

    @property
    def _idle(self) -> timedelta:
        return timedelta(seconds=self._settings.idle_seconds)

    def _logged_in(self, token: str, row: SessionRow) -> LoggedIn:
        return LoggedIn(token, row.absolute_until, self._settings.idle_seconds)
