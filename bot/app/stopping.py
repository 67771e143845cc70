"""Stopping on SIGTERM and Ctrl-C, including while the bot is still being opened."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from threading import Thread
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

HUNG_UP = "SIGHUP changes nothing: to have the bot read its files again, restart it."


def stop_at_signals(stop: asyncio.Event, hung_up: Callable[[], None]) -> None:
    """Let SIGTERM and SIGINT set `stop`; a second SIGINT ends the process at once, whatever it is doing.

    The event loop's own handlers would not run while a plugin blocks the loop. SIGHUP stops a bot whose terminal is
    gone; without a terminal, it is taken as a request to reload, changes nothing, and `hung_up` is called.
    """
    loop = asyncio.get_running_loop()

    def handle(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process is ending already
            loop.call_soon_threadsafe(stop.set)

    def ignore(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(hung_up)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup sets it
        signal.signal(signal.SIGHUP, handle if has_terminal() else ignore)


def best_effort(say: Callable[[str], None]) -> Callable[[str], None]:
    """`say` for messages that need not arrive: a terminal that is gone must not prevent anything."""

    def say_if_possible(line: str) -> None:
        with contextlib.suppress(OSError):
            say(line)

    return say_if_possible


def has_terminal() -> bool:
    """Whether the process has a terminal: then SIGHUP means that its user is gone."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


async def open_unless_stopped(
    stop: asyncio.Event, stack: AsyncExitStack, opening: AbstractAsyncContextManager[T]
) -> T | None:
    """The value of `opening`, entered on `stack`; None if `stop` is set first, which cancels the opening."""
    limit = asyncio.timeout(None)
    watching = asyncio.create_task(_expire(limit, stop))
    try:
        async with limit:
            opened = await stack.enter_async_context(opening)
    except TimeoutError:
        if not limit.expired():
            raise
        return None
    finally:
        watching.cancel()
    return None if stop.is_set() else opened


async def _expire(limit: asyncio.Timeout, stop: asyncio.Event) -> None:
    await stop.wait()
    limit.reschedule(asyncio.get_running_loop().time())


async def in_thread(work: Callable[[], T]) -> T:
    """The result of `work`, run in a daemon thread: if cancelled, it does not delay the end of the process."""
    done: Future[T] = Future()

    def run() -> None:
        if not done.set_running_or_notify_cancel():
            return
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    Thread(target=run, name="work", daemon=True).start()
    return await asyncio.wrap_future(done)
