"""Which entities of a message count, of many and of those on the same words, and which words are the question: pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from bot import Entity, Parse

from .text import blanked

FILTERS: Final = frozenset(
    {"account", "merchant", "payee", "category", "direction", "shift", "time", "amount-of-money"}
)
"""The entities that narrow a question down."""

_LEARNED: Final = ("account", "merchant", "payee", "category", "direction")
_ASKS: Final = re.compile(
    r"(?<=[,.;:!?])\s+(?=(?:how (?:much|many)|what (?:did|have|was|is|are|were)|when (?:did|was)|which|show|list)\b)",
    re.IGNORECASE,
)
_BEGINS_FILTER: Final = re.compile(
    r"\s*(?:on|at|from|in|since|until|till|before|after|during|by|with|for|to|of|between|and|or)\b", re.IGNORECASE
)
_SENTENCE: Final = re.compile(r"[.!?;]")

_MOST: Final = 50
"""The most entities of a kind that are looked at: they are compared with each other."""


def bounded(parse: Parse) -> Parse:
    """The message with no more than the first 50 entities of each kind."""
    if len(parse.entities) <= _MOST:
        return parse
    seen: Counter[str] = Counter()
    kept = []
    for entity in sorted(parse.entities, key=lambda entity: entity.start):
        seen[entity.entity] += 1
        if seen[entity.entity] <= _MOST:
            kept.append(entity)
    return replace(parse, entities=tuple(kept))


def distinct(entities: Sequence[Entity]) -> tuple[Entity, ...]:
    """The entities without those that a longer or better one on the same words makes void.

    Numbers inside dates and amounts go, of a date and a shift the shorter one, and what is learned inside a longer
    name: "Energy" in "Octavia Energy".
    """
    return tuple(e for e in entities if not any(other is not e and _covers(other, e) for other in entities))


def without_preamble(parse: Parse) -> Parse:
    """The message from its question on, where what is told before that is no filter and names none that is missing.

    "I moved house last month, how much did I spend in October": places stay, what is left out is blank.
    """
    for match in _ASKS.finditer(parse.text):
        start = match.end()
        before = [e for e in parse.entities if e.end <= start]
        asked = [e for e in parse.entities if e.start >= start]
        told = _SENTENCE.split(parse.text[:start].rstrip(" .!?;"))[-1]
        if not _BEGINS_FILTER.match(told) and _names(before) <= _names(asked):
            return replace(parse, text=blanked(parse.text, [(0, start)]), entities=tuple(asked))
    return parse


def _names(entities: Iterable[Entity]) -> frozenset[str]:
    return frozenset(e.entity for e in entities) & FILTERS


def _covers(other: Entity, entity: Entity) -> bool:
    if entity.details is None and other.details is None and (entity.start, entity.end) == (other.start, other.end):
        return False  # a button's payload: all of its entities stand in one place
    if other.end <= entity.start or entity.end <= other.start:
        return False
    longer = other.end - other.start > entity.end - entity.start
    if entity.entity in ("number", "ordinal"):
        return other.entity in ("time", "amount-of-money")
    if entity.entity == "shift":
        return other.entity == "time" and longer
    if entity.entity == "time":
        return other.entity == "shift" and not entity.end - entity.start > other.end - other.start
    return entity.entity in _LEARNED and other.entity in _LEARNED and longer
