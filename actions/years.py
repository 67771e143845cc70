"""Years that stand alone ("total spending 2025"): times, and no numbers. Pure."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from msgspec.structs import replace

from bot import Entity, Parse

from .text import lead

_FIRST: Final = 2015
_A_NUMBER_OF: Final = re.compile(
    r"\b(?:last|latest|first|top|next|over|under|above|below|than|least|most|exactly)\s+\Z", re.IGNORECASE
)


def with_years(parse: Parse, today: date) -> Parse:
    """The message with its bare years read as times: those up to this one, where they are no number of something.

    The grammar reads "in 2025", "since 2025" and "June 2025" itself.
    """
    return replace(parse, entities=tuple(_year(parse.text, entity, today) for entity in parse.entities))


def _year(text: str, entity: Entity, today: date) -> Entity:
    said = text[entity.start : entity.end]
    if entity.entity != "number" or not re.fullmatch(r"(?a:\d{4})", said) or not _FIRST <= int(said) <= today.year:
        return entity
    if _A_NUMBER_OF.search(lead(text, entity.start)):
        return entity
    year = int(said)
    ends = {"from": {"value": f"{year}-01-01"}, "to": {"value": f"{year + 1}-01-01"}, "grain": "year"}
    return replace(entity, entity="time", value=f"{year}-01-01", details=ends)
