"""What happens without a client that waits: due reminders, outside changes of unknown outcome, messages left over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from bot.encoding import decode
from bot.engine.engine import Engine
from bot.engine.protocols import EffectEntry
from bot.engine.work import ActionWork, IntentWork, NoLongerDue
from bot.errors import PLUGIN_FAILURES, BotError
from bot.messages import Principal, UserMessage
from bot.sources import Sources

Job: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""What starts an endless job."""

SYSTEM = Principal("key", "system")
"""Who is behind a background turn: nobody who is logged in."""

SHORTEST_WAIT = 1.0
"""Seconds between two looks at a reminder that is due and cannot fire."""

LONGEST_WAIT = 60.0
"""Seconds after which reminders are looked for even when nothing announced one (another worker may have set it)."""


class Background:
    """Turns that nobody waits for. Each is a turn of its own; whether it is still due is asked under the lock.

    One that fails is told to the engine's watch, and tried again at the next look; it holds up no other.
    """

    def __init__(self, engine: Engine, sources: Sources) -> None:
        self._engine = engine
        self._sources = sources

    async def fire_reminders(self) -> int:
        """Let every due reminder happen; how many did."""
        fired = 0
        for conversation, reminder in await self._engine.store.due_reminders(self._sources.now()):
            # Its row goes with its turn, and is looked for again under the conversation's lock: no id is needed.
            message = self._message(conversation, self._sources.new_id(), reminder.intent, {})
            work = IntentWork(message, reminder.intent, reminder.entities, fired=reminder)
            with contextlib.suppress(Exception):  # told to the watch, which hears of every failed turn
                await self._engine.perform(work)
                fired += 1
        return fired

    async def settle_effects(self) -> int:
        """Find out what became of unknown outside changes and tell their users; how many are known now.

        One that a turn may be making at this moment is left to that turn.
        """
        settled = 0
        left_alone = self._sources.now() - timedelta(seconds=self._engine.limits.turn_seconds)
        for entry in await self._engine.store.unsettled_effects():
            if entry.status == "spending" and entry.at > left_alone:
                continue
            try:
                settled += await self._settle(entry)
            except PLUGIN_FAILURES as error:  # a plugin's `find` may raise anything
                self._engine.watch.action_failed(f"settle {entry.kind}", error)
        return settled

    def jobs(self, every: float) -> tuple[Job, ...]:
        """What does all of it for ever; unknown outcomes and messages left over are looked for every so many seconds.

        Each is to be run beside the others, and started again should it end.
        """
        return (
            self._keep_reminding,
            lambda: self._keep_looking(self.settle_effects, every),
            lambda: self._keep_looking(self._answer_left_over, every),
        )

    async def _settle(self, entry: EffectEntry) -> bool:
        effects = self._engine.effects
        result = await effects.find(entry)
        if result.outcome == "unknown":
            return False
        outcome = effects.settled(entry, result)
        action = effects.settled_action(entry.kind)
        if action is not None:
            about = {"key": entry.key, "kind": entry.kind, "parameters": decode(entry.parameters)}
            effect = {**about, "outcome": result.outcome, "result": result.result}
            message = self._message(entry.conversation, f"effect:{entry.key}", action, {"effect": effect})
            with contextlib.suppress(NoLongerDue):
                await self._engine.perform(ActionWork(message, action, outcome))
        # The turn journals it. Where there is none, or one of an earlier version told of it before, this does.
        await self._engine.store.journal(outcome)
        return True

    async def _answer_left_over(self) -> int:
        """Answer accepted messages whose turn failed; younger ones may be waiting for it."""
        return await self._engine.drain(waiting_for=timedelta(seconds=self._engine.limits.turn_seconds))

    async def _keep_reminding(self) -> None:
        while True:
            self._engine.reminders_changed.clear()
            with contextlib.suppress(BotError):
                await self.fire_reminders()
            seconds = await self._seconds_to_next()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._engine.reminders_changed.wait()

    async def _keep_looking(self, look: Callable[[], Awaitable[int]], every: float) -> None:
        while True:
            with contextlib.suppress(BotError):  # the store is away
                await look()
            await asyncio.sleep(every)

    async def _seconds_to_next(self) -> float:
        try:
            at = await self._engine.store.next_reminder_at()
        except BotError:
            at = None
        return LONGEST_WAIT if at is None else _between(self._sources.now(), at)

    def _message(self, conversation: str, message_id: str, text: str, metadata: dict[str, object]) -> UserMessage:
        now = self._sources.now()
        return UserMessage(text, conversation, message_id, now, SYSTEM, "background", metadata=metadata)


def _between(now: datetime, at: datetime) -> float:
    """Seconds from now to `at`, at least a moment, so that a reminder that cannot fire does not spin."""
    return min(max((at - now).total_seconds(), SHORTEST_WAIT), LONGEST_WAIT)
