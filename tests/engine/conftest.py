"""An engine on a real SQLite file, with a matcher and policies that are easy to predict."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bot.actions.turn import Action, Resources, Turn
from bot.config import Limits, Settings
from bot.content import Content, Domain
from bot.dialogue.events import ActionExecuted, SessionStarted, SlotSet, UserUttered
from bot.dialogue.prediction import Prediction
from bot.dialogue.tracker import Tracker
from bot.engine.agent import Agent
from bot.engine.codec import read_record
from bot.engine.effects import Effects
from bot.engine.engine import Engine
from bot.engine.protocols import TurnStore
from bot.engine.watch import Watch
from bot.messages import IntentScore, Parse, Principal, UserMessage
from bot.sources import Sources
from bot.stores.database import Database
from bot.stores.turns import SqlTurns

KEY = Principal("key", "key:test", scopes=frozenset({"channel"}))


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)

    def forward(self, **amount: float) -> None:
        self.now += timedelta(**amount)


class WordMatcher:
    """The first word of a message is its intent."""

    def parse(self, text: str, now: datetime) -> Parse:
        score = IntentScore(text.split(maxsplit=1)[0] if text.split() else "nothing", 1.0)
        return Parse(text, score, (score,))


class OneAction:
    """Predicts `action_<intent>` after a message, and to listen after anything else."""

    max_turns = 5

    def predict(self, tracker: Tracker) -> Prediction:
        last = next(e for e in reversed(tracker.events) if isinstance(e, UserUttered | ActionExecuted))
        action = f"action_{last.parse.intent_name}" if isinstance(last, UserUttered) else "action_listen"
        return Prediction(action, 1.0, "test")


async def start_session(turn: Turn) -> None:
    turn.emit(SessionStarted())


async def extract_nothing(turn: Turn) -> None:
    """No slots are filled from messages here."""


async def cancel_own_task(turn: Turn) -> None:
    """An action that cancels its own task, which no action may do."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def add(turn: Turn) -> None:
    """Counts in a slot and says the count: a lost, doubled or reordered turn shows."""
    number = (turn.slot("count") or 0) + 1
    turn.emit(SlotSet("count", number))
    turn.say_text(str(number))


class Gate:
    """An action that waits until it is released, and signals when it was reached."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go = asyncio.Event()
        self.runs = 0

    async def __call__(self, turn: Turn) -> None:
        self.runs += 1
        self.reached.set()
        await self.go.wait()
        turn.say_text("through")


BUILT_IN: Mapping[str, Action] = {
    "action_session_start": start_session,
    "action_extract_slots": extract_nothing,
    "action_add": add,
}


@dataclass
class Bench:
    """An engine, what surrounds it, and messages for it."""

    engine: Engine
    store: TurnStore
    clock: Clock
    records: list[Any] = field(default_factory=list)
    failures: list[tuple[str, BaseException]] = field(default_factory=list)
    conflicts: list[None] = field(default_factory=list)
    warnings: list[tuple[str, BaseException]] = field(default_factory=list)
    _ids: Any = field(default_factory=count)

    async def conversation(self, sender: str = "ann") -> str:
        return await self.store.conversation_id(KEY.id, "rest", sender)

    def message(self, conversation: str, text: str = "add", **changes: Any) -> UserMessage:
        plain = UserMessage(text, conversation, f"m-{next(self._ids)}", self.clock.now, KEY, "rest", "ann")
        return replace(plain, **changes)

    async def answered(self, conversation: str) -> list[str]:
        """The ids of the messages of the conversation's turns, in order."""
        return [read_record(turn.record).message.message_id for turn in await self.store.turns(conversation)]

    async def say(self, conversation: str, text: str = "add", **changes: Any) -> list[str]:
        answer = await self.engine.handle(self.message(conversation, text, **changes))
        return [reply.get("text", "") for reply in answer.replies]


MakeBench = Callable[..., Any]


@pytest.fixture
def make_bench(tmp_path: Path) -> MakeBench:
    """Opens a bench: `async with make_bench(actions={…}, limits=…, wrap=…) as bench`."""
    ids = count()

    @asynccontextmanager
    async def make(
        *,
        actions: Mapping[str, Action] | None = None,
        limits: Limits | None = None,
        wrap: Callable[[SqlTurns], TurnStore] = lambda store: store,
        effects: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
        file: str = "test.db",
    ) -> AsyncIterator[Bench]:
        clock = clock or Clock()
        sources = Sources(now=lambda: clock.now, new_id=lambda: f"{next(ids):032x}", seed=lambda: 1)
        database = Database.open(f"sqlite:///{tmp_path / file}", project=tmp_path)
        try:
            store = wrap(SqlTurns(database, sources))
            agent = Agent(Content(Domain()), WordMatcher(), OneAction(), {**BUILT_IN, **(actions or {})}, Resources())
            records: list[Any] = []
            failures: list[tuple[str, BaseException]] = []
            conflicts: list[None] = []
            warnings: list[tuple[str, BaseException]] = []
            watch = Watch(
                turn_committed=(records.append,),
                action_failed=lambda name, error: failures.append((name, error)),
                action_warned=lambda name, error: warnings.append((name, error)),
                turn_conflicted=lambda: conflicts.append(None),
            )
            engine = Engine(
                agent,
                store,
                Effects(store, effects or {}, sources),
                Settings(limits=limits or Limits()),
                sources,
                watch=watch,
            )
            yield Bench(engine, store, clock, records, failures, conflicts, warnings)
        finally:
            await database.close()

    return make


async def all_of(*awaitables: Awaitable[Any]) -> list[Any]:
    """The results in order, exceptions among them."""
    return list(await asyncio.gather(*awaitables, return_exceptions=True))
