"""A time limit for actions, most of which wait for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from typing import Any


async def within(seconds: float, action: Awaitable[None]) -> None:
    """Await the action; raises TimeoutError when it waits for longer than `seconds`.

    Its first step is taken here: one that is done with it needs no clock,
    which costs more than many an action does.
    """
    steps = action.__await__()
    try:
        first = next(steps)
    except StopIteration:
        return
    async with asyncio.timeout(seconds):
        await _Rest(steps, first)


class _Rest:
    """What is left of an awaitable after its first step, which waits for `first`."""

    def __init__(self, steps: Generator[Any, Any, None], first: Any) -> None:
        self._steps = steps
        self._first = first

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self._first
        try:
            while True:
                try:
                    yield waits_for
                except BaseException as error:  # a cancellation is the action's to hear, as in `yield from`
                    waits_for = self._steps.throw(error)
                else:
                    waits_for = next(self._steps)
        except StopIteration:
            return
