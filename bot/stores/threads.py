"""The threads that talk to the database: one that writes, many transactions to a COMMIT, and a few that read."""

from __future__ import annotations

import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from msgspec import Struct

from bot.errors import StoreUnavailable
from bot.stores.connection import Connection
from bot.stores.faults import Fault
from bot.stores.gathering import Gathering
from bot.stores.jobs import Job, deliver, groups_of, order_of, perform, refuse
from bot.stores.links import Health, Link

_LARGEST_BATCH = 128
_PAUSE = 0.01
"""Seconds between two tries of a transaction."""

_REST = 0.2
"""The part of its patience for which a thread refuses everything after it lost its patience with a lost database."""


class Counts(Struct):
    """What the writer did since it started: for tests and measurements."""

    commits: int = 0
    writes: int = 0
    largest_batch: int = 0


class Worker(ABC):
    """A thread that takes jobs until it is told that there are no more; subclasses say from where, and what for."""

    def __init__(self, name: str, link: Link, health: Health, patience: float) -> None:
        self.link = link
        self.health = health
        self.counts = Counts()
        self.busy = False
        """Whether the thread is at something, and not waiting for it."""
        self.connected = threading.Event()
        """That the thread is done with its connection to begin with: it is open, or could not be, or is not needed."""
        self._patience = patience
        self._rests_until = 0.0
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._connects_first = False

    def start(self, *, connect: bool) -> None:
        """Start the thread, and let it `connect` at once; else it does with its first job."""
        self._connects_first = connect
        self._thread.start()

    def join(self, seconds: float | None) -> bool:
        """Wait until the thread has ended, for so long at the most; whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @abstractmethod
    def stop(self) -> None:
        """Let the thread end when it has done what waits."""

    def _work(self) -> None:
        if self._connects_first:
            self._attempt(self._connect, ())
        self.connected.set()
        self._run()

    def _connect(self, _: Sequence[Job]) -> None:
        self.link.open()

    @abstractmethod
    def _run(self) -> None:
        """Take jobs, and do them."""

    def _attempt(self, attempt: Callable[[Sequence[Job]], None], jobs: Sequence[Job]) -> None:
        """Try until it works or `patience` (seconds) is over; on a fault that stays, refuse every job."""
        now = time.monotonic()
        if now < self._rests_until:
            refuse(jobs, StoreUnavailable("the store cannot be used now: it was not reached a moment ago"))
            return
        deadline = now + self._patience
        self.busy = True
        while self._fails(attempt, jobs, deadline):
            time.sleep(_PAUSE)
        self.busy = False

    def _fails(self, attempt: Callable[[Sequence[Job]], None], jobs: Sequence[Job], deadline: float) -> bool:
        """Try once; whether to try again."""
        try:
            self.health.check()
            attempt(jobs)
            self.health.note_back()
        except StoreUnavailable as error:
            refuse(jobs, error)
        except Fault as fault:
            if fault.kind == "lost":
                self.health.note_lost(str(fault))
            if fault.kind in ("busy", "lost") and time.monotonic() < deadline:
                return True
            self._give_up(fault)
            refuse(jobs, StoreUnavailable(f"the store cannot be used now: {fault}"))
        except Exception as error:
            self.health.note_surprise(error)
            if self.health.failure is None:
                self.link.drop()  # which rolls back
            refuse(jobs, StoreUnavailable(f"the store failed: {type(error).__name__}"))
        return False

    def _give_up(self, fault: Fault) -> None:
        if fault.kind == "broken":
            self.health.failure = str(fault)
        if (
            fault.kind == "lost" and self.health.has_server
        ):  # who waits behind these would wait as long as they did, each after the other
            self._rests_until = time.monotonic() + self._patience * _REST

    def _finish(self) -> None:
        """Close the connection, unless the store is dead: closing would make SQLite tidy up files nobody may trust."""
        if self.health.failure is None:
            self.link.drop()


class Reader(Worker):
    """Runs one read at a time on its own connection, from a queue that several readers may share."""

    def __init__(
        self, name: str, link: Link, jobs: queue.SimpleQueue[Job | None], health: Health, patience: float
    ) -> None:
        super().__init__(name, link, health, patience)
        self.jobs = jobs

    def stop(self) -> None:
        """As `Worker.stop`, for one of the readers of this queue."""
        self.jobs.put(None)

    def _run(self) -> None:
        while (job := self.jobs.get()) is not None:
            if not job.future.cancelled():
                self._attempt(self._read, (job,))
                deliver((job,))
        self._finish()

    def _read(self, jobs: Sequence[Job]) -> None:
        _statement_by_statement(self.link, jobs)


class BatchWorker(Worker):
    """Does what several event-loop rounds brought in one go; subclasses say how."""

    def __init__(self, name: str, link: Link, health: Health, patience: float) -> None:
        super().__init__(name, link, health, patience)
        self.jobs = Gathering()

    def stop(self) -> None:
        """As `Worker.stop`."""
        self.jobs.close()

    def _run(self) -> None:
        going = True
        while going:
            going = self.jobs.wait()
            while self._some():
                continue
            self._tidy()
        self._finish()

    def _some(self) -> bool:
        """Do what waits, up to a batch; whether there may be more."""
        taken = self.jobs.take(_LARGEST_BATCH)
        jobs = [job for job in taken if not job.future.cancelled()]
        if jobs:
            jobs.sort(key=order_of)  # workers that lock the same rows in the same order never wait in a circle
            self._attempt(self._do, jobs)
            deliver(jobs)
        return len(taken) == _LARGEST_BATCH

    @abstractmethod
    def _do(self, jobs: Sequence[Job]) -> None:
        """Do these, and note in each what came of it; raises Fault to be asked again."""

    def _tidy(self) -> None:
        """Do what is to be done now and then."""


class Statements(BatchWorker):
    """Runs what takes one statement, each a transaction by itself."""

    def _do(self, jobs: Sequence[Job]) -> None:
        _statement_by_statement(self.link, jobs)


class Writer(BatchWorker):
    """Runs all jobs that wait in one transaction; they are answered after its COMMIT, or not at all."""

    tidy_every = 5_000
    """SQL statements after which the database may tidy up: about a thousand turns."""

    _tidied = 0

    def _tidy(self) -> None:
        if self.link.statements - self._tidied >= self.tidy_every:
            self._attempt(lambda _: self.link.open().tidy(), ())
            self._tidied = self.link.statements

    def _do(self, jobs: Sequence[Job]) -> None:
        """One transaction for all; if one fails, all again with a savepoint each, so that only that one fails."""
        for job in jobs:
            job.result = job.error = None
        if not self._transaction(jobs, self._all) and len(jobs) > 1:
            self._transaction(jobs, self._each)
        self.counts.writes += sum(job.error is None for job in jobs)
        self.counts.largest_batch = max(self.counts.largest_batch, len(jobs))

    def _transaction(self, jobs: Sequence[Job], body: Callable[[Connection, Sequence[Job]], bool]) -> bool:
        committing = False
        try:
            connection = self.link.open()
            connection.begin()
            if not body(connection, jobs):
                connection.rollback()
                return False
            committing = True
            connection.run("COMMIT")
        except Fault as fault:
            if fault.kind != "broken":
                self.link.drop()  # which rolls back
            if committing and fault.kind == "lost":
                self.health.note_lost(str(fault))
                raise StoreUnavailable(
                    "the connection was lost during COMMIT; nobody knows whether it happened"
                ) from fault
            raise
        self.counts.commits += 1
        return True

    def _all(self, connection: Connection, jobs: Sequence[Job]) -> bool:
        try:
            for group in groups_of(jobs):
                perform(connection, group)
        except Fault:
            raise
        except Exception as error:
            jobs[0].error = error  # the only one, or all are tried again
            return False
        return True

    def _each(self, connection: Connection, jobs: Sequence[Job]) -> bool:
        for job in jobs:
            job.error = None
            connection.run("SAVEPOINT job")
            try:
                perform(connection, (job,))
            except Fault:
                raise
            except Exception as error:
                job.error = error
                connection.run("ROLLBACK TO SAVEPOINT job")
            connection.run("RELEASE SAVEPOINT job")
        return True


def _statement_by_statement(link: Link, jobs: Sequence[Job]) -> None:
    """Do these without a transaction around them; what one's work raises is for its group alone."""
    for job in jobs:
        job.result = job.error = None  # of a try before this one
    for group in groups_of(jobs):
        try:
            perform(link.open(), group)
        except Fault as fault:
            if fault.kind != "broken":
                link.drop()  # with all that may still be open on it
            raise
        except Exception as error:
            for job in group:
                job.error = error
