"""Converts records, snapshots and messages from versions 1 and 2 of the store to the current format.

Records held their events as Rasa's JSON; they are read and rewritten. A
snapshot is the fold of its conversation's records, and is rebuilt from them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.content import Place
from bot.dialogue.event_json import event_from_json
from bot.dialogue.prediction import Because
from bot.dialogue.tracker import Tracker
from bot.encoding import decode
from bot.engine.codec import message_to_json, record_to_json
from bot.engine.record import Step, TurnRecord
from bot.engine.snapshots import Snapshot, after_turn
from bot.messages import Principal, UserMessage


class OldConversation:
    """One conversation: its records in order, then its snapshot."""

    def __init__(self, conversation: str) -> None:
        self._tracker = Tracker(conversation=conversation)

    def record(self, old: bytes) -> bytes:
        """The next turn's record."""
        record = _record(decode(old))
        self._tracker = after_turn(record, self._tracker)
        return record_to_json(record)

    def snapshot(self, old: bytes) -> bytes:
        """The snapshot after the last of the records."""
        given = decode(old)
        return Snapshot(self._tracker, given["login"], given["channel"], given["sender"]).to_json()


def message(old: bytes) -> bytes:
    """An accepted message."""
    return message_to_json(_message(decode(old)))


def _record(old: dict[str, Any]) -> TurnRecord:
    return TurnRecord(
        seq=old["seq"],
        message=_message(old["message"]),
        events=tuple([event_from_json(event) for event in old["events"]]),
        steps=tuple([_step(step) for step in old["steps"]]),
        now=datetime.fromisoformat(old["now"]),
        seed=old["seed"],
        content=old["content"],
        timings=old["timings"],
    )


def _message(old: dict[str, Any]) -> UserMessage:
    return UserMessage(
        text=old["text"],
        conversation=old["conversation"],
        message_id=old["id"],
        arrived=datetime.fromisoformat(old["arrived"]),
        principal=Principal("key", old["principal"]),
        channel=old["channel"],
        sender=old["sender"],
        metadata=old["metadata"],
        correlation_id=old["correlation"],
    )


def _step(old: dict[str, Any]) -> Step:
    because = [Because(reason["policy"], reason["name"], _place(reason["place"])) for reason in old["because"]]
    return Step(old["action"], old["policy"], old["confidence"], tuple(because), old["seconds"])


def _place(text: str) -> Place:
    file, line, column = text.rsplit(":", 2)
    return Place(file, int(line), int(column))
