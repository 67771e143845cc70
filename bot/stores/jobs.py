"""What is handed to the store's threads, and how the outcome comes back to the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from bot.errors import StoreUnavailable
from bot.stores.connection import Connection

Work: TypeAlias = Callable[[Connection], Any]


class Job(Struct, eq=False):
    """A piece of work, who waits for it, and what came of it. Those of one transaction run in the order of `order`."""

    work: Work
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    order: str = ""
    result: Any = None
    error: BaseException | None = None


def order_of(job: Job) -> str:
    """By what the jobs of one transaction are sorted."""
    return job.order


def refuse(jobs: Sequence[Job], error: StoreUnavailable) -> None:
    """Let the error be what came of every job."""
    for job in jobs:
        job.error = error


def deliver(jobs: Iterable[Job]) -> None:
    """Resolve the jobs' futures on their loops, with one wake-up a loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, group in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, group)
        except RuntimeError:  # the loop was closed: nobody waits any more
            continue


def _resolve(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
