"""Login throttles: an account's failures, an address's and everybody's windows, changed in one transaction."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from bot.auth.throttling import (
    Throttle,
    account_failed,
    refund_window,
    release_account,
    reserve_account,
    reserve_window,
)
from bot.config import Login
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.times import micros

_SECOND = 1_000_000  # microseconds
_ALL = "all"
_FORGOTTEN_AFTER = 86_400 * _SECOND


class ThrottleNames(Struct, frozen=True):
    """What an attempt counts against, beside the window of all attempts."""

    account: str
    address: str


class ThrottleStore:
    """The `throttles` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, names: ThrottleNames, now: datetime, limits: Login) -> float:
        """Reserve an attempt: 0 when it may go ahead, else the seconds to wait, and nothing was counted."""
        at = micros(now)

        def work(connection: Connection) -> float:
            # The upserts lock the rows, in one order, so that several workers on one database count right.
            account, address, everyone = (
                _locked(connection, name, at) for name in (names.account, names.address, _ALL)
            )
            seconds = at / _SECOND
            reserved = (
                (names.account, reserve_account(account, seconds, limits)),
                (names.address, reserve_window(address, seconds, limits.attempts_per_address, limits.window_seconds)),
                (_ALL, reserve_window(everyone, seconds, limits.attempts_in_all, limits.window_seconds)),
            )
            wait = max(wait for _, (_, wait) in reserved)
            if wait == 0:
                for name, (state, _) in reserved:
                    _keep(connection, name, state)
            return wait

        return await self._database.write(work)

    async def settle(self, names: ThrottleNames, now: datetime, limits: Login, *, right: bool) -> None:
        """What became of a reserved attempt: success resets the account, failure counts."""
        at = micros(now)

        def work(connection: Connection) -> None:
            account = _locked(connection, names.account, at)
            if not right:
                _keep(connection, names.account, account_failed(account, at / _SECOND, limits))
                return
            _keep(connection, names.account, Throttle())
            _refund_windows(connection, names, at)

        await self._database.write(work)

    async def release(self, names: ThrottleNames, now: datetime) -> None:
        """A reserved attempt was not made: nothing of it counts."""
        at = micros(now)

        def work(connection: Connection) -> None:
            _keep(connection, names.account, release_account(_locked(connection, names.account, at)))
            _refund_windows(connection, names, at)

        await self._database.write(work)

    async def clear(self, now: datetime) -> int:
        """Forget what nobody tried for a day; how many there were."""
        sql = "DELETE FROM throttles WHERE updated_at < :before"
        return await self._database.write(lambda connection: connection.run(sql, before=micros(now) - _FORGOTTEN_AFTER))


def _refund_windows(connection: Connection, names: ThrottleNames, at: int) -> None:
    for name in (names.address, _ALL):
        _keep(connection, name, refund_window(_locked(connection, name, at)))


def _locked(connection: Connection, name: str, at: int) -> Throttle:
    row = connection.one(
        """INSERT INTO throttles
             (name, failures, locked_until, pending, pending_until, attempts, window_until, updated_at)
           VALUES (:name, 0, 0, 0, 0, 0, 0, :at)
           ON CONFLICT (name) DO UPDATE SET updated_at = :at
           RETURNING failures, locked_until, pending, pending_until, attempts, window_until""",
        name=name,
        at=at,
    )
    assert row is not None
    return Throttle(
        failures=row.failures,
        locked_until=row.locked_until / _SECOND,
        pending=row.pending,
        pending_until=row.pending_until / _SECOND,
        count=row.attempts,
        window_until=row.window_until / _SECOND,
    )


def _keep(connection: Connection, name: str, state: Throttle) -> None:
    connection.run(
        """UPDATE throttles SET failures = :failures, locked_until = :locked, pending = :pending,
           pending_until = :pending_until, attempts = :count, window_until = :window WHERE name = :name""",
        name=name,
        failures=state.failures,
        locked=round(state.locked_until * _SECOND),
        pending=state.pending,
        pending_until=round(state.pending_until * _SECOND),
        count=state.count,
        window=round(state.window_until * _SECOND),
    )
