"""Several processes on one port and one database: started, watched, restarted when one dies, and stopped together."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

from bot.app.stopping import HUNG_UP, best_effort, has_terminal
from bot.errors import ConfigurationError, StoreAway, StoreUnavailable

READY = "ready "
"""The beginning of the line that says that a process serves; its URL follows."""

STARTED = "worker started"
"""The last line of a worker's start-up output; whatever it prints after that is for the operator."""

MOST_RESTARTS = 5
"""How often one worker is restarted within `RESTARTS_WITHIN` before the whole bot gives up."""

RESTARTS_WITHIN = 60.0
"""Seconds."""

STORE_AWAY = 75
"""The exit status of a worker that cannot reach the store (EX_TEMPFAIL of sysexits.h): it is retried indefinitely."""

STORE_PAUSE = 3.0
"""Seconds before a worker that could not reach the store is restarted."""

PAUSE = 1.0
"""Seconds before a worker's second restart in a row; each further one waits that much longer."""

LONGEST_LINE = 65_536
"""Characters that are buffered while waiting for the end of a line; a longer line is split."""

_COMMAND = (sys.executable, "-u", "-m", "bot")
"""The command that starts a worker; unbuffered, because the plugins' output goes through a pipe."""

Say = Callable[[str], None]
Tell = Callable[..., None]


def check_workers(workers: int, store_url: str) -> None:
    """Raise ConfigurationError if several workers cannot share the store."""
    if workers > 1 and store_url.startswith("sqlite"):
        raise ConfigurationError(
            [
                f"{workers} workers cannot share an SQLite file; run one worker, or put the conversations on "
                "PostgreSQL with --store postgresql+psycopg://USER@HOST/NAME"
            ]
        )


def reserve_port(host: str, port: int) -> socket.socket:
    """A socket bound to the port but not listening: it reserves the port for the workers that share it.

    Raises ConfigurationError if the port is in use, also by another bot's workers, which would otherwise get half of
    the requests.
    """
    try:
        _bind(host, port, socket.SO_REUSEADDR).close()  # succeeds in spite of old connections that close slowly
        return _bind(host, port, socket.SO_REUSEPORT)
    except OSError as error:
        raise ConfigurationError([f"cannot listen on {host}:{port}: {error.strerror}; choose another"]) from error


