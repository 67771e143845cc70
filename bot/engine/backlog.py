"""Retries accepted messages that have no answer yet because their turn failed or the process ended."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias

from bot.engine.looking import Rests, side_by_side
from bot.engine.protocols import Accepted, TurnStore
from bot.engine.record import Answer
from bot.engine.work import RetriedWork, Work
from bot.errors import Busy, StoreUnavailable
from bot.sources import Sources

Perform: TypeAlias = Callable[[Work], Awaitable[Answer]]
"""Answers work, and reports a turn that failed."""


class Backlog:
    """Accepted messages without an answer. One that fails again rests for a while, and is given up in the end."""

    def __init__(self, store: TurnStore, sources: Sources) -> None:
        self._store = store
        self._sources = sources
        self._resting = Rests(sources.now)

    async def answer(self, waiting_for: timedelta, perform: Perform) -> int:
        """Answer messages that waited `waiting_for` or longer, in order per conversation; return how many it answered.

        `perform` answers one.
        """
        self._resting.wake()
        accepted_by = self._sources.now() - waiting_for
        left = [message for message in await self._store.accepted() if message.arrived <= accepted_by]
        return await side_by_side(((m.conversation, m) for m in left), lambda m: self.try_again(m, perform))

    async def try_again(self, message: Accepted, perform: Perform) -> bool:
        """Answer a message, unless it rests; return whether it is answered now.

        One that fails stays accepted and rests: it blocks nothing behind it. Raises Busy, and StoreUnavailable,
        which is not the message's fault and does not count as a try.
        """
        key = f"{message.conversation} {message.message_id}"
        if key in self._resting:
            return False
        try:
            await perform(RetriedWork(message))
        except Busy:
            raise
        except StoreUnavailable:
            with contextlib.suppress(StoreUnavailable):
                await self._store.keep_tries(message)
            raise
        except Exception:
            self._resting.rest(key, message.arrived)
            return False
        return True
