"""Rasa's shorthand for a message whose meaning is known: `/intent@0.9{"entity": "value"}`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_SHORTHAND = re.compile(
    r"/(?P<intent>[^\s{@/]+(?:/[^\s{@]+)?)(?:@(?P<confidence>[0-9]+(?:\.[0-9]+)?))?\s*(?P<rest>\{.*)?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Shorthand:
    """What a shorthand says. `entities` maps names to one value or a list of them; None: they are no JSON object."""

    intent: str
    confidence: float = 1.0
    entities: dict[str, Any] | None = field(default_factory=dict)


def parse_shorthand(text: str) -> Shorthand | None:
    """What the text says as a shorthand; None when it is ordinary text. Never raises."""
    match = _SHORTHAND.fullmatch(text.strip())
    if match is None:
        return None
    confidence = min(float(match["confidence"] or 1.0), 1.0)
    return Shorthand(match["intent"], confidence, _entities(match["rest"]))


def _entities(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return {}
    try:
        value = json.loads(text, parse_constant=_refuse)
        text.encode("utf-8") and json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(name: str) -> None:
    raise ValueError(name)
