"""Rasa's shorthand for tests and buttons: `/greet`, `/inform@0.9{"city": "Leeds"}`."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from bot.content import Domain
from bot.messages import Entity, IntentScore, Parse

_SHORTHAND: Final = re.compile(
    r"/(?P<intent>[^{@\s]+)(?:@(?P<confidence>[0-9.]+))?\s*(?P<entities>\{.*\})?\s*", re.DOTALL
)
EXTRACTOR: Final = "RegexMessageHandler"
"""The extractor's name that Rasa's own shorthand reader gives."""


def parse_shorthand(text: str, domain: Domain) -> Parse | None:
    """The parse that a shorthand message stands for; None when `text` is none, or names no intent of the domain.

    A value that is a list makes an entity for each item. Entities carry no
    span of their own: start and end are those of the JSON in `text`.
    """
    match = _SHORTHAND.fullmatch(text) if text.startswith("/") else None
    if match is None or match["intent"].split("/")[0] not in domain.intents:
        return None
    confidence = _confidence(match["confidence"])
    values = _object(match["entities"])
    if confidence is None or values is None:
        return None
    name, _, rest = match["intent"].partition("/")
    intent = IntentScore(name, confidence)
    entities = tuple(
        Entity(entity, item, match.start("entities"), match.end("entities"), extractor=EXTRACTOR, confidence=1.0)
        for entity, value in values.items()
        for item in (value if isinstance(value, list) else [value])
    )
    selected = {name: {"response": {"intent_response_key": match["intent"], "confidence": confidence}}} if rest else {}
    return Parse(text, intent, (intent,), entities, selected)


def _confidence(written: str | None) -> float | None:
    try:
        value = 1.0 if written is None else float(written)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def _object(written: str | None) -> dict[str, Any] | None:
    try:
        value = json.loads(written) if written else {}
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
