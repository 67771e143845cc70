"""Turns caused by an operator over the API: events appended or replaced, a message recorded, an action run.

`background` is for other users' conversations: their login and where replies go stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.dialogue.event_json import event_to_json
from bot.dialogue.events import Event, Restarted
from bot.dialogue.prediction import Prediction
from bot.encoding import fingerprint
from bot.engine.running import RunningTurn
from bot.engine.work import StillDue, readable
from bot.messages import Parse, UserMessage


class EventsWork(StillDue):
    """Appends events; with `instead` they replace all earlier ones."""

    background = True

    def __init__(self, message: UserMessage, events: Sequence[Event], *, instead: bool = False) -> None:
        self.message = message
        self._instead = instead
        self._events = [Restarted(), *events] if instead else list(events)
        self.fingerprint = fingerprint([event_to_json(event) for event in self._events])

    async def run(self, turn: RunningTurn, most: int) -> None:
        """Apply the events; a conversation that begins with them starts its session first, as in Rasa."""
        if not turn.tracker.events and not self._instead:
            await turn.start_session()
        turn.apply(self._events)


class NoteWork(StillDue):
    """Parses and records a user's message without answering it; `parse`, if given, replaces the matcher's."""

    def __init__(self, message: UserMessage, parse: Parse | None = None, *, background: bool) -> None:
        self.message = message
        self.background = background
        self.fingerprint = fingerprint([message.text, message.metadata])
        self._parse = parse

    async def run(self, turn: RunningTurn, most: int) -> None:
        """Parse the message and fill slots."""
        given = self._parse
        turn.understand(lambda: readable(given) if given else turn.agent.matcher.parse(self.message.text, turn.now))
        await turn.fill_slots()


class ExecuteWork(StillDue):
    """Runs one action, as if a policy had predicted it."""

    def __init__(self, message: UserMessage, prediction: Prediction, *, background: bool) -> None:
        self.message = message
        self.background = background
        self.fingerprint = fingerprint([prediction.action])
        self._prediction = prediction

    async def run(self, turn: RunningTurn, most: int) -> None:
        """Run the action and nothing after it."""
        await turn.perform(self._prediction)
