"""A watchdog for the threads that wait for a database server's answer: none waits for one that never comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from bot.stores.threads import Worker

_CHECKS = 4
"""How often a worker is checked before its time is over."""


class Watchdog:
    """Cuts a worker's connection when one statement takes longer than it may.

    A frozen server keeps its connections: the system acknowledges what is sent, and neither the network's timeouts
    nor the server's own fire. The statement that was cut fails as on a lost connection.
    """

    def __init__(self, limits: Mapping[Worker, float]) -> None:
        """`limits` are the seconds that a statement of each worker may take."""
        self._limits = limits
        self._seen: dict[Worker, tuple[int, float]] = {}
        """How many statements each worker had sent when it was last found idle or with a new one, and when."""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="store-watchdog", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; returns when the last check is over."""
        self._stopped.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopped.wait(min(self._limits.values()) / _CHECKS):
            for worker, limit in self._limits.items():
                self._check(worker, limit)

    def _check(self, worker: Worker, limit: float) -> None:
        now = time.monotonic()
        statements = worker.link.statements
        before, since = self._seen.get(worker, (-1, now))
        if not worker.busy or statements != before:
            self._seen[worker] = (statements, now)
        elif now - since >= limit:
            worker.link.cut()
