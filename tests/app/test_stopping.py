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
from bot.app.stopping import if_heard, in_thread, opened_before
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
    """`bot run` of a project whose plugin waits within its lifespan, where it is now; `python` runs it, if given.

    It is killed at the end, where it still runs: a test that fails is not to wait for it.
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
def test_a_bot_that_is_being_opened_stops_when_it_is_told_to(tmp_path: Path, number: int) -> None:
    with opening(tmp_path / "bakery", "await asyncio.Event().wait()") as process:
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "Stopped before it was ready.\n")


def test_a_hang_up_without_a_terminal_changes_nothing_and_says_so(tmp_path: Path) -> None:
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


def test_a_second_ctrl_c_ends_even_what_lets_nothing_else_happen(tmp_path: Path) -> None:
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


async def test_what_is_open_when_the_stop_comes_is_closed_and_not_used() -> None:
    stop, seen = asyncio.Event(), []

    @asynccontextmanager
    async def door() -> AsyncIterator[str]:
        seen.append("open")
        stop.set()
        yield "door"
        seen.append("closed")

    async with AsyncExitStack() as stack:
        assert await opened_before(stop, stack, door()) is None
    assert seen == ["open", "closed"]


async def test_what_opens_in_time_stays_open_when_the_stop_comes() -> None:
    stop = asyncio.Event()

    @asynccontextmanager
    async def door() -> AsyncIterator[str]:
        await asyncio.sleep(0)
        yield "door"

    async with AsyncExitStack() as stack:
        assert await opened_before(stop, stack, door()) == "door"
        stop.set()
        await asyncio.sleep(0)


async def test_a_timeout_of_what_is_opened_is_its_own() -> None:
    @asynccontextmanager
    async def door() -> AsyncIterator[None]:
        raise TimeoutError("the door is stuck")
        yield

    async with AsyncExitStack() as stack:
        with pytest.raises(TimeoutError, match="stuck"):
            await opened_before(asyncio.Event(), stack, door())


async def test_work_in_a_thread_gives_what_it_gives_and_raises_what_it_raises() -> None:
    assert await in_thread(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


async def test_work_that_was_cancelled_before_its_thread_began_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_work_in_a_thread_holds_up_no_end() -> None:
    never = Event()

    async def given_up() -> None:
        work = asyncio.create_task(in_thread(never.wait))
        await asyncio.sleep(0)
        work.cancel()

    asyncio.run(given_up())
    assert not never.is_set()
    never.set()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_bot_stops_well_whatever_standard_streams_it_lacks(tmp_path: Path, closed: str) -> None:
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


def test_what_nobody_can_hear_keeps_nothing_from_being_done() -> None:
    def gone(line: str) -> None:
        raise OSError(errno.EIO, line)

    if_heard(gone)("Stopping")


def test_a_bot_serves_also_where_nobody_reads_what_it_says(tmp_path: Path) -> None:
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
    return await Workers([*words, "--worker"], 1, say).run()


sys.exit(asyncio.run(run()))
"""


def test_workers_are_told_to_stop_before_anybody_is_told(tmp_path: Path) -> None:
    known = tmp_path / "known"
    waits = f"""try:
        await asyncio.Event().wait()
    finally:
        open({str(known)!r}, "x").close()"""
    with opening(tmp_path / "bakery", waits, "-c", SAYS_SO_ONCE_A_WORKER_KNOWS, str(known)) as process:
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "Stopping: turns under way are finished first.\n"), log
