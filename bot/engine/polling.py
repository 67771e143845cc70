"""Polling for work: conversations are processed concurrently, and failed work is put off for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from bot.errors import Busy, StoreUnavailable

T = TypeVar("T")

AT_ONCE = 64
"""How many conversations are processed concurrently: a backlog must not fill the server."""

LONGEST_BACKOFF = timedelta(minutes=10)


class Backoff:
    """Failed work, postponed for half as long as it has been open.

    So it is retried less and less often; at most a third of the total delay is due to waiting. Restarts forget it.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._until: dict[str, datetime] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._until and self._until[key] > self._now()

    @property
    def next_end(self) -> datetime | None:
        """When the first of the postponed work may be retried; None if nothing is postponed."""
        return min(self._until.values(), default=None)

    def drop_expired(self) -> None:
        """Forget the work that may be retried."""
        now = self._now()
        self._until = {key: until for key, until in self._until.items() if until > now}

    def postpone(self, key: str, since: datetime) -> None:
        """Postpone `key`, which has been open since `since`."""
        now = self._now()
        open_for = max(now - since, timedelta())
        self._until[key] = now + min(open_for / 2, LONGEST_BACKOFF)


async def process_concurrently(items: Iterable[tuple[str, T]], do: Callable[[T], Awaitable[bool]]) -> int:
    """Process all items, in order per conversation and conversations concurrently; return how many were done.

    Each item comes with its conversation; `do` returns whether it was done. If it raises Busy or StoreUnavailable, the
    rest of that conversation is skipped: it would fail as well, or overtake. It must raise nothing else.
    """
    by_conversation: dict[str, list[T]] = {}
    for conversation, item in items:
        by_conversation.setdefault(conversation, []).append(item)
    slots = asyncio.Semaphore(AT_ONCE)

    async def process_in_order(queued: Sequence[T]) -> int:
        done = 0
        async with slots:
            for item in queued:
                try:
                    if await do(item):
                        done += 1
                except (Busy, StoreUnavailable):
                    break
        return done

    return sum(await asyncio.gather(*map(process_in_order, by_conversation.values())))


async def process_pages(
    page: Callable[[int], Awaitable[Sequence[T]]], do: Callable[[Sequence[T]], Awaitable[int]]
) -> int:
    """Process everything page by page; return how many were done.

    `page(n)` skips the first n. Finished items vanish, so that others move up and may be skipped; the next poll finds
    them.
    """
    done = seen = 0
    while items := await page(seen):
        seen += len(items)
        done += await do(items)
    return done
