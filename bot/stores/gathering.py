"""The writer's queue: it gathers what the event loop is about to hand over into one batch, for one COMMIT."""

from __future__ import annotations

import asyncio
import contextlib
import queue

from bot.stores.jobs import Job

_ENOUGH = 32
"""The number of jobs that are never kept waiting for more."""

_LONGEST_WAIT = 0.025
"""The longest time (seconds) that a job waits for others."""

_QUIET_ROUNDS = 3
"""After this many event-loop rounds without a new job, none is on its way.

A request that has come in is a turn's task one round later, and its commit is here in the next.
"""


class Gathering:
    """A queue that wakes its taker when jobs of half of the recent clients are here, or when no more are on the way.

    Half of them (at most 32), so that the others' turns are computed while these are committed. The event loop itself
    shows whether more jobs are on the way: as long as its rounds bring jobs, turns are being computed. Once they bring
    none, the loop is idle, or its turns wait for something outside, and those are not waited for. The idea is
    PostgreSQL's `commit_delay` and `commit_siblings`, without a time to choose.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._wakes: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gathered = 0
        self._clients: set[str] = set()
        self._clients_before = 0
        self._enough = _ENOUGH

    def put(self, job: Job) -> None:
        """Add a job; call it from the thread of the job's event loop."""
        self._jobs.put(job)
        self._gathered += 1
        if job.order:
            self._estimate_clients(job.order)
        if self._gathered >= self._enough:
            self._wake()
        elif self._loop is not job.loop:  # no loop checks, or another one does, which may have ended
            self._loop = job.loop
            job.loop.call_soon(self._check_round, job.loop, self._gathered, 0, job.loop.time() + _LONGEST_WAIT)

    def qsize(self) -> int:
        """The number of waiting jobs."""
        return self._jobs.qsize()

    def close(self) -> None:
        """Let the taker have what is left, and then stop."""
        self._wakes.put(False)

    def wait(self) -> bool:
        """Wait until jobs are to be taken, whichever loop put them in; False if they are the last."""
        going = self._wakes.get()
        while going and not self._wakes.empty():
            going = self._wakes.get()
        return going

    def take(self, most: int) -> list[Job]:
        """Take what is there, at most `most` jobs, even if more may be on their way."""
        taken: list[Job] = []
        with contextlib.suppress(queue.Empty):
            while len(taken) < most:
                taken.append(self._jobs.get_nowait())
        return taken

    def _estimate_clients(self, name: str) -> None:
        """Estimate the number of clients from who comes again: one that waits for its answer comes once a round."""
        seen = len(self._clients)
        if name in self._clients or seen == 2 * _ENOUGH:
            self._enough = (max(seen, self._clients_before) + 1) // 2
            self._clients_before = seen
            self._clients.clear()
        self._clients.add(name)

    def _check_round(self, loop: asyncio.AbstractEventLoop, gathered_before: int, quiet: int, until: float) -> None:
        """Check once per round whether a job has come since the last one."""
        gathered = self._gathered
        if gathered < gathered_before:  # the taker was woken for those
            until = loop.time() + _LONGEST_WAIT
        quiet = quiet + 1 if gathered == gathered_before else 0
        if quiet < _QUIET_ROUNDS and loop.time() < until:
            loop.call_soon(self._check_round, loop, gathered, quiet, until)
            return
        self._loop = None
        if gathered:
            self._wake()

    def _wake(self) -> None:
        self._gathered = 0
        self._wakes.put(True)
