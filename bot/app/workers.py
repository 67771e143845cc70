"""Several processes on one port and one database: started, watched, restarted when one dies, stopped together."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.errors import ConfigurationError

MOST_RESTARTS = 5
"""How often workers are started again in all before the whole bot gives up: something is wrong then."""


def check_workers(workers: int, store_url: str) -> None:
    """Raise ConfigurationError where several workers cannot share the store."""
    if workers > 1 and store_url.startswith("sqlite"):
        raise ConfigurationError(
            [
                f"{workers} workers cannot share an SQLite file; run one worker, or put the conversations on "
                "PostgreSQL with --store postgresql+psycopg://USER@HOST/NAME"
            ]
        )


def reserve_port(host: str, port: int) -> socket.socket:
    """A socket bound to the port, not listening: it fixes the number for the workers that share it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise ConfigurationError([f"cannot listen on {host}:{port}: {error.strerror}; choose another"]) from error
    return bound


@dataclass
class Workers:
    """The processes of one bot. `arguments` are what each is started with, after `python -m bot`."""

    arguments: Sequence[str]
    number: int
    say: Callable[[str], None]
    _stopping: bool = False
    _processes: set[asyncio.subprocess.Process] = field(default_factory=set)
    _restarts: int = 0

    async def run(self) -> int:
        """Start all, keep them running, and stop them at SIGTERM or SIGINT; the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        statuses = await asyncio.gather(*(self._keep(index) for index in range(self.number)))
        return max(statuses)

    def stop(self) -> None:
        """Ask every worker to finish its turns and end."""
        self._stopping = True
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()

    async def _keep(self, index: int) -> int:
        while True:
            process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", *self.arguments)
            self._processes.add(process)
            status = await process.wait()
            self._processes.discard(process)
            if self._stopping:
                return max(status, 0)
            self._restarts += 1
            if status == 1 or self._restarts > MOST_RESTARTS:  # 1: it said why it cannot start
                self.stop()
                return 1
            self.say(f"worker {index + 1} ended with status {status}; starting another")
