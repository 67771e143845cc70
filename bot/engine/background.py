"""Work that no client waits for: due reminders, outside changes with unknown outcome, unanswered messages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from bot.dialogue.events import ReminderScheduled
from bot.encoding import decode
from bot.engine.deadline import within
from bot.engine.effects import not_offered
from bot.engine.engine import Engine
from bot.engine.polling import Backoff, process_concurrently, process_pages
from bot.engine.protocols import EffectEntry
from bot.engine.record import Answer, NoLongerDue
from bot.engine.work import ActionWork, IntentWork
from bot.errors import PLUGIN_FAILURES, BotError, Busy, StoreUnavailable
from bot.messages import Principal, UserMessage
from bot.sources import Sources

Job: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""Starts an endless job."""

SYSTEM = Principal("key", "system")
"""The principal of background turns: nobody is logged in."""

SHORTEST_WAIT = 1.0
"""Seconds between two attempts at a reminder that is due but cannot fire, so that it does not spin."""

LONGEST_WAIT = 60.0
"""Seconds after which reminders are polled even if none was announced (another worker may have set one)."""


class Background:
    """Turns that no client waits for. Each is a separate turn; whether it is still due is checked under the lock.

    What fails is reported and retried later; it blocks nothing else. If the store is unavailable or the server is
    full, it is retried at the next poll.
    """

    def __init__(
        self,
        engine: Engine,
        sources: Sources,
        *,
        only: str | None = None,
        say: Callable[[Answer], None] = lambda answer: None,
    ) -> None:
        """`only`, if given, is the one conversation to care for; `say` gets the answers of its turns."""
        self._engine = engine
        self._sources = sources
        self._only = only
        self._say = say
        self._postponed_reminders = Backoff(sources.now)
        self._postponed_effects = Backoff(sources.now)
        self._reported_kinds: set[str] = set()
        self._was_refused = False
        self._postponed_before: datetime | None = None
        """All reminders due before this time are postponed, or not ours; None unless the last poll found that out."""

    async def fire_reminders(self) -> int:
        """Run a turn for every due reminder; return how many were run."""
        now = self._sources.now()
        self._was_refused = False
        self._postponed_before = None
        self._postponed_reminders.drop_expired()

        async def fire(reminders: Sequence[tuple[str, ReminderScheduled]]) -> int:
            ours = ((due[0], due) for due in reminders if self._is_ours(due[0]))
            return await process_concurrently(ours, self._fire)

        fired = await process_pages(lambda behind: self._engine.store.due_reminders(now, behind), fire)
        if not fired and not self._was_refused:
            self._postponed_before = now
        return fired

    async def settle_effects(self) -> int:
        """Find out the outcomes of unknown outside changes and tell their users; return how many are now known.

        One that a turn may be making at this moment is left to that turn.
        """
        self._postponed_effects.drop_expired()
        cutoff = self._sources.now() - timedelta(seconds=self._engine.limits.turn_seconds)

        async def settle(entries: Sequence[EffectEntry]) -> int:
            ours = [entry for entry in entries if self._is_ours(entry.conversation)]
            abandoned = [entry for entry in ours if entry.status != "spending" or entry.at <= cutoff]
            return await process_concurrently(((entry.conversation, entry) for entry in abandoned), self._settle)

        return await process_pages(self._engine.store.unsettled_effects, settle)

    def jobs(self, every: float) -> tuple[Job, ...]:
        """The endless jobs that do all of it; unknown outcomes and unanswered messages are polled at `every` seconds.

        Run them concurrently, and restart one that ends. Unanswered messages are left alone if `only` is given.
        """
        jobs: tuple[Job, ...] = (
            self._fire_reminders_forever,
            lambda: self._poll_forever(self.settle_effects, every),
        )
        if self._only is None:
            jobs = (*jobs, lambda: self._poll_forever(self._answer_backlog, every))
        return jobs

    def _is_ours(self, conversation: str) -> bool:
        return self._only in (None, conversation)

    async def _fire(self, due: tuple[str, ReminderScheduled]) -> bool:
        conversation, reminder = due
        key = f"{conversation} {reminder.name}"
        if key in self._postponed_reminders:
            return False
        # Its turn removes its row, and checks for it under the conversation's lock: no stable message id is needed.
        message = self._message(conversation, self._sources.new_id(), reminder.intent, {})
        work = IntentWork(message, reminder.intent, reminder.entities, fired=reminder)
        try:
            answer = await self._engine.perform(work)
        except (Busy, StoreUnavailable):
            self._was_refused = True
            raise
        except NoLongerDue:
            return False
        except Exception:  # reported to the watch, as every failed turn is
            self._postponed_reminders.postpone(key, reminder.due)
            return False
        self._say(answer)
        return True

    async def _settle(self, entry: EffectEntry) -> bool:
        if entry.key in self._postponed_effects or not self._is_offered(entry.kind):
            return False
        try:
            known = await self._find_outcome(entry)
        except (Busy, StoreUnavailable):
            raise
        except PLUGIN_FAILURES as error:  # a plugin's `find` may raise anything
            self._engine.watch.action_failed(f"settle {entry.kind}", error)
            known = False
        if not known:
            self._postponed_effects.postpone(entry.key, entry.at)
        return known

    def _is_offered(self, kind: str) -> bool:
        """Whether a plugin offers this kind; if none does any more, that is reported once."""
        if kind in self._engine.effects:
            return True
        if kind not in self._reported_kinds:
            self._reported_kinds.add(kind)
            self._engine.watch.action_failed(f"settle {kind}", not_offered(kind))
        return False

    async def _find_outcome(self, entry: EffectEntry) -> bool:
        """Look up the outcome and tell the user; return whether it is known now."""
        effects = self._engine.effects
        result = await within(self._engine.limits.action_seconds, effects.find(entry))
        if result.outcome == "unknown":
            return False
        outcome = effects.settled(entry, result)
        action = effects.settled_action(entry.kind)
        if action is not None:
            effect = {
                "key": entry.key,
                "kind": entry.kind,
                "parameters": decode(entry.parameters),
                "outcome": result.outcome,
                "result": result.result,
            }
            message = self._message(entry.conversation, f"effect:{entry.key}", action, {"effect": effect})
            with contextlib.suppress(NoLongerDue):
                self._say(await self._engine.perform(ActionWork(message, action, outcome)))
        # The turn journals it. If there was none, or an earlier version's turn reported it before, this does.
        await self._engine.store.journal(outcome)
        return True

    async def _answer_backlog(self) -> int:
        """Answer accepted messages whose turn failed; younger ones may still be waiting for theirs."""
        return await self._engine.drain(waiting_for=timedelta(seconds=self._engine.limits.turn_seconds))

    async def _fire_reminders_forever(self) -> None:
        while True:
            self._engine.reminders_changed.clear()
            with contextlib.suppress(BotError):
                await self.fire_reminders()
            seconds = await self._seconds_to_next()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._engine.reminders_changed.wait()

    async def _poll_forever(self, poll: Callable[[], Awaitable[int]], every: float) -> None:
        while True:
            with contextlib.suppress(BotError):  # the store is unavailable
                await poll()
            await asyncio.sleep(every)

    async def _seconds_to_next(self) -> float:
        """Seconds until the next reminder is due or a postponed one may be retried."""
        times: list[datetime | None] = []
        if self._postponed_before is not None:
            times.append(self._postponed_reminders.next_end)
        with contextlib.suppress(BotError):
            times.append(await self._engine.store.next_reminder_at(self._postponed_before))
        next_at = min((at for at in times if at is not None), default=None)
        if next_at is None:
            return LONGEST_WAIT
        seconds = (next_at - self._sources.now()).total_seconds()
        return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)

    def _message(self, conversation: str, message_id: str, text: str, metadata: dict[str, object]) -> UserMessage:
        now = self._sources.now()
        return UserMessage(text, conversation, message_id, now, SYSTEM, "background", metadata=metadata)
