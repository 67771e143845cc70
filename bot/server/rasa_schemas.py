"""The JSON schemas of Rasa's API; other keys are allowed, as in Rasa."""

from __future__ import annotations

from typing import Any

from bot.dialogue.event_json import event_types
from bot.server.schemas import ANYTHING, MESSAGE_ID, NO_CONTROLS, OBJECT, TEXT, complete, obj, plain, string

LAST_SECOND = 253_402_300_799
"""The end of the year 9999, in seconds since 1970."""

ID = plain(1, 256)
NAME = string(1, 256)
_NUMBER_OR_NULL = {"type": ["number", "null"]}
_TEXT_OR_NULL = {"type": ["string", "null"]}

ENTITY = obj(("entity",), {"entity": NAME, "value": ANYTHING})
_STORED = {"pattern": NO_CONTROLS}  # if it is a string: a reminder's name and intent are stored as they are
_TIME = {"type": ["number", "null"], "minimum": 0, "maximum": LAST_SECOND}
EVENT = obj(
    ("event",), {"event": {**TEXT, "enum": event_types()}, "timestamp": _TIME, "name": _STORED, "intent": _STORED}
)
EVENTS = {"oneOf": [EVENT, {"type": "array", "items": EVENT, "maxItems": 1_000}]}
ACTION = obj(("name",), {"name": NAME, "policy": _TEXT_OR_NULL, "confidence": _NUMBER_OR_NULL})
INTENT = obj(
    ("name",), {"name": NAME, "entities": {"oneOf": [{"type": "array", "items": ENTITY}, OBJECT, {"type": "null"}]}}
)
_SCORE = obj(("name",), {"name": NAME, "confidence": {"type": "number"}})
_PARSE_DATA = {
    "type": ["object", "null"],
    "properties": {
        "intent": obj((), {"name": _TEXT_OR_NULL, "confidence": {"type": "number"}}),
        "entities": {"type": "array", "items": ENTITY},
        "intent_ranking": {"type": "array", "items": _SCORE},
    },
}

PARSE = obj(
    ("text", "intent", "entities", "intent_ranking"),
    {
        "text": TEXT,
        "intent": complete({"name": _TEXT_OR_NULL, "confidence": {"type": "number"}}),
        "entities": {"type": "array", "items": OBJECT},
        "intent_ranking": {"type": "array", "items": OBJECT},
        "doubt": {"enum": ["out_of_scope", "ambiguous"]},
        "message_id": {**MESSAGE_ID, "type": ["string", "null"]},
    },
)
TRACKER = obj(
    ("sender_id", "slots", "latest_message", "events", "paused", "active_loop", "latest_action_name"),
    {
        "sender_id": TEXT,
        "slots": OBJECT,
        "latest_message": OBJECT,
        "latest_event_time": _NUMBER_OR_NULL,
        "followup_action": _TEXT_OR_NULL,
        "paused": {"type": "boolean"},
        "events": {"type": ["array", "null"], "items": OBJECT},
        "latest_input_channel": _TEXT_OR_NULL,
        "active_loop": OBJECT,
        "latest_action": OBJECT,
        "latest_action_name": _TEXT_OR_NULL,
    },
)
TRACKER_AND_MESSAGES = obj(("tracker",), {"tracker": TRACKER, "messages": {"type": "array", "items": OBJECT}})
SCORES = complete(
    {
        "scores": {"type": "array", "items": complete({"action": TEXT, "score": {"type": "number"}})},
        "policy": TEXT,
        "confidence": {"type": "number"},
        "tracker": TRACKER,
    }
)
DOMAIN = obj((), {"intents": {"type": "array"}, "slots": OBJECT, "responses": OBJECT, "actions": {"type": "array"}})


def text(most_characters: int) -> dict[str, Any]:
    """The body of POST /model/parse."""
    message_id = {**MESSAGE_ID, "type": ["string", "null"]}
    return obj(("text",), {"text": string(0, most_characters), "message_id": message_id})


def message(most_characters: int) -> dict[str, Any]:
    """The body of POST /conversations/{id}/messages."""
    sender = {"const": "user", "description": "only users' messages can be recorded"}
    return obj(("text", "sender"), {"text": string(1, most_characters), "sender": sender, "parse_data": _PARSE_DATA})
