"""Where a message says how much to move: pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from bot import Entity, Parse

from .later import without_later

MONEY: Final = "amount-of-money"
_MOVE: Final = re.compile(
    r"\b(transfer|move|send|put|pay|shift|take|add|save|give|deposit|withdraw)\s+\Z", re.IGNORECASE
)
_NAMED: Final = re.compile(
    r"\b(send|pay|give)\s+(?!(my|our|the|both|all)\b)[^\W\d_]+(\s+[^\W\d_]+)?\s+\Z", re.IGNORECASE
)
_BESIDE: Final = re.compile(r"\s+(pounds?\b|from\b|to\b|into\b|out of\b|in\b|off\b)", re.IGNORECASE)
_MINUS: Final = re.compile(r"\b(minus|negative)\s*\Z", re.IGNORECASE)
_AROUND: Final = re.compile(
    r"\b(please|thanks|just|only|about|around|say|let's|maybe|rather|make|it|that|how|i'd|like|minus|negative)\b|[^\w\s]",
    re.IGNORECASE,
)
"""What may stand around an amount that is all of an answer."""


def said_amount(parse: Parse) -> Entity | None:
    """Where the message says an amount: money, or a number where an amount stands."""
    for entity in parse.entities:
        if entity.entity == MONEY:
            return entity
        before, after = parse.text[: entity.start], parse.text[entity.end :]
        if entity.entity == "number" and (_MOVE.search(before) or _NAMED.search(before) or _BESIDE.match(after)):
            return entity
    return None


def bare_amount(parse: Parse, now: datetime, *, numbers: bool) -> Entity | None:
    """The amount that is all of the message, a later time aside, whatever its intent; with `numbers`, a number is one.

    `now` is aware.
    """
    wanted, text = (MONEY, "number") if numbers else (MONEY,), without_later(parse, now)
    for entity in parse.entities:
        rest = text[: entity.start] + " " + text[entity.end :]
        if entity.entity in wanted and entity.end > entity.start and not _AROUND.sub(" ", rest).strip():
            return entity
    return None


def is_below_zero(parse: Parse, amount: Entity) -> bool:
    """Whether the amount is negative: "minus £5" has its sign outside of the money."""
    below = isinstance(amount.value, int | float) and amount.value < 0
    return below or bool(_MINUS.search(parse.text[: amount.start]))
