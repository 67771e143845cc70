"""Login throttles: an account's failures, and the windows of an address and of all, changed in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from bot.config import Login
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.throttling import (
    Throttle,
    account_failed,
    refund_window,
    release_account,
    reserve_account,
    reserve_window,
)
from bot.stores.times import micros

T = TypeVar("T")

_SECOND = 1_000_000  # microseconds
_ALL = "all"
_AFTER_THE_REST = "~throttles"
"""Sorts throttles behind all other jobs of a transaction: all workers lock in one order, and never deadlock."""

_FORGOTTEN_AFTER = 86_400 * _SECOND
_KNOWN_FOR = 30 * 86_400 * _SECOND
_CLOCKS_DIFFER = 60 * _SECOND
_UNBOUNDED = 2**31 - 1


class ThrottleNames(Struct, frozen=True):
    """What an attempt counts against, besides the window of all attempts.

    `known` stands for the account at this address: a user who logged in there lately is not locked out by what others
    do. It begins with `account` and an `@`.
    """

    account: str
    address: str
    known: str


class Wait(Struct, frozen=True):
    """How long (seconds) an attempt must wait, 0 for not at all; `everybody`: all who are not known must wait, too."""

    seconds: float
    everybody: bool = False


class ThrottleStore:
    """The `throttles` table.

    Upserts lock the rows, so that several workers on one database count correctly. Every transaction locks everybody's
    row first, then the address's, then the account's, so that workers never deadlock.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, names: ThrottleNames, now: datetime, limits: Login) -> Wait:
        """Reserve an attempt; if it must wait, nothing was counted."""
        at = micros(now)

        def work(connection: Connection) -> Wait:
            # Everybody's window is checked first: a refused attempt leaves no row for a made-up account.
            in_all = _UNBOUNDED if _is_known(connection, names.known, at) else limits.attempts_in_all
            everyone, wait = _attempted(connection, _ALL, at, in_all, limits.window_seconds)
            if wait:
                return Wait(wait, everybody=True)
            address, wait = _attempted(
                connection, names.address, at, limits.attempts_per_address, limits.window_seconds
            )
            if wait:
                return Wait(wait)
            account, wait = reserve_account(_locked(connection, names.account, at), at / _SECOND, limits)
            if wait == 0:
                for name, state in ((_ALL, everyone), (names.address, address), (names.account, account)):
                    _keep(connection, name, state)
            return Wait(wait)

        return await self._change(work)

    async def settle(self, names: ThrottleNames, now: datetime, limits: Login, *, right: bool) -> None:
        """Settle a reserved attempt: success resets the account and makes it known at this address, failure counts."""
        at = micros(now)

        def work(connection: Connection) -> None:
            if right:
                _refund_windows(connection, names, at)
                _keep(connection, names.account, Throttle())
                _locked(connection, names.known, at)
                _keep(connection, names.known, Throttle(window_until=(at + _KNOWN_FOR) / _SECOND))
                return
            _locked(connection, _ALL, at)
            account = _locked(connection, names.account, at)
            _keep(connection, names.account, account_failed(account, at / _SECOND, limits))

        await self._change(work)

    async def release(self, names: ThrottleNames, now: datetime) -> None:
        """Release a reserved attempt that was not made: nothing of it counts."""
        at = micros(now)

        def work(connection: Connection) -> None:
            _refund_windows(connection, names, at)
            _keep(connection, names.account, release_account(_locked(connection, names.account, at)))

        await self._change(work)

    async def clear(self, now: datetime) -> int:
        """Delete rows that nobody tried for a day and whose window is over; return how many there were."""
        sql = "DELETE FROM throttles WHERE updated_at < :before AND window_until < :now AND name <> :all"

        def work(connection: Connection) -> int:
            _locked(connection, _ALL, micros(now))
            return connection.run(sql, before=micros(now) - _FORGOTTEN_AFTER, now=micros(now), all=_ALL)

        return await self._change(work)

    async def _change(self, work: Callable[[Connection], T]) -> T:
        """Run `work` last in its transaction, whatever else shares that; return its result."""
        return await self._database.write(work, order=_AFTER_THE_REST)


def forget_account(connection: Connection, name: str) -> None:
    """Forget an account's failures, its lock and where it is known, in the transaction that changes its customer.

    The account's row is locked before those of where it is known, as for attempts, and nothing after them.
    """
    connection.run("DELETE FROM throttles WHERE name = :name", name=name)
    connection.run("DELETE FROM throttles WHERE name LIKE :known", known=f"{name}@%")


def _is_known(connection: Connection, name: str, at: int) -> bool:
    """Whether the account logged in at this address lately; looked up without leaving a row."""
    sql = "SELECT name FROM throttles WHERE name = :name AND window_until > :at AND window_until <= :latest"
    return connection.one(sql, name=name, at=at, latest=at + _KNOWN_FOR + _CLOCKS_DIFFER) is not None


def _attempted(connection: Connection, name: str, at: int, limit: int, window: float) -> tuple[Throttle, float]:
    return reserve_window(_locked(connection, name, at), at / _SECOND, limit, window)


def _refund_windows(connection: Connection, names: ThrottleNames, at: int) -> None:
    for name in (_ALL, names.address):
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
