"""What happens without a message: reminders whose time has come, and outside changes whose outcome was unknown."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime

from bot.encoding import decode
from bot.engine.engine import Engine
from bot.engine.protocols import EffectEntry
from bot.engine.work import ActionWork, IntentWork
from bot.errors import BotError
from bot.messages import Principal, UserMessage
from bot.sources import Sources

SYSTEM = Principal("key", "system")
"""Who is behind a background turn: nobody who is logged in."""

LONGEST_WAIT = 60.0
"""Seconds after which reminders are looked for even when nothing announced one (another worker may have set it)."""


class Background:
    """Turns that nobody typed. Each is a turn of its own, with an id that makes it happen once."""

    def __init__(self, engine: Engine, sources: Sources) -> None:
        self._engine = engine
        self._sources = sources

    async def fire_reminders(self) -> int:
        """Let every due reminder happen; how many did."""
        due = await self._engine.store.due_reminders(self._sources.now())
        for conversation, reminder in due:
            message = self._message(conversation, f"reminder:{reminder.name}:{reminder.at}", reminder.intent, {})
            work = IntentWork(message, reminder.intent, reminder.entities, fired=reminder)
            await self._engine.perform(work)
        return len(due)

    async def settle_effects(self) -> int:
        """Find out what became of unknown outside changes and tell their users; how many are known now."""
        settled = 0
        for entry in await self._engine.store.unsettled_effects():
            settled += await self._settle(entry)
        return settled

    async def run(self, effects_every: float) -> None:
        """Do both for ever; effects are looked at every so many seconds."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_reminding())
            group.create_task(self._keep_settling(effects_every))

    async def _settle(self, entry: EffectEntry) -> bool:
        effects = self._engine.effects
        result = await effects.find(entry)
        if result.outcome == "unknown":
            return False
        action = effects.settled_action(entry.kind)
        if action is not None:
            about = {"key": entry.key, "kind": entry.kind, "parameters": decode(entry.parameters)}
            effect = {**about, "outcome": result.outcome, "result": result.result}
            message = self._message(entry.conversation, f"effect:{entry.key}", action, {"effect": effect})
            await self._engine.perform(ActionWork(message, action))
        # Journalled last: after a crash in between, the turn's id keeps it from happening twice.
        await effects.settle(entry, result)
        return True

    async def _keep_reminding(self) -> None:
        while True:
            self._engine.reminders_changed.clear()
            with contextlib.suppress(BotError):
                await self.fire_reminders()
            seconds = await self._seconds_to_next()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._engine.reminders_changed.wait(), seconds)

    async def _keep_settling(self, every: float) -> None:
        while True:
            with contextlib.suppress(BotError):
                await self.settle_effects()
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
    return min(max((at - now).total_seconds(), 0.05), LONGEST_WAIT)
