"""A single worker: its output, and its restarts."""

from __future__ import annotations

import asyncio
import socket
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from bot.app import workers
from bot.app.workers import LONGEST_LINE, MOST_RESTARTS, STARTED, STORE_AWAY, Worker
from bot.errors import ConfigurationError, StoreAway, StoreUnavailable

START = f"print('ready http://here'); print('a key: 1'); print({STARTED!r}, flush=True);"


class Operator:
    """Runs a worker whose process runs `script`, and collects its output until it ends or prints the line `enough`.

    `patience` are the worker's pauses (seconds); `ended` are the times (seconds) at which a process ended.
    """

    def __init__(self, script: str, enough: str = "", **patience: float) -> None:
        self.heard: list[str] = []
        self.logged: list[tuple[str, dict[str, object]]] = []
        self.ended: list[float] = []
        self._enough = enough
        self._stopping = asyncio.Event()
        self.worker = Worker(1, (sys.executable, "-c", script), self._say, self._stopping, self._tell, **patience)

    def _tell(self, event: str, **about: object) -> None:
        self.logged.append((event, about))

    def _say(self, line: str) -> None:
        self.heard.append(line)
        if "starting another" in line:
            self.ended.append(asyncio.get_running_loop().time())
        if line == self._enough or self._enough == str(len(self.ended)):
            self._stopping.set()
            self.worker.terminate()


async def test_output_after_the_start_is_passed_on_and_not_saved() -> None:
    operator = Operator(START + "[print('line', i) for i in range(20_000)]; input()", enough="line 19999")
    await operator.worker.keep_running()
    assert operator.heard == [f"line {i}" for i in range(20_000)]
    assert operator.worker.said == ["ready http://here", "a key: 1"]


async def test_overlong_lines_are_split_and_invalid_utf8_is_replaced() -> None:
    long = f"print('é' * {3 * LONGEST_LINE}, flush=True); "
    long += "sys.stdout.buffer.write(b'\\xff!\\nover\\n'); sys.stdout.flush(); input()"
    operator = Operator("import sys; " + START + long, enough="over")
    await operator.worker.keep_running()
    *pieces, broken, _ = operator.heard
    assert "".join(pieces) == "é" * 3 * LONGEST_LINE
    assert max(map(len, pieces)) <= 2 * LONGEST_LINE
    assert broken == "\ufffd!"


async def test_start_output_of_a_restarted_worker_is_not_repeated() -> None:
    operator = Operator(START + "print('hello')", enough="2")
    await operator.worker.keep_running()
    again = "worker 1 ended with status 0; starting another"
    assert operator.heard == ["hello", again, "worker 1 is ready again", "hello", again]
    assert operator.worker.said == ["ready http://here", "a key: 1"]
    ended = ("worker ended", {"worker": 1, "status": 0, "given_up": False})
    assert operator.logged == [ended, ("worker ready again", {"worker": 1}), ended]


async def test_worker_that_keeps_ending_pauses_longer_and_gives_up() -> None:
    operator = Operator(START, pause=0.02)
    assert await operator.worker.keep_running() == 1, "it failed, though each process ended with status 0"
    assert len(operator.ended) == MOST_RESTARTS
    gaps = [later - earlier for earlier, later in pairwise(operator.ended)]
    assert all(gap >= 0.9 * 0.02 * number for number, gap in enumerate(gaps)), gaps


async def test_worker_without_a_store_is_restarted_until_it_reaches_it(tmp_path: Path) -> None:
    tries = f"import sys; f = open({str(tmp_path / 'tries')!r}, 'a+'); f.write('x'); f.seek(0); tries = len(f.read());"
    ends = f"f.close(); 1 < tries < {MOST_RESTARTS + 4} and sys.exit({STORE_AWAY});"
    script = tries + ends + START + "tries > 1 and input()"
    operator = Operator(script, enough="worker 1 is ready again", pause=0.0, store_pause=0.0)
    await operator.worker.keep_running()
    assert operator.heard == [
        "worker 1 ended with status 0; starting another",
        "worker 1 waits for the store",
        "worker 1 is ready again",
    ]
    assert len((tmp_path / "tries").read_text()) == MOST_RESTARTS + 4


async def test_first_start_without_a_store_fails() -> None:
    operator = Operator(f"raise SystemExit({STORE_AWAY})")
    assert await operator.worker.keep_running() == 1
    assert operator.heard == []


async def never_reached(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("error", [StoreAway(["the store cannot be opened"]), StoreUnavailable("it went away")])
async def test_worker_exit_status_says_that_the_store_is_unreachable(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await workers.run_worker(never_reached(error)) == STORE_AWAY
    assert capsys.readouterr().err == f"bot: {error}\n"


@pytest.mark.parametrize("option", [socket.SO_REUSEPORT, socket.SO_REUSEADDR])
def test_port_shared_by_another_bots_workers_is_rejected(option: int) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, option, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{other.getsockname()[1]}"):
            workers.reserve_port("127.0.0.1", other.getsockname()[1])


def test_port_reserved_by_another_bot_is_rejected() -> None:
    with workers.reserve_port("127.0.0.1", 0) as reserved, pytest.raises(ConfigurationError, match="cannot listen"):
        workers.reserve_port("127.0.0.1", reserved.getsockname()[1])


async def test_old_restarts_do_not_count() -> None:
    operator = Operator(START, enough=str(MOST_RESTARTS + 2), pause=0.0, restarts_within=-1.0)
    assert await operator.worker.keep_running() == 0
    assert len(operator.ended) == MOST_RESTARTS + 2
