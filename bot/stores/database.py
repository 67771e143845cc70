"""The database: `read` on a few threads, `write` on one, both awaited; nothing is acknowledged before its COMMIT."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import time
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import asdict

from bot.errors import ConfigurationError, StoreAway, StoreUnavailable
from bot.progress import Progress, silent
from bot.stores.connection import Connection
from bot.stores.dialects import Dialect, Sqlite, dialect_of
from bot.stores.faults import ON_DISK, Fault
from bot.stores.gathering import Gathering
from bot.stores.jobs import Job
from bot.stores.links import Health, Link, LoopReader, Tell
from bot.stores.lock import FileLock
from bot.stores.schema import migrate, share
from bot.stores.threads import BatchWorker, Reader, Statements, Worker, Writer
from bot.stores.watchdog import Watchdog

T = TypeVar("T")
Item = TypeVar("Item")
SharedWork = Callable[[Connection, Sequence[Item]], Sequence[T | Exception]]
"""Runs once for the items of concurrent callers: returns a result for each, in the same order, or an exception."""

Wrap = Callable[[Any], Any]
"""Wraps a driver's connection: the seam at which tests inject faults."""

_LONGEST_QUEUE = 10_000

_PATIENCE_FOR_ANSWERS = 2
_PATIENCE_FOR_SCANS = 12
_PATIENCE_FOR_CLOSING = 4
"""How many times `patience` a database server's answer may take, a scan's answer, and the end of all threads."""


class Statistics(Struct, frozen=True):
    """Counts since the store was opened, for tests and measurements; the current queue lengths, for the metrics."""

    commits: int
    writes: int
    largest_batch: int
    statements: int
    waiting_writes: int
    waiting_reads: int
    failure: str | None


