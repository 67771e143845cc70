"""What is looked for again and again: many conversations side by side, and what cannot be done yet is left to rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from bot.errors import Busy, StoreUnavailable

T = TypeVar("T")

AT_ONCE = 64
"""Of how many conversations something is done side by side: a backlog must not fill the server."""

LONGEST_REST = timedelta(minutes=10)


class Rests:
    """What is left alone for now: whatever failed, for half as long as it has been open.

    So it is looked at ever more seldom, and known late by a third of the time at most. It is not kept over restarts.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._until: dict[str, datetime] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._until and self._until[key] > self._now()

    @property
    def next_end(self) -> datetime | None:
        """When the first of them will have rested for long enough."""
        return min(self._until.values(), default=None)

    def wake(self) -> None:
        """Forget those who rested for long enough."""
        now = self._now()
        self._until = {key: until for key, until in self._until.items() if until > now}

    def rest(self, key: str, since: datetime) -> None:
        """Leave `key` alone, which is open since `since`."""
        now = self._now()
        self._until[key] = now + min(max(now - since, timedelta()) / 2, LONGEST_REST)


async def side_by_side(items: Iterable[tuple[str, T]], do: Callable[[T], Awaitable[bool]]) -> int:
    """Do all items, each conversation's in their order, those of several conversations at once; how many were done.

    Where `do` raises Busy or StoreUnavailable, the rest of that conversation is left: it would fail as well, or
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
    """Do everything, page by page; how much was done. `page` gives what is behind the first so many.

    What is done vanishes from it, so that others move up and are passed over: they are found at the next look.
    """
    done = behind = 0
    while found := await page(behind):
        behind += len(found)
        done += await do(found)
    return done
