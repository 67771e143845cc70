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

LONGEST_REST = timedelta(minutes=10)


class Rests:
    """Failed work that is put off, for half as long as it has been open.

    So it is retried less and less often; at most a third of the total delay is due to waiting. Restarts forget it.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._until: dict[str, datetime] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._until and self._until[key] > self._now()

    @property
    def next_end(self) -> datetime | None:
        """When the first of them may be retried."""
        return min(self._until.values(), default=None)

    def wake(self) -> None:
        """Forget those that have rested long enough."""
        now = self._now()
        self._until = {key: until for key, until in self._until.items() if until > now}

    def rest(self, key: str, since: datetime) -> None:
        """Put off `key`, which has been open since `since`."""
        now = self._now()
        self._until[key] = now + min(max(now - since, timedelta()) / 2, LONGEST_REST)


async def side_by_side(items: Iterable[tuple[str, T]], do: Callable[[T], Awaitable[bool]]) -> int:
    """Process all items, in order per conversation and conversations concurrently; return how many were done.

    If `do` raises Busy or StoreUnavailable, the rest of that conversation is skipped: it would fail as well, or
    overtake. It must raise nothing else.
    """
    lines: dict[str, list[T]] = {}
    for conversation, item in items:
        lines.setdefault(conversation, []).append(item)
    places = asyncio.Semaphore(AT_ONCE)

    async def one_by_one(line: Sequence[T]) -> int:
        done = 0
        async with places:
            for item in line:
                try:
                    done += await do(item)
                except (Busy, StoreUnavailable):
                    break
        return done

    return sum(await asyncio.gather(*map(one_by_one, lines.values())))


async def paged(page: Callable[[int], Awaitable[Sequence[T]]], do: Callable[[Sequence[T]], Awaitable[int]]) -> int:
    """Process everything page by page; return how many were done.

    `page(n)` skips the first n. Finished items vanish, so that others move up and may be skipped; the next poll finds
    them.
    """
    done = behind = 0
    while found := await page(behind):
        behind += len(found)
        done += await do(found)
    return done