class Database:
    """An open store. Created by `open`, ended by `close`; `read` and `write` can be awaited from any event loop."""

    def __init__(
        self, dialect: Dialect, connect: Callable[[], Connection], readers: int, patience: float, health: Health
    ) -> None:
        self.dialect = dialect
        self._health = health
        self._reads: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._writer = Writer("store-writer", Link(connect), self._health, patience)
        self._readers = [
            Reader(f"store-reader-{number}", Link(connect), self._reads, self._health, patience)
            for number in range(readers)
        ]
        self._scans: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._scanner = Reader("store-scanner", Link(connect), self._scans, self._health, patience)
        self._workers: list[Worker] = [self._writer, *self._readers, self._scanner]
        self._loop_reader = LoopReader(Link(connect), self._health) if dialect.name == "sqlite" else None
        self._looks = Statements("store-looks", Link(connect), self._health, patience)
        if self._loop_reader is None:
            self._workers.append(self._looks)
        self._notes: BatchWorker = self._writer
        if dialect.relax is not None:
            self._notes = Statements("store-notes", Link(lambda: _relaxed(connect, dialect)), self._health, patience)
            self._workers.append(self._notes)
        self._patience = patience
        self._watchdog: Watchdog | None = None
        self._lock: FileLock | None = None
        self._closed = False

    @classmethod
    def open(
        cls,
        url: str,
        *,
        project: Path = Path(),
        readers: int = 4,
        server: bool = False,
        locked: bool = False,
        patience: float = 5.0,
        synchronous: str = "FULL",
        tidy_every: int = 5_000,
        wrap: Wrap | None = None,
        progress: Progress = silent,
        tell: Tell = lambda event, reason: None,
        changed: Callable[[], None] = lambda: None,
    ) -> Database:
        """Open the store at `url`, migrate its schema and start its threads.

        `project` is the folder that an SQLite path is relative to. A `server` has an SQLite file to itself, and opens
        all connections at the start, because clients' connections can take all remaining file descriptors; and it never
        waits long for an answer from PostgreSQL. `locked`: the caller has the SQLite file's lock already. `patience` is
        how long (seconds) a transaction is retried while the database is locked or unavailable. `synchronous` is
        SQLite's; anything but FULL loses turns at a power cut and exists for the tests that show it. After `tidy_every`
        SQL statements (about a thousand turns) SQLite's log is moved into its file. `progress` is called while an
        earlier version's store is migrated, `tell` when the database is lost or back, and `changed` each time that
        this may have changed or work was refused (from any thread). Raises ConfigurationError if the store cannot be
        opened, StoreAway if it may be possible later.
        """
        dialect = dialect_of(url, project, synchronous=synchronous)
        with contextlib.ExitStack() as undo:
            try:
                lock = FileLock(dialect.file) if server and isinstance(dialect, Sqlite) else None
                if lock is not None:
                    undo.callback(lock.release)
                connect = _connector(dialect, wrap)
                has_lock = isinstance(dialect, Sqlite) and (locked or lock is not None)
                migrate_once = partial(_migrate, connect, dialect, progress, has_lock)
                _migrate_with_patience(migrate_once, dialect, patience)
            except OSError as error:
                raise ConfigurationError([f"{_place(dialect)} cannot be opened: {error}{ON_DISK}"]) from error
            undo.pop_all()
        health = Health(tell, has_server=dialect.name != "sqlite", changed=changed)
        database = cls(dialect, lambda: _shared(connect, dialect), readers, patience, health)
        database._lock = lock
        database._writer.tidy_every = tidy_every
        database._start(server=server)
        return database

    def _start(self, *, server: bool) -> None:
        if server and self._loop_reader is None:  # what the command line runs may take its time
            limits = dict.fromkeys(self._workers, _PATIENCE_FOR_ANSWERS * self._patience)
            self._watchdog = Watchdog({**limits, self._scanner: _PATIENCE_FOR_SCANS * self._patience})
            self._watchdog.start()
        for worker in self._workers:
            worker.start(connect=server)
        for worker in self._workers:
            worker.connected.wait()
        if server and self._loop_reader is not None:
            with contextlib.suppress(Fault):  # a reader will do its work
                self._loop_reader.look(lambda _: None)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a reader thread, outside any transaction; what it raises is raised here.

        Raises StoreUnavailable if the database cannot be reached in time.
        """
        return await self._submit(self._reads, _run_each, work)

    async def look(self, work: Callable[[Connection], T]) -> T:
        """As `read`, for a row or two by their key: what every request and every turn needs first.

        On SQLite it runs right here, on the event loop: such a read takes less time than handing it to another thread,
        and in WAL mode readers and the writer do not block each other.
        """
        if self._loop_reader is None or self._closed:
            return await self.read(work)
        try:
            return self._loop_reader.look(work)
        except Fault:  # busy, or worse: a reader retries, with patience
            return await self.read(work)

    async def look_together(self, work: SharedWork[Item, T], item: Item) -> T:
        """As `look`, with the work of `write_together`: concurrent calls share one query to PostgreSQL."""
        if self._loop_reader is None:
            return await self._submit(self._looks.jobs, work, item, group=work)
        (result,) = await self.look(lambda connection: work(connection, [item]))
        if isinstance(result, Exception):
            raise result
        return result

    async def scan(self, work: Callable[[Connection], T]) -> T:
        """As `read`, for what may take a while (history, verification): one at a time, and never delaying a turn."""
        return await self._submit(self._scans, _run_each, work)

    async def write(self, work: Callable[[Connection], T], *, order: str = "") -> T:
        """Run `work` in a transaction and return after its COMMIT; what it raises is raised here, and undoes it alone.

        `work` may run more than once (its transaction is retried while the database is locked), so it must do nothing
        but use its connection, and it must let Conflict through. Jobs that share a COMMIT run sorted by `order` (what
        they change, say), otherwise in order of arrival. Raises StoreUnavailable if nothing was acknowledged: it may
        have happened all the same, if the connection was lost during COMMIT, so what is retried needs an idempotency
        key.
        """
        return await self._submit(self._writer.jobs, _run_each, work, order=order, group=order)

    async def write_together(self, work: SharedWork[Item, T], item: Item, *, order: str = "") -> T:
        """As `write`, for what many callers want at once: `work` runs once for all items that share the COMMIT.

        An exception among its results is raised here. If it raises, it runs again for each item alone.
        """
        return await self._submit(self._writer.jobs, work, item, order=order, group=work)

    async def note(self, work: Callable[[Connection], T], *, order: str = "") -> T:
        """As `write`, for single statements that a power cut may undo, such as leases.

        PostgreSQL does not wait for its disk for these.
        """
        return await self._submit(self._notes.jobs, _run_each, work, order=order, group=order)

    async def note_together(self, work: SharedWork[Item, T], item: Item, *, order: str = "") -> T:
        """As `note`, with the work of `write_together`."""
        return await self._submit(self._notes.jobs, work, item, order=order, group=work)

    async def _submit(
        self,
        jobs: queue.SimpleQueue[Job | None] | Gathering,
        work: SharedWork[Item, T],
        item: Item,
        *,
        order: str = "",
        group: Hashable = "",
    ) -> T:
        self._health.check()
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if jobs.qsize() >= _LONGEST_QUEUE:
            raise StoreUnavailable("too many requests are waiting for the store")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        jobs.put(Job(work, item, future, loop, order, group))
        return await future

    @property
    def failure(self) -> str | None:
        """Why the store refuses everything permanently, once it does."""
        return self._health.failure

    def tell_failed(self, work: str, error: Exception) -> None:
        """Report that some of the store's own work failed for an unexpected reason."""
        self._health.note_failed(work, error)

    def statistics(self) -> Statistics:
        """The store's statistics so far."""
        statements = sum(worker.link.statements for worker in self._workers)
        if self._loop_reader is not None:
            statements += self._loop_reader.link.statements
        return Statistics(
            **asdict(self._writer.counts),
            statements=statements,
            waiting_writes=self._writer.jobs.qsize(),
            waiting_reads=self._reads.qsize() + self._scans.qsize(),
            failure=self.failure,
        )

    async def close(self) -> None:
        """Finish what waits, stop the threads and release the lock. A closed store refuses everything.

        In a server, raises StoreUnavailable if PostgreSQL does not answer in time; what waited was not acknowledged.
        """
        if self._closed:
            return
        self._closed = True
        if self._loop_reader is not None:
            self._loop_reader.close()
        for worker in self._workers:
            worker.stop()
        ended = await asyncio.to_thread(self._join)
        if self._lock:
            self._lock.release()
        if not ended:
            raise StoreUnavailable("the store was closed while it did not answer")

    def _join(self) -> bool:
        """Wait for the threads, for a limited time if they are watched; return whether all have ended."""
        if self._watchdog is None:
            return all(worker.join(None) for worker in self._workers)
        until = time.monotonic() + _PATIENCE_FOR_CLOSING * self._patience
        ended = all(worker.join(max(until - time.monotonic(), 0.0)) for worker in self._workers)
        self._watchdog.stop()
        return ended


