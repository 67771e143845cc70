"""The JSON schemas of requests and responses, by name; the OpenAPI document contains the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def obj(required: tuple[str, ...], properties: Mapping[str, Any], *, closed: bool = False) -> dict[str, Any]:
    """An object schema; a closed one allows no other keys."""
    schema: dict[str, Any] = {"type": "object", "properties": dict(properties)}
    if required:
        schema["required"] = list(required)
    if closed:
        schema["additionalProperties"] = False
    return schema


def complete(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an object that has all of these keys."""
    return obj(tuple(properties), properties)


def string(low: int = 0, high: int | None = None) -> dict[str, Any]:
    """A string schema; lengths are in characters."""
    schema: dict[str, Any] = {"type": "string"}
    if low:
        schema["minLength"] = low
    if high is not None:
        schema["maxLength"] = high
    return schema


TIME = {"type": "string", "format": "date-time"}
SECONDS = {"type": "number", "minimum": 0}
COUNT = {"type": "integer", "minimum": 0}
ANYTHING: dict[str, Any] = {}
OBJECT = {"type": "object"}
TEXT = {"type": "string"}

NO_CONTROLS = r"^[^\u0000-\u001f\u007f-\u009f]*$(?!\n)"
"""Ids are stored and shown as received: PostgreSQL accepts no NUL in a text, and a log line no line break.

In Python `$` also matches before a final line break; in other languages the lookahead after it is always true.
"""


def plain(low: int = 0, high: int | None = None) -> dict[str, Any]:
    """A string schema without control characters; lengths are in characters."""
    return {**string(low, high), "pattern": NO_CONTROLS}


def is_plain(text: str) -> bool:
    """Whether the text has no control characters."""
    return text.isprintable() or re.search(NO_CONTROLS, text) is not None


MESSAGE_ID = plain(1, 128)
SENDER = plain(1, 256)

LOGIN = obj(("accountNumber", "code"), {"accountNumber": plain(1, 64), "code": plain(1, 64)}, closed=True)
LOGGED_IN = complete(
    {"token": TEXT, "tokenType": {"const": "Bearer"}, "expiresAt": TIME, "idleTimeoutSeconds": SECONDS}
)
SESSION = complete(
    {
        "sessionId": TEXT,
        "accountNumber": {"type": "string", "description": "masked except for its last digits"},
        "createdAt": TIME,
        "expiresAt": TIME,
        "idleExpiresAt": TIME,
        "idleTimeoutSeconds": SECONDS,
    }
)
_LISTED_SESSION = complete(
    {
        "sessionId": TEXT,
        "customerId": TEXT,
        "accountNumber": TEXT,
        "createdAt": TIME,
        "expiresAt": TIME,
        "idleExpiresAt": TIME,
    }
)
SESSIONS = complete({"sessions": {"type": "array", "items": _LISTED_SESSION}})

_REPLY = {
    "text": TEXT,
    "buttons": {"type": "array", "items": OBJECT},
    "quick_replies": {"type": "array", "items": OBJECT},
    "elements": {"type": "array", "items": OBJECT},
    "image": TEXT,
    "attachment": ANYTHING,
    "custom": ANYTHING,
    "metadata": OBJECT,
}
REPLY = obj((), _REPLY | {"response": {"type": "string", "description": "the name of the domain's response"}})
ANSWER = complete(
    {"conversationId": TEXT, "turn": COUNT, "messageId": TEXT, "replies": {"type": "array", "items": REPLY}}
)
_MESSAGE = obj(
    ("turn", "role", "time", "cursor"),
    {
        "turn": COUNT,
        "role": {"enum": ["user", "bot"]},
        "time": TIME,
        "cursor": TEXT,
        "messageId": TEXT,
        **_REPLY,
    },
)
HISTORY = complete(
    {
        "messages": {"type": "array", "items": _MESSAGE},
        "before": {"type": ["string", "null"], "description": "pass it as `before` to get the page before this one"},
        "after": {"type": ["string", "null"], "description": "pass it as `after` to poll for newer messages"},
    }
)
RASA_REPLIES = {"type": "array", "items": obj(("recipient_id",), {"recipient_id": TEXT, **_REPLY})}


def chat(most_characters: int) -> dict[str, Any]:
    """The body of POST /chat."""
    properties = {"message": string(1, most_characters), "messageId": MESSAGE_ID, "metadata": OBJECT}
    return obj(("message",), properties, closed=True)


_SENDER = "the user who sends the message; required with a channel key, ignored for customers"


def rasa_message(most_characters: int) -> dict[str, Any]:
    """The body of Rasa's rest webhook; unknown keys are ignored, as in Rasa."""
    return obj(
        ("message",),
        {
            "sender": {**SENDER, "type": ["string", "integer", "null"], "description": _SENDER},
            "message": string(1, most_characters),
            "message_id": MESSAGE_ID,
            "metadata": {"type": ["object", "null"]},
            "input_channel": {"type": ["string", "null"], "minLength": 1, "maxLength": 64},
        },
    )


PROBLEM = obj(
    ("type", "title", "status", "detail", "code", "correlationId"),
    {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "code": TEXT,
        "correlationId": TEXT,
        "errors": {"type": "array", "items": obj(("pointer", "detail"), {"pointer": TEXT, "detail": TEXT})},
    },
)
