"""Stopping: what SIGTERM and Ctrl-C ask for, of a bot that is still being opened too."""

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


def stop_at_signals(stop: asyncio.Event, hung_up: Callable[[], None] = lambda: None) -> None:
    """Let SIGTERM and SIGINT set `stop`; a second SIGINT ends the process at once, whatever it is doing.

    A handler of the loop's would not run while a plugin holds the loop up. SIGHUP stops a bot whose terminal is gone;
    any other, sent by who thinks that it makes daemons read their files again, changes nothing: `hung_up` is told.
    """
    loop = asyncio.get_running_loop()

    def handle(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        with contextlib.suppress(RuntimeError):  # the loop is closed: this is the end already
            loop.call_soon_threadsafe(stop.set)

    def ignore(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(hung_up)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup's
        signal.signal(signal.SIGHUP, handle if has_terminal() else ignore)


def if_heard(say: Callable[[str], None]) -> Callable[[str], None]:
    """The same for what nobody has to hear: a terminal that is gone keeps nothing from being done."""

    def heard(line: str) -> None:
        with contextlib.suppress(OSError):
            say(line)

    return heard


def has_terminal() -> bool:
    """Whether somebody sits in front of this process: SIGHUP says that they are gone."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


async def opened_before(
    stop: asyncio.Event, stack: AsyncExitStack, opening: AbstractAsyncContextManager[T]
) -> T | None:
    """What `opening` gives, open for the length of `stack`; None where `stop` is set first, which cancels it."""
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
    """What `work` gives. Cancelled, it is left alone: unlike a thread of the loop's, its own holds up no end."""
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
