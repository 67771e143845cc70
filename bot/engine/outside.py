"""Turns caused by an operator over the API: events appended or replaced, a message recorded, an action run.

`background` is for other users' conversations: their login and where replies go stay as they are. `replies_to` is the
channel that delivers what is said; "": none does, the operator gets it.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.dialogue.event_json import event_to_json
from bot.dialogue.events import Event, Restarted
from bot.dialogue.prediction import Prediction
from bot.encoding import fingerprint
from bot.engine.running import RunningTurn
from bot.engine.work import Work, readable
from bot.messages import Parse, UserMessage


class EventsWork(Work):
    """Appends events; with `instead` they replace all earlier ones.

    Each may have its own time (seconds since 1970, UTC) in `times`.
    """

    background = True

    def __init__(
        self,
        message: UserMessage,
        events: Sequence[Event],
        *,
        times: Sequence[float | None] = (),
        instead: bool = False,
        replies_to: str = "",
    ) -> None:
        self.message = message
        self.replies_to = replies_to
        self._instead = instead
        self._events = list(events)
        self._times = list(times)
        self.fingerprint = fingerprint([instead, *[event_to_json(event) for event in events]])

    async def run(self, turn: RunningTurn, most: int) -> None:
        """Apply the events; a conversation that begins with them starts its session first, as in Rasa.

        Nothing is erased: a restart says that what was before no longer counts.
        """
        if self._instead and turn.tracker.events:
            turn.apply([Restarted()], self._times[:1])
        elif not turn.tracker.events and not self._instead:
            await turn.start_session()
        turn.apply(self._events, self._times)


class NoteWork(Work):
    """Parses and records a user's message without answering it; `parse`, if given, replaces the matcher's."""

    replies_to = ""

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


class ExecuteWork(Work):
    """Runs one action, as if a policy had predicted it."""

    def __init__(self, message: UserMessage, prediction: Prediction, *, background: bool, replies_to: str = "") -> None:
        self.message = message
        self.background = background
        self.replies_to = replies_to
        self.fingerprint = fingerprint([prediction.action])
        self._prediction = prediction

    async def run(self, turn: RunningTurn, most: int) -> None:
        """Run the action and nothing after it."""
        await turn.perform(self._prediction)
