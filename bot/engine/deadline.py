"""Deadlines for actions, most of which never wait, and the handling of cancellation inside a task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast

from bot.errors import BotError, TurnError, TurnTimedOut, is_project_code
from bot.sources import granted

T = TypeVar("T")
OnBlocked: TypeAlias = Callable[[float], None]
"""Called with the seconds of a step that was longer than LONGEST_STEP."""

LONGEST_STEP: Final = 0.5
"""Seconds that plugin code may run without awaiting anything: while it does, no conversation proceeds."""


class TooSlow(BotError, TimeoutError):
    """Plugin code took too long; the message says how long, and where it waited or what to do."""


_CURE: Final = "run blocking code in a thread (in an action: `await asyncio.to_thread(…)`)"


def held_up(seconds: float) -> TooSlow:
    """The warning about code that ran for `seconds` without awaiting anything."""
    return TooSlow(f"it held up all conversations for {seconds:.1f} seconds: {_CURE}")


def not_stopped(seconds: float, allowed: float) -> TooSlow:
    """The error for code that exceeded its time: it blocked, or swallowed its cancellation."""
    what = f"it took {seconds:.1f} seconds, longer than {allowed:g} (`limits.action_seconds`), and could not be stopped"
    return TooSlow(f"{what}: {_CURE}")


async def within(seconds: float, action: Awaitable[T], on_blocked: OnBlocked = lambda seconds: None) -> T:
    """The action's result; raises TooSlow, which is a TimeoutError, when it waits for longer than `seconds`.

    Meanwhile `granted_until` tells the code it calls how long it has. `on_blocked` gets the seconds of each step
    between two waits that is longer than LONGEST_STEP. The first step is taken here: an action that finishes in it
    needs no asyncio timeout, which costs more than many actions do.
    """
    steps = action.__await__()
    with granted(asyncio.get_running_loop().time() + seconds):
        try:
            first = _timed(steps.__next__, on_blocked)
        except StopIteration as done:
            return cast(T, done.value)
        try:
            async with asyncio.timeout(seconds) as clock:
                return await _RemainingSteps(steps, first, on_blocked)
        except TimeoutError as error:
            if not clock.expired() or error.__cause__ is None:  # the action's own time limit
                raise
            raise _interrupted(seconds, error.__cause__.__traceback__) from None


def _interrupted(seconds: float, trace: TracebackType | None) -> TooSlow:
    """The error for an action that was interrupted; `trace` leads to where it waited."""
    what = f"it took longer than {seconds:g} seconds (`limits.action_seconds`)"
    line = _innermost_line(trace)
    if line:
        what = f"{what}; it waited at {line}"
    return TooSlow(what).with_traceback(trace)


def _innermost_line(trace: TracebackType | None) -> str:
    """The innermost line of the project's own code, "" if there is none."""
    line = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if is_project_code(file):
            line = f"{'/'.join(file.split('/')[-3:])}:{trace.tb_lineno}"
        trace = trace.tb_next
    return line


def _timed(step: Callable[[], Any], on_blocked: OnBlocked) -> Any:
    started = perf_counter()
    try:
        return step()
    finally:
        if (seconds := perf_counter() - started) > LONGEST_STEP:
            on_blocked(seconds)


async def uncancelled(work: Awaitable[T]) -> T:
    """The result of a plugin's work; raises RuntimeError if it ends as cancelled though nobody cancelled its task.

    Then it awaited something that somebody cancelled, and the task must not end with it.
    """
    try:
        return await work
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RuntimeError("it awaited something that was cancelled") from error


@contextmanager
def one_turn(clock: asyncio.Timeout) -> Iterator[None]:
    """Turn a cancellation into a failed turn: only the turn's timer, and code inside it, ever cancel its task.

    Raises TurnTimedOut or TurnError then; the task itself may continue, with the next turn.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        while task is not None and task.uncancel():
            continue
        if clock.expired():
            raise TurnTimedOut from error
        raise TurnError("the turn was cancelled by what ran in it; an action must not cancel its own task") from error


class _RemainingSteps(Generic[T]):
    """What is left of an awaitable after its first step, which waits for `first`."""

    def __init__(self, steps: Generator[Any, Any, T], first: Any, on_blocked: OnBlocked) -> None:
        self._steps = steps
        self._first = first
        self._on_blocked = on_blocked

    def __await__(self) -> Generator[Any, Any, T]:
        waits_for = self._first
        try:
            while True:
                try:
                    yield waits_for
                except BaseException as error:  # the action gets the cancellation, as with `yield from`
                    waits_for = _timed(partial(self._steps.throw, error), self._on_blocked)
                else:
                    waits_for = _timed(self._steps.__next__, self._on_blocked)
        except StopIteration as done:
            return cast(T, done.value)
