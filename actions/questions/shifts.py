"""Words for a time relative to the last question's: "the 3 months before that", "the same period last year". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, cast

from bot import Entity, Parse

from ..text import is_payload, pattern
from .marks import blank
from .periods import GRAINS, UNITS, Grain, Shift, Unit

_UNIT: Final = rf"(?P<unit>{'|'.join(UNITS)})"
_END: Final = r"(?=\W*(?:\Z|[,;?!]|(?:on|at|for|with|from|to|and|or|please|then|too|instead|though)\b))"
_BESIDE: Final = pattern(
    rf"\b(?P<article>(?:the|an?)\s+)?(?:(?P<number>\w+)\s+)??{_UNIT}(?P<many>s)?\s+"
    rf"(?P<way>before|earlier|prior|preceding|after|later|following|ago)(?:\s+(?:that|this|those|it))?\b{_END}"
)
_NEXT_TO: Final = pattern(
    rf"\b(?:the\s+)?(?P<way>previous|preceding|prior|following)\s+(?:(?P<number>\w+)\s+)?{_UNIT}(?P<many>s)?\b"
)
_LATER: Final = ("after", "later", "following")

SAME: Final = "same"
"""The entity for "the same period" and "the same month", whose value is the unit that is meant again."""

_SAME: Final = pattern(
    r"\bsame\s+(?:(?P<unit>day|week|month|quarter)\b|(?:periods?|times?|days|dates|stretch|window|span|point|range)\b)"
    r"|\bthis\s+time(?=\s+(?:last\s+(?:week|month|quarter|year)|(?:a|\w+)\s+\w+\s+ago)\b)"
)


def with_shifts(parse: Parse) -> Parse:
    """The message with "the 3 months before" as an entity `shift`, and "the same period" as an entity `SAME`."""
    if is_payload(parse.text):
        return parse
    same = _SAME.search(parse.text)
    if same:
        unit = (same["unit"] or "day").casefold()
        parse = blank(parse, [same.span()], Entity(SAME, unit, *same.span()))
    for words in (_BESIDE, _NEXT_TO):
        for found in words.finditer(parse.text):
            is_date = found["way"].casefold() == "ago" and not same
            if not is_date and (value := _shift_said(found, parse.entities)):
                parse = blank(parse, [found.span()], Entity("shift", value, *found.span()))
    return parse


def read_shift(value: str) -> Shift | None:
    """How far away "previous month" or "next 3 weeks" is, the value of an entity `shift`; None for other words."""
    way, *rest = value.split() or [""]
    if way not in ("previous", "next") or not 1 <= len(rest) <= 2:
        return None
    unit = cast(Unit, rest[-1]) if rest[-1] in UNITS else None
    units = int(rest[0]) if len(rest) == 2 and rest[0].isdecimal() else None
    return Shift(-1 if way == "previous" else 1, unit, units)


def read_same(entities: Iterable[Entity]) -> Grain | None:
    """The unit whose days are meant again: "month" in "the same month last year", "day" in "the same period in May"."""
    same = next((entity.value for entity in entities if entity.entity == SAME), None)
    return cast(Grain, same) if same in GRAINS else None


def _shift_said(found: re.Match[str], entities: Iterable[Entity]) -> str | None:
    """The shift that the words mean, as the entity's value; None if they are no such words after all."""
    number = found["number"]
    units = _number_at(found, entities) if number else None
    if (number and units is None) or bool(found["many"]) != bool(units and units > 1):
        return None
    way = "next" if found["way"].casefold() in _LATER else "previous"
    return f"{way} {units} {found['unit'].casefold()}" if units else f"{way} {found['unit'].casefold()}"


def _number_at(found: re.Match[str], entities: Iterable[Entity]) -> int | None:
    """The number that the word before the unit is; None if it is none."""
    if found["number"].isdecimal():
        return int(found["number"])
    spoken = (e for e in entities if e.entity == "number" and (e.start, e.end) == found.span("number"))
    value = next((e.value for e in spoken), None)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1000 else None
