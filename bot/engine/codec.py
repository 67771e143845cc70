"""The turn record and the answer as JSON: what the store keeps and what a channel sends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.dialogue.event_json import event_from_json, event_to_json
from bot.dialogue.events import Event
from bot.encoding import decode, encode
from bot.engine.record import Step, TurnRecord
from bot.messages import Principal, Reply, UserMessage

_REPLY_KEYS = ("text", "buttons", "quick_replies", "elements", "image", "attachment", "custom", "metadata", "response")


def record_to_json(record: TurnRecord) -> bytes:
    """The turn record as the store keeps it."""
    stamp = record.now.timestamp()
    return encode(
        {
            "seq": record.seq,
            "message": message_to_json(record.message),
            "events": [event_to_json(event, stamp) for event in record.events],
            "replies": [reply_to_json(reply) for reply in record.replies],
            "steps": [_step_to_json(step) for step in record.steps],
            "now": record.now,
            "seed": record.seed,
            "content": record.content,
            "timings": record.timings,
        }
    )


def answer_body(conversation: str, seq: int, message_id: str, replies: Sequence[Reply]) -> bytes:
    """The answer to a message, as it is stored and given back on every repeat."""
    return encode(
        {
            "conversationId": conversation,
            "turn": seq,
            "messageId": message_id,
            "replies": [reply_to_json(reply) for reply in replies],
        }
    )


def reply_to_json(reply: Reply) -> dict[str, Any]:
    """A reply as a JSON object; what it lacks is left out."""
    return {key: value for key in _REPLY_KEYS if (value := getattr(reply, key))}


def message_to_json(message: UserMessage) -> dict[str, Any]:
    """A message as the record and the inbox keep it: who sent it, never their session or scopes."""
    return {
        "text": message.text,
        "conversation": message.conversation,
        "id": message.message_id,
        "arrived": message.arrived,
        "principal": message.principal.id,
        "channel": message.channel,
        "sender": message.sender,
        "metadata": dict(message.metadata),
        "correlation": message.correlation_id,
    }


def message_from_json(value: dict[str, Any]) -> UserMessage:
    """A message read back; its principal is a key's (nobody is logged in once a message was put aside)."""
    return UserMessage(
        text=value["text"],
        conversation=value["conversation"],
        message_id=value["id"],
        arrived=datetime.fromisoformat(value["arrived"]),
        principal=Principal("key", value["principal"]),
        channel=value["channel"],
        sender=value["sender"],
        metadata=value["metadata"],
        correlation_id=value["correlation"],
    )


def check_events(events: Sequence[Event]) -> None:
    """Raise ValueError unless an action's events can be kept and read again."""
    if not events:
        return
    written = [event_to_json(event) for event in events]
    try:
        encode(written)
        for event in written:
            event_from_json(event)
    except (TypeError, ValueError) as error:
        raise ValueError(f"its events cannot be kept: {error}") from error


def read_record(text: bytes) -> dict[str, Any]:
    """A stored turn record's JSON object."""
    record: dict[str, Any] = decode(text)
    return record


def _step_to_json(step: Step) -> dict[str, Any]:
    return {
        "action": step.action,
        "policy": step.policy,
        "confidence": step.confidence,
        "because": [{"policy": b.policy, "name": b.name, "place": str(b.place)} for b in step.because],
        "seconds": step.seconds,
    }
