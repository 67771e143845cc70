"""A shorthand message (`/greet`, `/inform@0.9{"city": "Leeds"}`) as the parse that it stands for."""

from __future__ import annotations

from typing import Final

from bot.content import Domain
from bot.content.shorthand import read_shorthand
from bot.encoding import deeper_than
from bot.messages import Entity, IntentScore, Parse

_DEEPEST: Final = 32
"""Levels of lists and objects that whoever reads a value later can follow, as in the bodies of requests."""

EXTRACTOR: Final = "RegexMessageHandler"
"""The extractor's name that Rasa's own shorthand reader gives."""


def parse_shorthand(text: str, domain: Domain) -> Parse | None:
    """The parse that a shorthand message stands for; None when `text` is none, or names no intent of the domain.

    A value that is a list makes an entity for each item. Entities carry no
    span of their own: start and end are those of the JSON in `text`.
    """
    said = read_shorthand(text)
    if said is None or said.entities is None or said.intent.split("/")[0] not in domain.intents:
        return None
    if deeper_than(said.entities, _DEEPEST):
        return None
    name, _, rest = said.intent.partition("/")
    intent = IntentScore(name, said.confidence)
    entities = tuple(
        Entity(entity, item, said.start, said.end, extractor=EXTRACTOR, confidence=1.0)
        for entity, value in said.entities.items()
        for item in (value if isinstance(value, list) else [value])
    )
    key = {"intent_response_key": said.intent, "confidence": said.confidence}
    return Parse(text, intent, (intent,), entities, {name: {"response": key}} if rest else {})
