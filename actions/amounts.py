"""Where a message says how much to move: pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from bot import Entity, Parse

from .later import without_later
from .text import lead, listed, without

MONEY: Final = "amount-of-money"
_MOVE: Final = re.compile(
    r"\b(transfer|move|send|put|pay|shift|take|add|save|give|deposit|withdraw)\s+\Z", re.IGNORECASE
)
_NAMED: Final = re.compile(
    r"\b(send|pay|give)\s+(?!(my|our|the|both|all)\b)[^\W\d_]+(\s+[^\W\d_]+)?\s+\Z", re.IGNORECASE
)
_BESIDE: Final = re.compile(r"\s+(pounds?\b|from\b|to\b|into\b|out of\b|in\b|off\b)", re.IGNORECASE)
_PART: Final = (
    r"(?:\b(?:half|halves|thirds?|quarters?|fifths?|tenths?|part|share|fraction|rest|per\s*cent|double|triple)\b"
    r"|%|\d\s*/\s*\d+|[½⅓⅔¼¾])"
)
_WORKED_OUT: Final = re.compile(
    rf"{_PART}(?:\s+of)?(?:\s+(?:the|a|an|my|that))?\s+\Z|\bby\s+(?:another\s+|about\s+|just\s+)?\Z", re.IGNORECASE
)
_WORKED_OUT_BY: Final = re.compile(
    r"\s*(?:(?:pounds?|quid)\s+)?(?:[%÷×*/+]|(?:per\s*cent|less|more|fewer|extra|higher|lower|minus|plus|times|divided|split"
    r"|halved|doubled)\b|off\W*\Z)",
    re.IGNORECASE,
)
_CHANGED_BY: Final = re.compile(
    r"\b(?:add|increase|raise|up|bump|reduce|lower|cut|drop|knock|take)\s+"
    r"(?:(?:it|that|this|on|off|the amount|another)\s+)*\Z",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"\s*([^\W\d_]+)")
_FOLLOWS: Final = listed(
    "please pls plz thanks thank cheers from for on in at by with via using and or to into onto toward towards now "
    "today tomorrow tonight this that out of off over across away aside back straight right directly as but too "
    "instead then though later soon quid pound pounds pence p each every twice once not rather just only if so my i"
)
"""Words after a number that leave it the amount; any other one is what is counted: "20 bitcoin"."""
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
        before = lead(parse.text, entity.start)
        stands = _MOVE.search(before) or _NAMED.search(before) or _BESIDE.match(parse.text, entity.end)
        if entity.entity == "number" and stands:
            return entity
    return None


def is_worked_out(parse: Parse, amount: Entity, *, changes: bool) -> bool:
    """Whether a word beside the amount makes another one of it: "half of £60", "£20 less", "10% of my pay".

    Where it `changes` one, so does "add £5".
    """
    if parse.text.startswith("/"):
        return False
    before = lead(parse.text, amount.start)
    beside = _WORKED_OUT.search(before) or _WORKED_OUT_BY.match(parse.text, amount.end)
    return bool(beside or (changes and _CHANGED_BY.search(before)))


def counted(parse: Parse, amount: Entity) -> str | None:
    """The word after a number that may be what it counts: "20 bitcoin"; None where it is an amount, or read as more."""
    after = _WORD.match(parse.text, amount.end)
    if amount.entity != "number" or after is None or after.group(1).casefold() in _FOLLOWS:
        return None
    read = any(e.start <= after.start(1) < e.end and e is not amount for e in parse.entities)
    return None if read else after.group(1)


def bare_amount(parse: Parse, now: datetime, *, numbers: bool) -> Entity | None:
    """The amount that is all of the message, a later time aside, whatever its intent; with `numbers`, a number is one.

    `now` is aware.
    """
    wanted, rest = (MONEY, "number") if numbers else (MONEY,), without(_AROUND, without_later(parse, now))
    start, end = len(rest) - len(rest.lstrip()), len(rest.rstrip())
    found = (e for e in parse.entities if e.entity in wanted and e.end > e.start)
    return next((entity for entity in found if entity.start <= start and end <= entity.end), None)


def is_below_zero(parse: Parse, amount: Entity) -> bool:
    """Whether the amount is negative: "minus £5" has its sign outside of the money."""
    below = isinstance(amount.value, int | float) and amount.value < 0
    return below or bool(_MINUS.search(lead(parse.text, amount.start)))