def _bind(host: str, port: int, option: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, option, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


async def run_worker(serving: Coroutine[Any, Any, None]) -> int:
    """Serve as one of several; return the exit status. Raises what `serving` raises unless the store is unreachable."""
    try:
        await serving
    except (StoreAway, StoreUnavailable) as error:
        print(f"bot: {error}", file=sys.stderr, flush=True)
        return STORE_AWAY
    return 0


def stop_without_parent(stop: asyncio.Event) -> None:
    """In a worker: set `stop` when the parent process is gone, however it ended.

    The worker's standard input is a pipe that nothing is written to; it is closed when the parent ends.
    """
    loop, stdin = asyncio.get_running_loop(), sys.stdin.fileno()

    def readable() -> None:
        if not os.read(stdin, 1024):
            loop.remove_reader(stdin)
            stop.set()

    loop.add_reader(stdin, readable)


class Workers:
    """The worker processes of one bot; it announces once for all of them that it is ready and that it stops."""

    def __init__(self, arguments: Sequence[str], number: int, say: Say, tell: Tell) -> None:
        """`arguments` are each worker's command-line arguments, after `python -m bot`.

        `tell`, called like a logger's `warning`, reports each worker that ended or was restarted.
        """
        self._say = best_effort(say)
        self._stopping = asyncio.Event()
        self._workers = [
            Worker(index + 1, (*_COMMAND, *arguments), self._say, self._stopping, tell) for index in range(number)
        ]

    async def run(self) -> int:
        """Start all workers, keep them running, and stop them at SIGTERM or SIGINT; return the exit status.

        The first is started alone: it reports what is wrong with the project, brings
        the schema up to date and trains, so that the others find all of it done.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_and_announce)
        loop.add_signal_handler(
            signal.SIGHUP, self._stop_and_announce if has_terminal() else lambda: self._say(HUNG_UP)
        )
        first, *others = self._workers
        keeping = [asyncio.create_task(self._keep_running(first))]
        if await first.started:
            keeping += [asyncio.create_task(self._keep_running(worker)) for worker in others]
            if all([await worker.started for worker in others]):
                for line in first.said:
                    self._say(line)
        return max(await asyncio.gather(*keeping))

    async def _keep_running(self, worker: Worker) -> int:
        status = await worker.keep_running()
        self._stop()
        return status

    def _stop_and_announce(self) -> None:
        is_first = not self._stopping.is_set()
        self._stop()
        if is_first:
            self._say("Stopping: turns under way are finished first.")

    def _stop(self) -> None:
        self._stopping.set()
        for worker in self._workers:
            worker.terminate()


class Worker:
    """One worker: a process, replaced by another whenever it dies.

    `said` has the lines that the first process printed while it started, for the bot to print once for all workers.
    """

    def __init__(
        self,
        number: int,
        command: Sequence[str],
        say: Say,
        stopping: asyncio.Event,
        tell: Tell,
        *,
        pause: float = PAUSE,
        store_pause: float = STORE_PAUSE,
        restarts_within: float = RESTARTS_WITHIN,
    ) -> None:
        """`command` starts a process that prints STARTED, `say` gets the lines after that; `tell` logs a warning."""
        self.started: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.said: list[str] = []
        self._number = number
        self._command = command
        self._say = say
        self._tell = tell
        self._stopping = stopping
        self._pause_seconds = pause
        self._store_pause = store_pause
        self._restarts_within = restarts_within
        self._process: Process | None = None
        self._is_starting = True
        self._restarts: deque[float] = deque(maxlen=MOST_RESTARTS)
        self._is_waiting_for_store = False

    def terminate(self) -> None:
        """Ask the process to finish its turns and end."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    async def keep_running(self) -> int:
        """Keep a process running until all stop; return the exit status, at least 1 if it cannot be kept running."""
        try:
            while not self._stopping.is_set():
                status = await self._run_once()
                if self._stopping.is_set():
                    return max(status, 0)
                if not self.started.done():
                    return 1 if status == STORE_AWAY else max(status, 1)
                if status == STORE_AWAY:
                    await self._wait_for_store()
                    continue
                gives_up = self._restarted_too_often()
                self._tell("worker ended", worker=self._number, status=status, given_up=gives_up)
                if gives_up:
                    return max(status, 1)
                self._restarts.append(self._now())
                self._say(f"worker {self._number} ended with status {status}; starting another")
                await self._pause()
            return 0
        finally:
            self._settle(False)

    async def _run_once(self) -> int:
        self._process = process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
        if self._stopping.is_set():
            self.terminate()
        assert process.stdout is not None
        self._is_starting = True
        async for line in _lines(process.stdout):
            self._handle_line(line)
        return await process.wait()

    def _handle_line(self, line: str) -> None:
        """Pass on what the process prints, except its start-up output, which is saved for the first process only."""
        if not self._is_starting:
            self._say(line)
        elif line == STARTED:
            self._is_starting = False
            self._is_waiting_for_store = False
            if self._restarts:
                self._say(f"worker {self._number} is ready again")
                self._tell("worker ready again", worker=self._number)
            self._settle(True)
        elif not self._restarts:
            self.said.append(line)

    def _settle(self, started: bool) -> None:
        if not self.started.done():
            self.started.set_result(started)

    def _restarted_too_often(self) -> bool:
        return len(self._restarts) == MOST_RESTARTS and self._now() - self._restarts[0] < self._restarts_within

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _wait_for_store(self) -> None:
        """Wait before a retry. It is not the worker's fault: the others, which serve what they can, keep running."""
        if not self._is_waiting_for_store:
            self._is_waiting_for_store = True
            self._say(f"worker {self._number} waits for the store")
            self._tell("worker waits for the store", worker=self._number)
        await self._wait_for_stop(self._store_pause)

    async def _pause(self) -> None:
        recent = [at for at in self._restarts if self._now() - at < self._restarts_within]
        await self._wait_for_stop(self._pause_seconds * (len(recent) - 1))

    async def _wait_for_stop(self, seconds: float) -> None:
        """Wait until the bot stops, but at most that many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


async def _lines(output: asyncio.StreamReader) -> AsyncIterator[str]:
    """The lines without their line ends, as they arrive; invalid UTF-8 is replaced."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    rest = ""
    while chunk := await output.read(LONGEST_LINE):
        *lines, rest = (rest + decode(chunk)).split("\n")
        if len(rest) > LONGEST_LINE:
            lines, rest = [*lines, rest], ""
        for line in lines:
            yield line.rstrip()
    if rest:
        yield rest.rstrip()
