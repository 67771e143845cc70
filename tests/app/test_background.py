"""Background jobs of the server: they never end silently."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.app.jobs import running_in_background
from bot.app.opening import Bot, open_bot
from bot.app.projects import load_project
from bot.app.running import Place, serving
from bot.config import Logging
from bot.logs import make_logger
from bot.reading.template import write_template
from bot.sources import Sources


async def test_failed_job_is_logged_and_restarted() -> None:
    written, well, runs = io.StringIO(), asyncio.Event(), 0

    async def job() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise KeyError("what nobody thought of")
        well.set()
        await asyncio.Event().wait()

    log = make_logger(Logging(), now=lambda: datetime(2026, 11, 3, tzinfo=UTC), stream=written)
    async with running_in_background(log, job, pause=0.0), asyncio.timeout(10):
        await well.wait()
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["background job failed"] * 2
    assert runs == 3


async def await_cancelled_future() -> None:
    part = asyncio.create_task(asyncio.Event().wait())
    part.cancel()
    await part


async def cancel_its_own_task() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


@pytest.mark.parametrize("end", [await_cancelled_future, cancel_its_own_task])
async def test_job_that_cancels_itself_is_logged_and_restarted(
    end: Callable[[], Awaitable[None]],
) -> None:
    written, well, runs = io.StringIO(), asyncio.Event(), 0

    async def job() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            await end()
        well.set()
        await asyncio.Event().wait()

    log = make_logger(Logging(), now=lambda: datetime(2026, 11, 3, tzinfo=UTC), stream=written)
    async with running_in_background(log, job, pause=0.0), asyncio.timeout(10):
        await well.wait()
    assert json.loads(written.getvalue())["event"] == "background job failed"
    assert runs == 2


async def test_failed_job_pauses_before_it_is_restarted() -> None:
    log = make_logger(Logging(), now=lambda: datetime.now(UTC), stream=io.StringIO())
    well, pause = asyncio.Event(), 0.02
    started: list[float] = []

    async def job() -> None:
        started.append(asyncio.get_running_loop().time())
        if len(started) == 4:
            well.set()
        raise KeyError("again and again")

    async with running_in_background(log, job, pause=pause), asyncio.timeout(10):
        await well.wait()
    assert all(later - earlier > 0.9 * pause for earlier, later in pairwise(started)), started


async def test_readiness_checks_continue_after_a_check_is_cancelled_from_within(tmp_path: Path) -> None:
    write_template(tmp_path)
    asked: asyncio.Queue[None] = asyncio.Queue()

    async def check() -> None:
        asked.put_nowait(None)
        await await_cancelled_future()

    async with asyncio.timeout(60), serving(tmp_path, Place(port=0), {}) as (bot, _):
        assert bot.readiness.state == "ready"
        bot.readiness.others["bank"] = check
        bot.readiness.every_seconds = 0.0
        for _ in range(3):
            await asked.get()
        assert bot.readiness.state == "degraded"


async def test_server_purges_ended_sessions(tmp_path: Path) -> None:
    write_template(tmp_path)

    async def sessions(bot: Bot) -> int:
        return len(await bot.database.read(lambda connection: connection.all("SELECT id FROM sessions")))

    two_days_ago = Sources(now=lambda: datetime.now(UTC) - timedelta(days=2))
    async with open_bot(load_project(tmp_path), sources=two_days_ago) as bot:
        customer = await bot.auth.customers.add("12345678", "135790", "bank-1")
        await bot.auth.sessions.open(customer.id)
        assert await sessions(bot) == 1
    async with asyncio.timeout(60), serving(tmp_path, Place(port=0), {}) as (bot, _):
        while await sessions(bot):
            pass
