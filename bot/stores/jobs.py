"""What is handed to the store's threads, and how the outcome comes back to the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from bot.errors import StoreUnavailable
from bot.stores.connection import Connection

Work: TypeAlias = Callable[[Connection, Sequence[Any]], Sequence[Any]]
"""What to do for all who want it at the same time: takes their items, gives what came of each, in the same order.

An exception among what it gives is raised to whom it is for, and what the others got stands.
"""


class Job(Struct, eq=False):
    """Work and an item for it, who waits, and what came of it.

    Those of one transaction run in the order of `order`; those of one `group`,
    whose work is the same, run together where the first of them stands.
    """

    work: Work
    item: Any
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    order: str
    group: Hashable
    result: Any = None
    error: BaseException | None = None


def groups_of(jobs: Sequence[Job]) -> Iterable[Sequence[Job]]:
    """The jobs, those of a group together where the first of them stands."""
    groups: dict[Hashable, list[Job]] = {}
    for job in jobs:
        groups.setdefault(job.group, []).append(job)
    return groups.values()


def perform(connection: Connection, group: Sequence[Job]) -> None:
    """Do the jobs of one group; what their work raises is raised here."""
    results = group[0].work(connection, [job.item for job in group])
    for job, result in zip(group, results, strict=True):
        if isinstance(result, Exception):
            job.error = result
        else:
            job.result = result


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
