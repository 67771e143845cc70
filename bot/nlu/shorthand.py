"""Parses shorthand messages (`/greet`, `/inform@0.9{"city": "Leeds"}`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bot.content import Domain
from bot.content.shorthand import is_retrieval, read_shorthand
from bot.encoding import deeper_than
from bot.messages import Entity, IntentScore, Parse

_DEEPEST: Final = 32
"""The maximum nesting of lists and objects, as in the bodies of requests, so that later readers can handle a value."""

EXTRACTOR: Final = "RegexMessageHandler"
"""The extractor name that Rasa's own shorthand reader uses."""


def parse_shorthand(text: str, domain: Domain, unknown: Callable[[str], object] = lambda entity: None) -> Parse | None:
    """The parse of a shorthand message; None if `text` is not one, or names no intent of the domain.

    A value that is a list makes one entity per item. Entities have no
    span of their own: start and end are those of the JSON in `text`. If
    that cannot be read, the intent has no entities, as in Rasa. An entity
    that the domain lacks is left out, and `unknown` is called with its name.
    A message for a retrieval intent that does not name its answer is ordinary text.
    """
    message = read_shorthand(text)
    if message is None:
        return None
    name, _, answer = message.intent.partition("/")
    if name not in domain.intents or is_retrieval(message.intent, domain):
        return None
    values = message.entities or {}
    if deeper_than(values, _DEEPEST):
        values = {}
    for entity in sorted(values.keys() - domain.entities.keys()):
        unknown(entity)
    entities = tuple(
        Entity(entity, item, message.start, message.end, extractor=EXTRACTOR, confidence=1.0)
        for entity, value in values.items()
        if entity in domain.entities
        for item in (value if isinstance(value, list) else [value])
    )
    intent = IntentScore(name, message.confidence)
    response = {"intent_response_key": message.intent, "confidence": message.confidence}
    return Parse(text, intent, (intent,), entities, {name: {"response": response}} if answer else {})
