"""Queues, one per active conversation: first come, first served; bounded per conversation and in total."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from bot.config import Limits
from bot.errors import Busy


class Place:
    """A place in the queue of one conversation; inside `async with`, it is the first.

    It is left at the end of that, even if the wait is cancelled, or by `leave`.
    """

    __slots__ = ("_ahead", "_forget", "left")

    def __init__(self, ahead: asyncio.Future[None] | None, forget: Callable[[], None]) -> None:
        """`ahead` is done once everybody ahead has left (None: there is nobody); `forget` is called by `leave`."""
        self._ahead = ahead
        self._forget = forget
        self.left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done once this place and all those ahead are left."""

    async def __aenter__(self) -> None:
        if self._ahead is None:
            return
        try:
            await asyncio.shield(self._ahead)
        except asyncio.CancelledError:
            self.leave()
            raise

    async def __aexit__(self, *error: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Give up the place, so that those behind it can go on once it would have been the first."""
        self._forget()
        if self._ahead is None or self._ahead.done():
            self.left.set_result(None)
        else:
            self._ahead.add_done_callback(lambda _: self.left.set_result(None))


class _Line:
    """The queue of one conversation."""

    __slots__ = ("end", "waiting")

    def __init__(self) -> None:
        self.end: asyncio.Future[None] | None = None
        self.waiting = 0


class Lines:
    """The queues of all active conversations."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lines: dict[str, _Line] = {}
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """The number of messages that are being answered or waiting."""
        return self._waiting

    def join(self, conversation: str) -> Place:
        """Take the last place in the queue, synchronously: the order of calls is the order of turns.

        Raises Busy when the conversation's queue or the whole server is full.
        """
        line = self._lines.get(conversation)
        if line is not None and line.waiting >= self._limits.waiting_per_conversation:
            raise Busy(whole=False, retry_after=1.0)
        if self._waiting >= self._limits.waiting:
            raise Busy(whole=True, retry_after=1.0)
        if line is None:
            line = self._lines[conversation] = _Line()
        line.waiting += 1
        self._waiting += 1
        place = Place(line.end, partial(self._forget, conversation, line))
        line.end = place.left
        return place

    def _forget(self, conversation: str, line: _Line) -> None:
        """Count one place less; the last one to be left removes the queue."""
        line.waiting -= 1
        self._waiting -= 1
        if not line.waiting:
            del self._lines[conversation]
