"""Jobs beside the server: they never end without a word."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import UTC, datetime
from itertools import pairwise

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
