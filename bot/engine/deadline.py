"""How long is waited: a time limit for actions, most of which wait for nothing, and the outcome of a turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from typing import Any, TypeVar

from bot.errors import TurnError

T = TypeVar("T")


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


async def outcome_of(turn: asyncio.Task[T]) -> T:
    """What a turn comes to; it goes on when the caller is cancelled.

    Raises what it raises, and TurnError where it was cancelled and the caller was not: by an action, that is.
    """
    try:
        return await asyncio.shield(turn)
    except asyncio.CancelledError as error:
        caller = asyncio.current_task()
        if not turn.cancelled() or caller is None or caller.cancelling():
            raise
        raise TurnError("the turn was cancelled by what ran in it; an action must not cancel its own task") from error


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
