"""One worker of several: what its process prints, and how often another one is started when it dies."""

from __future__ import annotations

import asyncio
import sys
from itertools import pairwise

import pytest

from bot.app import workers
from bot.app.workers import LONGEST_LINE, MOST_RESTARTS, STARTED, Worker

START = f"print('ready http://here'); print('a key: 1'); print({STARTED!r}, flush=True);"


class Operator:
    """Runs a worker whose process runs `script`, and is told what it says, until it ends or has said a line `enough`.

    `ended` are the times (seconds) at which a process ended.
    """

    def __init__(self, script: str, enough: str = "") -> None:
        self.told: list[str] = []
        self.ended: list[float] = []
        self._enough = enough
        self._stopping = asyncio.Event()
        self.worker = Worker(1, (sys.executable, "-c", script), self._say, self._stopping)

    def _say(self, line: str) -> None:
        self.told.append(line)
        if "starting another" in line:
            self.ended.append(asyncio.get_running_loop().time())
        if line == self._enough or self._enough == str(len(self.ended)):
            self._stopping.set()
            self.worker.terminate()


async def test_what_a_process_prints_after_its_start_is_told_and_not_kept() -> None:
    operator = Operator(START + "[print('line', i) for i in range(20_000)]; input()", enough="line 19999")
    await operator.worker.keep()
    assert operator.told == [f"line {i}" for i in range(20_000)]
    assert operator.worker.said == ["ready http://here", "a key: 1"]


async def test_a_line_without_an_end_and_bytes_that_are_no_text_are_told_in_pieces() -> None:
    long = f"print('é' * {3 * LONGEST_LINE}); sys.stdout.buffer.write(b'\\xff!\\nover\\n'); sys.stdout.flush(); input()"
    operator = Operator("import sys; " + START + long, enough="over")
    await operator.worker.keep()
    *pieces, broken, _ = operator.told
    assert "".join(pieces) == "é" * 3 * LONGEST_LINE
    assert max(map(len, pieces)) <= 2 * LONGEST_LINE
    assert broken == "\ufffd!"


async def test_what_another_process_prints_is_told_once_it_is_ready_again() -> None:
    operator = Operator(START + "print('hello')", enough="2")
    await operator.worker.keep()
    again = "worker 1 ended with status 0; starting another"
    assert operator.told == ["hello", again, "worker 1 is ready again", "hello", again]
    assert operator.worker.said == ["ready http://here", "a key: 1"]


async def test_a_worker_that_keeps_ending_waits_longer_each_time_and_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PAUSE", 0.02)
    operator = Operator(START)
    assert await operator.worker.keep() == 1, "it failed, though each process ended with status 0"
    assert len(operator.ended) == MOST_RESTARTS
    gaps = [later - earlier for earlier, later in pairwise(operator.ended)]
    assert all(gap >= 0.9 * 0.02 * number for number, gap in enumerate(gaps)), gaps


async def test_restarts_of_long_ago_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "RESTARTS_WITHIN", -1.0)
    monkeypatch.setattr(workers, "PAUSE", 0.0)
    operator = Operator(START, enough=str(MOST_RESTARTS + 2))
    assert await operator.worker.keep() == 0
    assert len(operator.ended) == MOST_RESTARTS + 2
