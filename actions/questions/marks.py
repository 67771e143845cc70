"""Which entities of a message count if there are many or if they overlap, and which words are the question. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from bot import Entity, Parse

from ..text import PRONOUNS, TAKES_BACK, blanked, is_payload, lead, meets, pattern, spans

AGAINST: Final = "against"
"""The entity for the time that another one is compared with."""

FILTERS: Final = frozenset(
    {"account", "merchant", "payee", "category", "direction", "shift", "time", AGAINST, "amount-of-money"}
)
"""The entities that narrow a question down."""

_READ: Final = FILTERS | {"number"}
_LEARNED: Final = ("account", "merchant", "payee", "category", "direction")
_ASKS: Final = pattern(
    r"(?<=[,.;:!?])\s+(?=(?:how (?:much|many)|what (?:did|have|was|is|are|were)|when (?:did|was)|which|show|list)\b)"
)
_BEGINS_FILTER: Final = pattern(
    r"\s*(?:on|at|from|in|since|until|till|before|after|during|by|with|for|to|of|between|and|or|compared)\b"
)
_NAMES: Final = ("category", "merchant", "payee")
_DENIED: Final = pattern(r"\b(?:but\s+)?not(\s+(?:(?:at|on|in|for|from|to|my|the)\s+){0,2})\Z")
_BEFORE_CORRECTION: Final = pattern(rf"\W*(?:(?:{TAKES_BACK}|oh|well|i said)\b\W*)*")
_SENTENCE: Final = re.compile(r"[.!?;]")

_MOST: Final = 50
"""The most entities of a kind that are considered, because they are compared with each other."""


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
    """The entities without those that a longer or better one on the same words supersedes.

    Numbers within dates and amounts are dropped, so is the shorter one of a date and a shift, and a learned entity
    within a longer name: "Energy" in "Octavia Energy". A learned name that is only a pronoun does not count.
    """
    named = [e for e in entities if not (e.entity in _NAMES and str(e.value).casefold() in PRONOUNS)]
    return tuple(e for e in named if not any(other is not e and _supersedes(other, e) for other in named))


def covered(parse: Parse) -> frozenset[int]:
    """The positions of the text that entities cover; all of them for a button's payload."""
    if is_payload(parse.text):
        return frozenset(range(len(parse.text)))
    return frozenset(at for e in parse.entities if e.entity in _READ for at in range(e.start, e.end))


def unnamed(parse: Parse) -> str:
    """The text with categories, shops and people blanked out, so that "weekly" in "weekly shop" does not count."""
    return blanked(parse.text, spans(e for e in parse.entities if e.entity in _NAMES))


def without_preamble(parse: Parse) -> Parse:
    """The message from its question on, if what comes before is not a filter and adds none to the question.

    "I moved house last month, how much did I spend in October": positions stay the same, the preamble is blanked out.
    """
    for match in _ASKS.finditer(parse.text):
        start = match.end()
        before = [e for e in parse.entities if e.end <= start]
        asked = [e for e in parse.entities if e.start >= start]
        told = _SENTENCE.split(parse.text[:start].rstrip(" .!?;"))[-1]
        if not _BEGINS_FILTER.match(told) and _kinds_of_filters(before) <= _kinds_of_filters(asked):
            return only(parse, start, len(parse.text))
    return parse


def only(parse: Parse, start: int, end: int) -> Parse:
    """This part of the message with its entities; the rest of the text is blanked out, and positions stay the same."""
    text = blanked(parse.text, [(0, start), (end, len(parse.text))])
    return replace(parse, text=text, entities=tuple(e for e in parse.entities if start <= e.start and e.end <= end))


def without_denied_names(parse: Parse) -> Parse:
    """The message without a name that it takes back for another of its kind; a "not" at its beginning stays.

    That is "transport, not groceries" and "sorry, not groceries, transport". "Not at Tesco or Lidl" takes nothing back.
    """
    starts = [(_denied_from(parse, entity), entity) for entity in parse.entities]
    denied = [(start, entity.end) for start, entity in starts if start is not None]
    return blank(parse, denied) if denied else parse


def blank(parse: Parse, gone: Sequence[tuple[int, int]], *marks: Entity) -> Parse:
    """The message with these spans blanked out and without their entities, which `marks` replace."""
    kept = [e for e in parse.entities if not any(start <= e.start and e.end <= end for start, end in gone)]
    return replace(parse, text=blanked(parse.text, gone), entities=(*kept, *marks))


def _denied_from(parse: Parse, entity: Entity) -> int | None:
    """The position of the words that take this name back; None if there are none."""
    denied = _DENIED.search(lead(parse.text, entity.start)) if entity.entity in _NAMES else None
    if denied is None:
        return None
    alike = [e for e in parse.entities if e.entity == entity.entity]
    from_not = entity.start - len(denied.group())
    if any(e.end <= entity.start for e in alike):
        return from_not
    named_instead = any(entity.end <= e.start for e in alike)
    begins_with_not = _BEFORE_CORRECTION.fullmatch(parse.text, 0, from_not)
    return entity.start - len(denied.group(1)) if named_instead and begins_with_not else None


def _kinds_of_filters(entities: Iterable[Entity]) -> frozenset[str]:
    return frozenset(e.entity for e in entities) & FILTERS


def _supersedes(other: Entity, entity: Entity) -> bool:
    """Whether only the other one of two entities counts."""
    same_words = (entity.start, entity.end) == (other.start, other.end)
    if same_words and entity.details is None and other.details is None:
        return False  # a button's payload: all of its entities have the same span
    if not meets(other, [entity]):
        return False
    length, other_length = entity.end - entity.start, other.end - other.start
    if entity.entity in ("number", "ordinal"):
        return other.entity in ("time", "amount-of-money")
    if entity.entity == "shift":
        return other.entity == "time" and other_length > length
    if entity.entity == "time":
        return other.entity == "shift" and other_length >= length
    return entity.entity in _LEARNED and other.entity in _LEARNED and other_length > length
