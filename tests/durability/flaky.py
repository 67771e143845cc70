"""A driver's connection of which the n-th statement fails, before or after it took effect."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import psycopg

Fail = Callable[[Any], Exception]


class Plan:
    """Which statement fails, counted over all connections, and whether it takes effect first."""

    def __init__(self, fail: Fail) -> None:
        self.fail = fail
        self.at, self.after, self.seen = 0, False, 0

    def arm(self, at: int, *, after: bool = False) -> None:
        self.at, self.after, self.seen = at, after, 0

    def wrap(self, raw: Any) -> Any:
        return Flaky(raw, self)


class Flaky:
    """A driver's connection of which one statement fails."""

    def __init__(self, raw: Any, plan: Plan) -> None:
        self._raw, self._plan = raw, plan

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def execute(self, sql: str, parameters: Any = None) -> Any:
        return self._run(lambda: self._raw.execute(sql, parameters) if parameters else self._raw.execute(sql))

    def executemany(self, sql: str, parameters: Any) -> Any:
        return self._run(lambda: self._raw.executemany(sql, parameters))

    def _run(self, statement: Callable[[], Any]) -> Any:
        self._plan.seen += 1
        fails = self._plan.seen == self._plan.at
        if fails and not self._plan.after:
            raise self._plan.fail(self._raw)
        done = statement()
        if fails:
            raise self._plan.fail(self._raw)
        return done


def connection_lost(raw: Any) -> Exception:
    """The server went away: what was sent before may or may not have happened."""
    raw.close()
    return psycopg.OperationalError("server closed the connection unexpectedly")


def database_busy(raw: Any) -> Exception:
    """Another process holds the lock."""
    return _sqlite_error("database is locked", sqlite3.SQLITE_BUSY)


def disk_broken(raw: Any) -> Exception:
    """The disk failed: what is on it is unknown."""
    return _sqlite_error("disk I/O error", sqlite3.SQLITE_IOERR)


def disk_full(raw: Any) -> Exception:
    """There is no room: nothing was written."""
    return _sqlite_error("database or disk is full", sqlite3.SQLITE_FULL)


def _sqlite_error(text: str, code: int) -> Exception:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error
