"""Jobs beside the server: they never end without a word."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from bot.app.running import working_in_background
from bot.config import Logging
from bot.logs import make_logger


async def test_a_job_that_fails_is_told_of_and_goes_on() -> None:
    written, well, runs = io.StringIO(), asyncio.Event(), 0

    async def job() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise KeyError("what nobody thought of")
        well.set()
        await asyncio.Event().wait()

    log = make_logger(Logging(), now=lambda: datetime(2026, 11, 3, tzinfo=UTC), stream=written)
    async with working_in_background(log, job, pause=0.0), asyncio.timeout(10):
        await well.wait()
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["background job failed"] * 2
    assert runs == 3


async def await_what_is_cancelled() -> None:
    part = asyncio.create_task(asyncio.Event().wait())
    part.cancel()
    await part


async def cancel_its_own_task() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


@pytest.mark.parametrize("end", [await_what_is_cancelled, cancel_its_own_task])
async def test_a_job_that_ends_as_cancelled_by_itself_is_told_of_and_goes_on(
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
    async with working_in_background(log, job, pause=0.0), asyncio.timeout(10):
        await well.wait()
    assert json.loads(written.getvalue())["event"] == "background job failed"
    assert runs == 2


async def test_a_job_that_fails_pauses_before_it_goes_on() -> None:
    log = make_logger(Logging(), now=lambda: datetime.now(UTC), stream=io.StringIO())
    well, pause = asyncio.Event(), 0.02
    started: list[float] = []

    async def job() -> None:
        started.append(asyncio.get_running_loop().time())
        if len(started) == 4:
            well.set()
        raise KeyError("again and again")

    async with working_in_background(log, job, pause=pause), asyncio.timeout(10):
        await well.wait()
    assert all(later - earlier > 0.9 * pause for earlier, later in pairwise(started)), started
