"""Rasa's shorthand for a message with a known meaning: `/intent@0.9{"entity": "value"}`.

The braces can be doubled, as in the payloads of Rasa's buttons.
"""

from __future__ import annotations

import json
import re
from math import isinf
from typing import Any

from msgspec import Struct

from bot.content.types import Domain

_SHORTHAND = re.compile(r"/(?P<intent>[^\s{@/]+(?:/[^\s{@]+)?)(?:@(?P<confidence>1(?:\.0+)?|0?\.[0-9]+|0))?")


class Shorthand(Struct, frozen=True):
    """A parsed shorthand.

    `entities` maps names to a value or a list of values, None if what follows
    the intent is not a JSON object; `start` and `end` are its span in the text
    (-1 if there is none), and `rest` is the unread text after it.
    """

    intent: str
    confidence: float
    entities: dict[str, Any] | None
    start: int
    end: int
    rest: str = ""


def read_shorthand(text: str) -> Shorthand | None:
    """Parse the text as a shorthand; return None if it is ordinary text. Never raises."""
    stripped = text.strip()
    match = _SHORTHAND.match(stripped)
    if match is None:
        return None
    intent, confidence = match["intent"], float(match["confidence"] or 1.0)
    written = stripped[match.end() :].lstrip()
    if not written:
        return Shorthand(intent, confidence, {}, -1, -1)
    if not written.startswith("{"):
        return None
    start = len(text.rstrip()) - len(written)
    length = written.rfind("}") + 1 or len(written)  # all of it, if no brace closes
    rest = written[length:].strip()
    return Shorthand(intent, confidence, _object(written[:length]), start, start + length, rest)


def is_retrieval(intent: str, domain: Domain) -> bool:
    """Whether this is a retrieval intent without a sub-intent: `/faq`, not `/faq/hours`."""
    action = f"utter_{intent}"
    return action not in domain.responses and any(name.startswith(f"{action}/") for name in domain.responses)


def _object(text: str) -> dict[str, Any] | None:
    if text.startswith("{{"):  # as in Rasa's responses; JSON never begins like this
        text = text.replace("{{", "{").replace("}}", "}")
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # fails on a lone surrogate
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _whole(text: str) -> int:
    value = int(text)
    if not -(2**63) <= value < 2**64:
        raise ValueError(f"{text} is too large for readers of JSON")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ValueError(f"{text} is too large")
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not valid JSON")
