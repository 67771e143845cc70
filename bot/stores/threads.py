"""The database threads: one writer, which commits many transactions together, and a few readers."""

from __future__ import annotations

import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from operator import attrgetter

from msgspec import Struct

from bot.errors import StoreUnavailable
from bot.stores.connection import Connection
from bot.stores.faults import Fault
from bot.stores.gathering import Gathering
from bot.stores.jobs import Job, deliver, groups_of, perform, refuse
from bot.stores.links import Health, Link

_LARGEST_BATCH = 128
_PAUSE = 0.01
"""Seconds between two tries of a transaction."""

_REST = 0.2
"""The fraction of its patience for which a thread refuses everything after it gave up on a lost database."""


class Counts(Struct):
    """The writer's counts since it started, for tests and measurements."""

    commits: int = 0
    writes: int = 0
    largest_batch: int = 0


class Worker(ABC):
    """A thread that takes jobs until it is stopped; subclasses define from where, and how they are run."""

    def __init__(self, name: str, link: Link, health: Health, patience: float) -> None:
        self.link = link
        self.health = health
        self.counts = Counts()
        self.busy = False
        """Whether the thread is working, not waiting for work."""
        self.connected = threading.Event()
        """Set once the thread's first connection is open, could not be opened, or is not needed yet."""
        self._patience = patience
        self._rests_until = 0.0
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._connects_first = False

    def start(self, *, connect: bool) -> None:
        """Start the thread; with `connect` it connects at once, otherwise with its first job."""
        self._connects_first = connect
        self._thread.start()

    def join(self, seconds: float | None) -> bool:
        """Wait until the thread has ended, for at most `seconds` (None: no limit); return whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @abstractmethod
    def stop(self) -> None:
        """Let the thread end when it has done the waiting jobs."""

    def _work(self) -> None:
        if self._connects_first:
            self._attempt(self._connect, ())
        self.connected.set()
        self._run()

    def _connect(self, _: Sequence[Job]) -> None:
        self.link.open()

    @abstractmethod
    def _run(self) -> None:
        """Take jobs and run them."""

    def _attempt(self, attempt: Callable[[Sequence[Job]], None], jobs: Sequence[Job]) -> None:
        """Try until it works or `patience` (seconds) is over; on a persistent fault, refuse every job."""
        now = time.monotonic()
        if now < self._rests_until and self.health.is_lost:  # until any thread reaches it
            refuse(jobs, StoreUnavailable("the store cannot be used now: it could not be reached a moment ago"))
            return
        deadline = now + self._patience
        self.busy = True
        while self._must_retry(attempt, jobs, deadline):
            time.sleep(_PAUSE)
        self.busy = False

    def _must_retry(self, attempt: Callable[[Sequence[Job]], None], jobs: Sequence[Job], deadline: float) -> bool:
        """Try once; return whether to try again."""
        try:
            self.health.check()
            attempt(jobs)
            self.health.note_back()
        except StoreUnavailable as error:
            self._refuse(jobs, error)
        except Fault as fault:
            if fault.kind == "lost":
                self.health.note_lost(str(fault))
            if fault.kind in ("busy", "lost") and time.monotonic() < deadline:
                return True
            self._give_up(fault)
            self._refuse(jobs, StoreUnavailable(f"the store cannot be used now: {fault}"))
        except Exception as error:
            self.health.note_surprise(error)
            if self.health.failure is None:
                self.link.drop()  # which rolls back
            self._refuse(jobs, StoreUnavailable(f"the store failed: {type(error).__name__}"))
        return False

    def _refuse(self, jobs: Sequence[Job], error: StoreUnavailable) -> None:
        refuse(jobs, error)
        self.health.note_refused()

    def _give_up(self, fault: Fault) -> None:
        if fault.kind == "broken":
            self.health.failure = str(fault)
        if fault.kind == "lost" and self.health.has_server:  # else each job behind these would wait as long, in turn
            self._rests_until = time.monotonic() + self._patience * _REST

    def _finish(self) -> None:
        """Close the connection, unless the store is dead: closing would let SQLite clean up files of unknown state."""
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
    """Runs the jobs of several event-loop rounds in one batch; subclasses define how."""

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
            while self._run_batch():
                continue
            self._tidy()
        self._finish()

    def _run_batch(self) -> bool:
        """Run the waiting jobs, up to a batch; return whether there may be more."""
        taken = self.jobs.take(_LARGEST_BATCH)
        jobs = [job for job in taken if not job.future.cancelled()]
        if jobs:
            jobs.sort(key=attrgetter("order"))  # workers that lock the same rows in the same order never deadlock
            self._attempt(self._run_jobs, jobs)
            deliver(jobs)
        return len(taken) == _LARGEST_BATCH

    @abstractmethod
    def _run_jobs(self, jobs: Sequence[Job]) -> None:
        """Run these, and store each one's result in it; raises Fault to be called again."""

    def _tidy(self) -> None:
        """Run periodic maintenance, if it is due."""


class Statements(BatchWorker):
    """Runs jobs of one statement, each its own transaction."""

    def _run_jobs(self, jobs: Sequence[Job]) -> None:
        _statement_by_statement(self.link, jobs)


class Writer(BatchWorker):
    """Runs all waiting jobs in one transaction; they are answered after its COMMIT, or not at all."""

    tidy_every = 5_000
    """SQL statements after which the database may clean up: about a thousand turns."""

    _tidied = 0

    def _tidy(self) -> None:
        if self.link.statements - self._tidied >= self.tidy_every:
            self._attempt(lambda _: self.link.open().tidy(), ())
            self._tidied = self.link.statements

    def _run_jobs(self, jobs: Sequence[Job]) -> None:
        """Run one transaction for all; if a job fails, all again with a savepoint each, so that only that job fails."""
        for job in jobs:
            job.result = job.error = None
        committed = self._transaction(jobs, self._run_all)
        if not committed and len(jobs) > 1:
            self._transaction(jobs, self._run_each)
        self.counts.writes += sum(job.error is None for job in jobs)
        self.counts.largest_batch = max(self.counts.largest_batch, len(jobs))

    def _transaction(self, jobs: Sequence[Job], body: Callable[[Connection, Sequence[Job]], bool]) -> bool:
        """Commit what `body` does, or roll it back if that returns False; return whether it was committed."""
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
                    "the connection was lost during COMMIT; it is unknown whether it happened"
                ) from fault
            raise
        self.counts.commits += 1
        return True

    def _run_all(self, connection: Connection, jobs: Sequence[Job]) -> bool:
        """Run the jobs by group; return whether none failed."""
        try:
            for group in groups_of(jobs):
                perform(connection, group)
        except Fault:
            raise
        except Exception as error:
            jobs[0].error = error  # the only one, or all are retried
            return False
        return True

    def _run_each(self, connection: Connection, jobs: Sequence[Job]) -> bool:
        """Run each job with a savepoint; returns True, because those that did not fail are to be committed."""
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
    """Run these without a transaction around them; what a group's work raises is raised only for that group."""
    for job in jobs:
        job.result = job.error = None  # from an earlier try
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