def _run_each(connection: Connection, works: Sequence[Callable[[Connection], T]]) -> Sequence[T]:
    """Run the work of each job that shares a transaction."""
    return [work(connection) for work in works]


def _connector(dialect: Dialect, wrap: Wrap | None) -> Callable[[], Connection]:
    engine = dialect.engine()

    def connect() -> Connection:
        raw = dialect.raw(engine)
        return Connection(wrap(raw) if wrap else raw, dialect)

    return connect


def _shared(connect: Callable[[], Connection], dialect: Dialect) -> Connection:
    """A connection during which nobody can migrate the store."""
    connection = connect()
    try:
        share(connection, dialect)
    except BaseException:
        connection.close()
        raise
    return connection


def _relaxed(connect: Callable[[], Connection], dialect: Dialect) -> Connection:
    connection = connect()
    assert dialect.relax is not None
    connection.run(dialect.relax)
    return connection


def _migrate_with_patience(migrate_once: Callable[[], None], dialect: Dialect, patience: float) -> None:
    """Retry while the database is locked; other failures become the errors that `Database.open` raises."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return migrate_once()
        except Fault as fault:
            if fault.kind != "busy" or time.monotonic() >= deadline:
                refusal = StoreAway if fault.kind in ("busy", "lost") else ConfigurationError
                raise refusal([f"{_place(dialect)} cannot be opened: {fault}{fault.cure}"]) from fault
        except dialect.errors as error:
            reason, _, _ = str(error).partition("\n")  # the rest of a PostgreSQL error is the statement
            problem = f"{_place(dialect)} has another program's tables, or its user may not create any ({reason})"
            raise ConfigurationError([f"{problem}; name another database, or grant the right"]) from error


def _place(dialect: Dialect) -> str:
    """The store's name for messages, without the URL, which may hold a password."""
    return f"the store {dialect.file}" if isinstance(dialect, Sqlite) else "the PostgreSQL store"


def _migrate(connect: Callable[[], Connection], dialect: Dialect, progress: Progress, locked: bool) -> None:
    with contextlib.closing(connect()) as connection:
        migrate(connection, dialect, progress=progress, locked=locked)
