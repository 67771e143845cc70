"""Retries accepted messages that have no answer yet because their turn failed or the process ended."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias

from bot.engine.polling import Backoff, process_concurrently
from bot.engine.protocols import Accepted, TurnStore
from bot.engine.record import Answer
from bot.engine.work import RetriedWork, Work
from bot.errors import Busy, StoreUnavailable
from bot.sources import Sources

Perform: TypeAlias = Callable[[Work], Awaitable[Answer]]
"""Answers work, and reports a turn that failed."""


class Backlog:
    """Accepted messages without an answer. One that fails again is postponed, and given up in the end."""

    def __init__(self, store: TurnStore, sources: Sources) -> None:
        self._store = store
        self._sources = sources
        self._backoff = Backoff(sources.now)

    async def answer(self, waiting_for: timedelta, perform: Perform) -> int:
        """Answer messages that waited `waiting_for` or longer, in order per conversation; return how many it answered.

        `perform` answers one.
        """
        self._backoff.drop_expired()
        cutoff = self._sources.now() - waiting_for
        waiting = [(m.conversation, m) for m in await self._store.accepted() if m.arrived <= cutoff]
        return await process_concurrently(waiting, lambda message: self.try_again(message, perform))

    async def try_again(self, message: Accepted, perform: Perform) -> bool:
        """Answer a message, unless it is postponed; return whether it is answered now.

        One that fails stays accepted and is postponed: it blocks nothing behind it. Raises Busy, and StoreUnavailable,
        which is not the message's fault and does not count as a try.
        """
        key = f"{message.conversation} {message.message_id}"
        if key in self._backoff:
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
            self._backoff.postpone(key, message.arrived)
            return False
        return True
