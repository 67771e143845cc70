"""A thread's connection to the database, and whether the database may be used at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from bot.errors import StoreUnavailable
from bot.stores.connection import Connection
from bot.stores.faults import Fault

T = TypeVar("T")

Tell = Callable[[str, str], None]
"""Called from any thread with an event and its detail: `store lost` and why, `store back` and after how long, or
`store work failed` and which work."""

_REPORT_EVERY = 60.0
"""Seconds between two reports that the database is lost, which each thread finds out by itself."""


class Health:
    """Whether the database may be used, for all threads.

    `failure` is why the store is dead, once it is: what is on disk is unknown then, so every later call is refused.
    """

    def __init__(self, tell: Tell, *, has_server: bool, changed: Callable[[], None] = lambda: None) -> None:
        self.failure: str | None = None
        self.has_server = has_server
        self.is_lost = False
        """Whether the database was not reached, and nobody has reached it since."""
        self._tell = tell
        self._changed = changed
        self._lost_reason: str | None = None
        self._lost_at = -_REPORT_EVERY
        self._lock = threading.Lock()

    def check(self) -> None:
        """Raise StoreUnavailable when the store is dead."""
        if self.failure is not None:
            raise StoreUnavailable(f"the store failed and must be restarted: {self.failure}")

    def note_surprise(self, error: Exception) -> None:
        """Note an unexpected error: with a file we stop rather than guess what is durable; a server knows by itself."""
        if not self.has_server:
            self.failure = repr(error)

    def note_failed(self, work: str, error: Exception) -> None:
        """Report that some of the store's own work failed for an unexpected reason; it is retried."""
        self._tell("store work failed", f"{work}: {type(error).__name__}")

    def note_refused(self) -> None:
        """Note that work was refused because the database failed."""
        self._changed()

    def note_lost(self, reason: str) -> None:
        """Note that the database was not reached, or did not answer."""
        with self._lock:
            is_new, self.is_lost = not self.is_lost, True
            now = time.monotonic()
            if self._lost_reason is None and now - self._lost_at >= _REPORT_EVERY:
                self._lost_reason, self._lost_at = reason, now
                self._tell("store lost", reason)
        if is_new:
            self._changed()

    def note_back(self) -> None:
        """Note that the database was reached."""
        if not self.is_lost:
            return
        with self._lock:
            self.is_lost = False
            reason, self._lost_reason = self._lost_reason, None
            if reason is not None:
                self._tell("store back", f"after {time.monotonic() - self._lost_at:.1f} s")
        self._changed()


class Link:
    """A thread's connection, opened when it is first needed, and again after it was lost."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._statements_before = 0

    @property
    def statements(self) -> int:
        """The number of statements sent over this link so far."""
        return self._statements_before + (self._connection.statements if self._connection else 0)

    def open(self) -> Connection:
        """The connection; raises Fault if none can be opened."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def cut(self) -> None:
        """Make whatever waits for an answer over this connection fail; called from another thread."""
        connection = self._connection
        if connection is not None:
            connection.cut()

    def drop(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._statements_before += self._connection.statements
            self._connection.close()
            self._connection = None


class LoopReader:
    """The event loop thread's own connection, for reads that take less time than a thread switch."""

    def __init__(self, link: Link, health: Health) -> None:
        self.link = link
        self._health = health
        self._thread: int | None = None

    def look(self, work: Callable[[Connection], T]) -> T:
        """Run `work` here; raises Fault if the database cannot be read now, or this is another thread."""
        self._health.check()
        if self._thread is None:
            self._thread = threading.get_ident()
        if self._thread != threading.get_ident():
            raise Fault("busy", "another thread's connection")
        try:
            return work(self.link.open())
        except Fault as fault:
            if fault.kind == "broken":
                self._health.failure = str(fault)
            else:
                self.link.drop()
            raise

    def close(self) -> None:
        """Close the connection, if this is its thread."""
        if self._thread in (None, threading.get_ident()):
            self.link.drop()
