"""Jobs for the store's threads, and the way that results come back to the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from bot.errors import StoreUnavailable
from bot.stores.connection import Connection

Work: TypeAlias = Callable[[Connection, Sequence[Any]], Sequence[Any]]
"""Work shared by concurrent callers: takes their items, returns a result for each, in the same order.

An exception among the results is raised in its own caller; the other results stand.
"""


class Job(Struct, eq=False):
    """Work and one caller's item for it, the caller's future, and the result.

    Jobs of one transaction run sorted by `order`; those of one `group`,
    whose work is the same, run together in the place of the first of them.
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
    """The jobs by group, each group in the place of its first job."""
    groups: dict[Hashable, list[Job]] = {}
    for job in jobs:
        groups.setdefault(job.group, []).append(job)
    return groups.values()


def perform(connection: Connection, group: Sequence[Job]) -> None:
    """Run the jobs of one group; what their work raises is raised here."""
    results = group[0].work(connection, [job.item for job in group])
    for job, result in zip(group, results, strict=True):
        if isinstance(result, Exception):
            job.error = result
        else:
            job.result = result


def refuse(jobs: Sequence[Job], error: StoreUnavailable) -> None:
    """Make the error the outcome of every job."""
    for job in jobs:
        job.error = error


def deliver(jobs: Iterable[Job]) -> None:
    """Resolve the jobs' futures on their loops, with one wake-up per loop."""
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
