"""The results of a turn: its record and the answer, or that there is nothing left to do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct, field

from bot.dialogue.events import ActionFailed, BotUttered, Event, UserUttered
from bot.dialogue.prediction import Because
from bot.messages import Reply, UserMessage


class Step(Struct, frozen=True):
    """One prediction of a turn, its reasons, and how long its action took (seconds)."""

    action: str
    policy: str
    confidence: float
    because: tuple[Because, ...]
    seconds: float


EXTERNAL = "EXTERNAL: "
"""Rasa's mark for an intent that nobody typed: the text of its parse is this and the intent's name."""

WHOLE_TURN = "turn"
"""The name in `ActionFailed` when a message was given up."""


class TurnRecord(Struct, frozen=True, omit_defaults=True):
    """One message and everything it caused: the only output of a turn, sufficient to replay it.

    `seq` counts a conversation's turns from 1. `now`, `seed` and `content`
    (the content's fingerprint) are what the turn was computed with.
    `given_times` are those of events that came with their own (seconds since
    1970, UTC), by their index.
    """

    seq: int
    message: UserMessage
    events: tuple[Event, ...]
    steps: tuple[Step, ...]
    now: datetime
    seed: int
    content: str
    timings: dict[str, float] = field(default_factory=dict)
    given_times: dict[int, float] = field(default_factory=dict)

    @property
    def conversation(self) -> str:
        """The conversation's id."""
        return self.message.conversation

    @property
    def unique_id(self) -> str:
        """An id that no other turn has, unlike its number, which is reused when a store has lost its last turns."""
        return f"{self.conversation}.{self.seq}.{self.seed:016x}"

    @property
    def timed_events(self) -> list[tuple[Event, float]]:
        """The events with their times (seconds since 1970, UTC)."""
        computed = self.now.timestamp()
        return [(event, self.given_times.get(index, computed)) for index, event in enumerate(self.events)]

    @property
    def replies(self) -> tuple[Reply, ...]:
        """What the bot said in this turn, in order."""
        return tuple([event.reply for event in self.events if isinstance(event, BotUttered)])

    @property
    def is_said(self) -> bool:
        """Whether a user said the message; if an intent, an action or events caused the turn, it is a placeholder.

        What was said was either understood or given up, which the turn's own events show.
        """
        for event in self.events:
            if isinstance(event, UserUttered) and event.message_id == self.message.message_id:
                return event.parse.text != EXTERNAL + self.message.text
        failed = any(isinstance(event, ActionFailed) and event.name == WHOLE_TURN for event in self.events)
        return failed and not self.steps


class NoLongerDue(Exception):
    """Raised instead of a result: the turn's work is no longer needed."""


class Answer(Struct, frozen=True):
    """What a channel returns for a message. `body` is the stored JSON, byte for byte the same on every repeat."""

    conversation: str
    seq: int
    message_id: str
    body: bytes

    @property
    def replies(self) -> list[dict[str, Any]]:
        """The replies as JSON objects (`text`, `buttons`, `custom`, …; absent keys are left out)."""
        from bot.encoding import decode

        replies: list[dict[str, Any]] = decode(self.body)["replies"]
        return replies
