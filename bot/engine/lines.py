"""Queues, one per active conversation: first come, first served; bounded per conversation and in total."""

from __future__ import annotations

import asyncio

from bot.config import Limits
from bot.errors import Busy


class Line:
    """The queue of one conversation."""

    __slots__ = ("lock", "waiting")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0


class Lines:
    """The queues of all active conversations. asyncio.Lock wakes its waiters in order of arrival."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lines: dict[str, Line] = {}
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """The number of messages that are being answered or waiting."""
        return self._waiting

    def join(self, conversation: str) -> Line:
        """Take a place in the queue, synchronously, so that arrival order is the order of calls.

        The caller's turn has come once it has the line's `lock`; whoever joined must `leave`.
        Raises Busy when the conversation's queue or the whole server is full.
        """
        line = self._lines.get(conversation)
        if line is not None and line.waiting >= self._limits.waiting_per_conversation:
            raise Busy(whole=False, retry_after=1.0)
        if self._waiting >= self._limits.waiting:
            raise Busy(whole=True, retry_after=1.0)
        if line is None:
            line = self._lines[conversation] = Line()
        line.waiting += 1
        self._waiting += 1
        return line

    def leave(self, conversation: str, line: Line) -> None:
        """Give up the place in the queue; the last one to leave removes the queue."""
        line.waiting -= 1
        self._waiting -= 1
        if not line.waiting:
            self._lines.pop(conversation, None)
