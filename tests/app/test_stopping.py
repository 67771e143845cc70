"""Stopping: at once while a bot is still being opened, and whatever its standard streams are."""

from __future__ import annotations

import asyncio
import errno
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

import bot
from bot.app.stopping import best_effort, in_thread, open_unless_stopped
from bot.reading.template import write_template

OPENS_FOR_EVER = """import asyncio
import signal
import sys
import time
from contextlib import asynccontextmanager

from bot import hookimpl


@hookimpl
@asynccontextmanager
async def lifespan(startup):
    print("inside", file=sys.stderr, flush=True)
    {waits}
    yield
"""


@contextmanager
def opening(folder: Path, waits: str, *python: str) -> Iterator[subprocess.Popen[str]]:
    """Run `bot run` (or `python`) for a project whose plugin runs `waits` in its lifespan; yields once it is there.

    A process that still runs at the end is killed, so that a failing test does not wait for it.
    """
    write_template(folder)
    (folder / "actions/slow.py").write_text(OPENS_FOR_EVER.format(waits=waits))
    words = ["run", "--project", str(folder), "--port", "0"]
    words = [sys.executable, *(python or ("-m", "bot")), *words]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert any(line == "inside\n" for line in process.stderr)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_bot_stops_while_it_is_starting(tmp_path: Path, number: int) -> None:
    with opening(tmp_path / "bakery", "await asyncio.Event().wait()") as process:
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "Stopped before it was ready.\n")


def test_sighup_without_a_terminal_is_reported_and_ignored(tmp_path: Path) -> None:
    with opening(tmp_path / "bakery", "pass") as process:
        assert process.stdout is not None
        assert any(line.startswith("ready ") for line in process.stdout)
        process.send_signal(signal.SIGHUP)
        assert "SIGHUP changes nothing" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0
    events = {line["event"]: line for line in map(json.loads, log.splitlines())}
    assert list(events) == ["started", "stopping"]
    started = events["started"]
    assert (started["version"], started["store"]) == (bot.__version__, "sqlite")
    assert started["content"]
    assert started["url"].startswith("http://127.0.0.1:")


def test_second_ctrl_c_ends_a_blocked_process(tmp_path: Path) -> None:
    waits = """while signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:
        time.sleep(0.01)
    print("asked", file=sys.stderr, flush=True)
    while True:
        signal.pause()"""
    with opening(tmp_path / "bakery", waits) as process:
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert any(line == "asked\n" for line in process.stderr)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT


async def test_stop_during_opening_closes_the_opened_context() -> None:
    stop, seen = asyncio.Event(), []

    @asynccontextmanager
    async def door() -> AsyncIterator[str]:
        seen.append("open")
        stop.set()
        yield "door"
        seen.append("closed")

    async with AsyncExitStack() as stack:
        assert await open_unless_stopped(stop, stack, door()) is None
    assert seen == ["open", "closed"]


async def test_opened_context_stays_open_after_a_later_stop() -> None:
    stop = asyncio.Event()

    @asynccontextmanager
    async def door() -> AsyncIterator[str]:
        await asyncio.sleep(0)
        yield "door"

    async with AsyncExitStack() as stack:
        assert await open_unless_stopped(stop, stack, door()) == "door"
        stop.set()
        await asyncio.sleep(0)


async def test_timeout_error_raised_while_opening_is_passed_on() -> None:
    @asynccontextmanager
    async def door() -> AsyncIterator[None]:
        raise TimeoutError("the door is stuck")
        yield

    async with AsyncExitStack() as stack:
        with pytest.raises(TimeoutError, match="stuck"):
            await open_unless_stopped(asyncio.Event(), stack, door())


async def test_in_thread_passes_on_results_and_exceptions() -> None:
    assert await in_thread(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


async def test_work_cancelled_before_its_thread_starts_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Thread] = []
    done: list[int] = []
    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", lambda thread: begun.append(thread))
        work = asyncio.create_task(in_thread(lambda: done.append(1)))
        await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    begun[0].run()
    assert not done


def test_cancelled_work_in_a_thread_does_not_delay_the_exit() -> None:
    never = Event()

    async def given_up() -> None:
        work = asyncio.create_task(in_thread(never.wait))
        await asyncio.sleep(0)
        work.cancel()

    asyncio.run(given_up())
    assert not never.is_set()
    never.set()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_bot_stops_cleanly_with_closed_standard_streams(tmp_path: Path, closed: str) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    (folder / "actions/stop.py").write_text(STOPS_ONCE_IT_SERVES)
    words = [sys.executable, "-m", "bot", "run", "--project", str(folder), "--port", "0"]
    done = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *words], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr


STOPS_ONCE_IT_SERVES = """import os
import signal
from contextlib import asynccontextmanager

from bot import hookimpl


async def stop():
    os.kill(os.getpid(), signal.SIGTERM)


@hookimpl
@asynccontextmanager
async def lifespan(startup):
    startup.add_check("the end", stop)
    yield
"""


def test_best_effort_ignores_output_errors() -> None:
    def gone(line: str) -> None:
        raise OSError(errno.EIO, line)

    best_effort(gone)("Stopping")


def test_bot_serves_when_its_output_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    (folder / "actions/stop.py").write_text(STOPS_ONCE_IT_SERVES)
    words = [sys.executable, "-m", "bot", "run", "--project", str(folder), "--port", "0"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert (done.returncode, events) == (0, ["started", "stopping"])


SAYS_SO_ONCE_A_WORKER_KNOWS = """import asyncio
import sys
import time
from pathlib import Path

from bot.app.workers import Workers

_, known, *words = sys.argv


def say(line):
    ends = time.monotonic() + 30
    while not Path(known).exists():
        if time.monotonic() > ends:
            sys.exit("no worker knows")
        time.sleep(0.01)
    print(line)


async def run():
    return await Workers([*words, "--worker"], 1, say, lambda event, **details: None).run()


sys.exit(asyncio.run(run()))
"""


def test_workers_are_stopped_before_the_stop_is_announced(tmp_path: Path) -> None:
    known = tmp_path / "known"
    waits = f"""try:
        await asyncio.Event().wait()
    finally:
        open({str(known)!r}, "x").close()"""
    with opening(tmp_path / "bakery", waits, "-c", SAYS_SO_ONCE_A_WORKER_KNOWS, str(known)) as process:
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "Stopping: turns under way are finished first.\n"), log
