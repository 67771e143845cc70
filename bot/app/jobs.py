"""Endless jobs beside the rest of a bot's work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.engine.background import Job
from bot.engine.deadline import uncancelled
from bot.logs import Log

EFFECTS_EVERY = 5.0
"""Seconds between two checks of outside changes whose outcome is unknown."""

JOB_PAUSE = 1.0
"""Seconds before a background job that failed is started again."""


@asynccontextmanager
async def running_in_background(log: Log, *jobs: Job, pause: float = JOB_PAUSE) -> AsyncIterator[None]:
    """Run endless jobs in the background of the block; one that fails is restarted after `pause` seconds.

    They are cancelled when the block ends.
    """
    tasks = [asyncio.create_task(_run_forever(job, log, pause)) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run_forever(job: Job, log: Log, pause: float) -> None:
    """Restart the job whenever it ends, even by cancellation: a bot that no longer delivers would look healthy.

    It runs in a separate task, so that a cancellation of that task can be told from one of this.
    """
    while True:
        try:
            await uncancelled(asyncio.create_task(job()))
        except Exception as error:
            log.error("background job failed", exc_info=error)
        await asyncio.sleep(pause)
