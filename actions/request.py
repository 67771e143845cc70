"""What a request to move money says beside amount and accounts: that it is none, or more than one. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from bot import Entity, Parse

from .amounts import MONEY, said_amount
from .later import without_later
from .said import minor

_MOVES: Final = r"(?:transfer|mov|send|pay|put|giv|shift|tak|sav|deposit|withdraw)(?:e|ing)?"
_WISHES: Final = (
    r"(?:want|wish|need|like|you|ever|to|me|us|please|just|actually|go|going|be|have|dare|even|intend|mean)"
)
_NEVER: Final = re.compile(
    rf"\b(?:(?:do|does|did|would|should|will|must)(?:n['’]?t|\s+not)|won['’]?t|never|not)\s+(?:{_WISHES}\s+){{0,4}}?{_MOVES}\b"
    r"|\b(?:why|how come)\s+(?:did|do|does|have|has|are|were|was|would|is|you)\b",
    re.IGNORECASE,
)
_OVER_AGAIN: Final = re.compile(
    r"\b(?:each|apiece|twice|thrice|times|(?:lots?|payments?) of)\b|\d\s*[x×]\s*£|£\s*[\d.,]+\s*(?:[x×]\s*\d|\+)",
    re.IGNORECASE,
)
_SHARE: Final = re.compile(
    r"\b(?:half|all|everything|whole|rest|most|quarter|third|double|per ?cent|remaining)\b|%", re.IGNORECASE
)
_DENIED: Final = re.compile(r"\bnot\s+\Z", re.IGNORECASE)


def is_denied(text: str) -> bool:
    """Whether the text names a transfer that is not wanted, or asks why one was made: "don't send £20 to Anna"."""
    return bool(_NEVER.search(text))


def asks_for_share(text: str) -> bool:
    """Whether the text says how much by a share, "half of my savings", which is worked out by nobody here."""
    return bool(_SHARE.search(text))


def amounts(parse: Parse) -> list[Entity]:
    """The different amounts of money that the message says, without what it denies: "not £60 but £50" says £50."""
    found = {minor(e): e for e in parse.entities if e.entity == MONEY and not _DENIED.search(parse.text[: e.start])}
    return list(found.values())


def says_several_amounts(parse: Parse, now: datetime) -> bool:
    """Whether it is not clear what sum is meant: two amounts, or one several times; `now` is aware."""
    money = amounts(parse)
    if money:
        return len(money) > 1 or bool(_OVER_AGAIN.search(without_later(parse, now)))
    said = said_amount(parse)
    inside = [(e.start, e.end) for e in parse.entities if e.entity == "time"]
    numbers = [e for e in parse.entities if e.entity == "number" and not any(s <= e.start < t for s, t in inside)]
    return said is not None and len({e.value for e in numbers}) > 1
