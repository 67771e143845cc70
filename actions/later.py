"""Whether a message wants money to move at another time than now, or again and again: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from bot import Entity, Parse

from .text import blanked

_WEEKDAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_UNIT: Final = rf"(?:days?|nights?|mornings?|weeks?|weekends?|fortnights?|months?|quarters?|years?|paydays?|{_WEEKDAY})"
_AGAIN: Final = re.compile(
    rf"\b(?:every|each)\s+(?:\w+\s+){{0,2}}?(?:{_UNIT}|\d+(?:st|nd|rd|th))\b"
    rf"|\b(?:a|per)\s+(?:day|week|fortnight|month|quarter|year)\b"
    r"|\b(?:daily|weekly|fortnightly|monthly|quarterly|yearly|annually|regularly|recurring)\b"
    r"|\bstanding orders?\b|\bdirect debits?\b",
    re.IGNORECASE,
)
_LATER: Final = re.compile(
    r"\b(?:later|some ?time|another day|in the (?:future|morning|afternoon|evening)|overnight|pay ?days?"
    r"|schedule|scheduled|in a (?:bit|while|moment|minute)|not yet|(?<!as )soon|when i(?:'m| am|’m| get) paid)\b",
    re.IGNORECASE,
)
_NAMED_DAY: Final = re.compile(rf"\b{_WEEKDAY}\b", re.IGNORECASE)
_BESIDE: Final = re.compile(
    r"\b(?:yes|yeah|yep|no|nope|ok|okay|sure|please|but|do|make|move|pay|send|it|that|then|instead|rather|can|could|we"
    r"|you|i|i'd|want|would|like|on|only|just|a|an|the|not|now|today|better|at|for|from|be|should|this)\b|[^\w\s]",
    re.IGNORECASE,
)
_SLACK: Final = timedelta(minutes=1)


def wants_later(parse: Parse, now: datetime, *, answer: bool) -> bool:
    """Whether a message about a transfer wants it later or repeatedly; `now` is aware.

    An `answer` within the form may be of any intent. What asks for a transfer, or says yes to it, may name any other
    time: "on Friday" is read as the last one. Another answer has to say little but the time, so that a question about
    last month stays one.
    """
    if parse.text.startswith("/") and not any(entity.entity == "time" for entity in parse.entities):
        return False
    again = bool(_AGAIN.search(parse.text) or _LATER.search(parse.text))
    times = [entity for entity in parse.entities if entity.entity == "time" and not _is_now(entity, now)]
    if parse.intent_name in ("transfer_money", "affirm"):
        return again or bool(times)
    if not answer:
        return False
    ahead = again or any(_begins_after(entity, now) for entity in times)
    if parse.intent_name == "inform":
        return ahead
    return (ahead or (bool(times) and bool(_NAMED_DAY.search(parse.text)))) and _says_little_else(parse, now)


def without_later(parse: Parse, now: datetime) -> str:
    """The text with blanks for what puts the message off, or repeats it; every place stays where it was."""
    ahead = [(e.start, e.end) for e in parse.entities if e.entity == "time" and _begins_after(e, now)]
    spans = [*ahead, *(match.span() for words in (_AGAIN, _LATER) for match in words.finditer(parse.text))]
    return blanked(parse.text, spans)


def _is_now(entity: Entity, now: datetime) -> bool:
    """Whether the time holds this moment: now, today, this week, by Friday. One without readable ends does not."""
    details = entity.details or {}
    start, end = _moment(details.get("from")), _moment(details.get("to"))
    if start is None and end is None:
        return False
    return (start is None or start <= now + _SLACK) and (end is None or now - _SLACK < end)


def _begins_after(entity: Entity, now: datetime) -> bool:
    start = _moment((entity.details or {}).get("from"))
    return start is not None and start > now


def _moment(side: Any) -> datetime | None:
    """An end of the grammar's, `{"value": "2026-10-01T00:00:00.000+00:00"}`; None where it is open, or no moment."""
    value = side.get("value") if isinstance(side, Mapping) else None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _says_little_else(parse: Parse, now: datetime) -> bool:
    """Whether nothing of weight is left of the text beside the words of time, and an amount."""
    spans = [(e.start, e.end) for e in parse.entities if e.entity in ("time", "amount-of-money")]
    return not _BESIDE.sub(" ", blanked(without_later(parse, now), spans)).strip()
