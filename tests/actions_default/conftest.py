"""A conversation on hand-made content: real policies, real actions, the engine's own turn, and a one-line matcher."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

import pytest

from bot.actions.responses import text_actions
from bot.actions.turn import Action, Resources
from bot.actions.unknown import UnfilledPlaceholder
from bot.app.agents import gather_actions
from bot.content import Content
from bot.dialogue import train_dialogue
from bot.dialogue.events import ActionExecuted, BotUttered, Event
from bot.dialogue.evolve import evolve_all
from bot.dialogue.tracker import Tracker
from bot.engine.agent import Agent
from bot.engine.effects import Effects
from bot.engine.protocols import TurnStore
from bot.engine.running import RunningTurn
from bot.engine.watch import Watch
from bot.messages import Entity, IntentScore, Parse, Principal, UserMessage
from bot.sources import Chance, Sources

NOW = datetime(2026, 11, 3, 10, 0, tzinfo=UTC)


class IntentMatcher:
    """Reads `intent entity=value entity=value`; a message that begins with a quote is text with intent `inform`."""

    def parse(self, text: str, now: datetime) -> Parse:
        intent, *pairs = ["inform"] if text.startswith('"') else text.split()
        entities = tuple(Entity(name, value, 0, 0) for name, value in (pair.split("=") for pair in pairs))
        ranking = (IntentScore(intent, 0.9), IntentScore("greet", 0.3))
        return Parse(text, ranking[0], ranking, entities)


class Conversation:
    """Sends messages to a bot and keeps the results: `texts` and `actions` of the last turn, `tracker` of all."""

    def __init__(self, content: Content, plugged: Mapping[str, Action]) -> None:
        actions = text_actions(content) | gather_actions(content.domain, plugged)
        self.agent = Agent(content, IntentMatcher(), train_dialogue(content), actions, Resources())
        self.tracker = Tracker()
        self.events: tuple[Event, ...] = ()
        self.errors: list[tuple[str, BaseException]] = []

    async def say(self, text: str, *, failing: Sequence[str] = ()) -> list[str | None]:
        """What the bot says; checks that the turn's events fold to its state, and `failing`, the reported failures."""
        self.errors.clear()
        running, before = self._turn(text), self.tracker
        if self.tracker == Tracker():
            await running.start_session()
        running.understand(lambda: self.agent.matcher.parse(text, NOW))
        await running.fill_slots()
        await running.act(10)
        self.tracker, self.events = running.trimmed(), tuple(running.events)
        assert evolve_all(self.events, before) == running.tracker
        assert [name for name, _ in self.errors] == list(failing)
        return self.texts(running)

    def _hear(self, action: str, error: BaseException) -> None:
        if not isinstance(error, UnfilledPlaceholder):  # many responses here show that a slot is empty
            self.errors.append((action, error))

    def _turn(self, text: str) -> RunningTurn:
        return RunningTurn(
            self.agent,
            self.tracker,
            UserMessage(text, "conversation", "message", NOW, Principal("key", "key:test")),
            now=NOW,
            random=Chance(0),
            new_id=lambda: "id",
            times=(),
            effects=Effects(cast("TurnStore", None), {}, Sources()),  # without kinds, nothing is ever journalled
            action_seconds=5,
            watch=Watch(action_failed=self._hear, action_warned=self._hear),
        )

    @staticmethod
    def texts(running: RunningTurn) -> list[str | None]:
        return [event.reply.text for event in running.events if isinstance(event, BotUttered)]

    @property
    def actions(self) -> list[str]:
        """The actions of the last turn, without session starts and listening."""
        names = [event.name for event in self.events if isinstance(event, ActionExecuted)]
        return [name for name in names if name not in ("action_listen", "action_session_start")]


@pytest.fixture
def talk_to() -> Callable[..., Conversation]:
    """Makes a conversation with a bot of this content and these plugged-in actions."""

    def make(content: Content, **plugged: Action) -> Conversation:
        return Conversation(content, plugged)

    return make
