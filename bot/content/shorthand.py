"""Rasa's shorthand for a message whose meaning is known: `/intent@0.9{"entity": "value"}`.

The braces may be doubled, as they are in the payloads of Rasa's buttons.
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
    """What a shorthand says.

    `entities` maps names to one value or a list of them, None where what
    follows the intent is no JSON object; `start` and `end` are where it stands
    (-1 where nothing does), and `rest` is what follows it and is not read.
    """

    intent: str
    confidence: float
    entities: dict[str, Any] | None
    start: int
    end: int
    rest: str = ""


def read_shorthand(text: str) -> Shorthand | None:
    """What the text says as a shorthand; None when it is ordinary text. Never raises."""
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
    closed = written.rfind("}") + 1 or len(written)
    return Shorthand(intent, confidence, _object(written[:closed]), start, start + closed, written[closed:].strip())


def is_retrieval(intent: str, domain: Domain) -> bool:
    """Whether this is a retrieval intent that is named without which answer is asked for: `/faq`, not `/faq/hours`."""
    action = f"utter_{intent}"
    return action not in domain.responses and any(name.startswith(f"{action}/") for name in domain.responses)


def _object(text: str) -> dict[str, Any] | None:
    if text.startswith("{{"):  # as Rasa's responses write it; JSON never begins so
        text = text.replace("{{", "{").replace("}}", "}")
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _whole(text: str) -> int:
    value = int(text)
    if not -(2**63) <= value < 2**64:
        raise ValueError(f"{text} is too large for whoever reads it as JSON")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ValueError(f"{text} is too large")
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
