"""What looks after the threads that wait for a database server's answer: one that never comes is not waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from bot.stores.threads import Worker

_LOOKS = 4
"""How often a worker is looked at before its time is over."""


class Watch:
    """Cuts a worker's connection when one statement takes longer than it may.

    A server that is frozen keeps its connections: the system acknowledges what is sent, and no timeout of the
    network's or of the server's own strikes. What was cut fails as on a connection that was lost.
    """

    def __init__(self, limits: Mapping[Worker, float]) -> None:
        """`limits` are the seconds that a statement of each worker may take."""
        self._limits = limits
        self._seen: dict[Worker, tuple[int, float]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="store-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; returns when the last look is over."""
        self._stopped.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopped.wait(min(self._limits.values()) / _LOOKS):
            for worker, limit in self._limits.items():
                self._look(worker, limit)

    def _look(self, worker: Worker, limit: float) -> None:
        now, statements = time.monotonic(), worker.link.statements
        before, since = self._seen.get(worker, (-1, now))
        if not worker.busy or statements != before:
            self._seen[worker] = (statements, now)
        elif now - since >= limit:
            worker.link.cut()
