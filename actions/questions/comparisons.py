"""Which two times a message compares: "more in October than in September", "this month with last month". Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final, cast

from msgspec.structs import replace

from bot import Entity, Parse

from ..text import blanked, is_payload, lead, pattern, spans, without
from .amounts import MONEY
from .marks import AGAINST, blank
from .periods import GRAINS, Grain, Period, Shift, floor, step
from .shifts import read_shift
from .times import days_between, read_period

_COMPARES: Final = pattern(r"\bcompar(?:e[sd]?|ing|isons?)\b|\b(?:versus|vs)\b|\bdifferences?\b")
_CHANGED: Final = r"\b(?:up|down|risen?|rose|fallen|fell|dropped|increased|changed)\b"
_MORE: Final = rf"(?:{_CHANGED}|\b(?:more|less|fewer|higher|lower|bigger|larger|smaller|dearer|cheaper|better|worse)\b)"
_SPENDS_MORE: Final = pattern(
    r"\bhow\s+much\s+(?:more|less)\b.*\b(?:spen[dt]|spending|pa(?:y|id)|earn(?:ed)?|costs?)\b"
    r"|\A\W*(?:(?:and|so|but)\s+)?(?:did|am|are|have|has|is|was|were)\b.*\b"
    r"(?:(?:spen[dt]|spending|pa(?:y|id|ying)|earn(?:ed|ing)?|costs?)\s+(?:me\s+)?(?:more|less)|higher|lower|gone\s+(?:up|down))\b"
)
"""Asks for more or less without naming the other time: "am I spending more this month"."""

_IDLE: Final = (
    r"(?:what|that|it|i|we|my|our|the|this|same|time|point|period|in|for|during|of|on|at|was|were|is|did|do|had|have"
    r"|spent|spend|spending|paid|pay|earned|made|got|gone|back)"
)
_JOINS: Final = pattern(
    rf"(?:{_MORE}[^.?!]*\b(?:than|or)|{_CHANGED}\s+(?:on|from)|\bagainst|\bversus|\bvs\b\.?"
    rf"|\b(?:compar\w+|differ\w+)\b[^.?!]*\b(?:to|with|from))(?:\W+{_IDLE})*\W*\Z"
)
"""Stands right before the time that the other one is compared with."""

_SINCE: Final = pattern(rf"{_CHANGED}\W*\Z")
_BEFORE: Final = pattern(r"\bthe\s+one\s+before\b|\blast(?=\W*\Z)")
_BETWEEN: Final = pattern(r"\s(?:to|and|with|till?|until)\s|[–-]")
_BOUND: Final = pattern(r"\b(?:more|less|higher|lower|fewer) than\s+(?=\d)")


def with_comparison(parse: Parse, today: date) -> Parse:
    """The message with the time that another one is compared with as a separate entity (`AGAINST`).

    If only one time is said, "than last month", the other one is left to `merge`. Three are left unchanged.
    """
    text = without(_BOUND, blanked(parse.text, spans(e for e in parse.entities if e.entity == MONEY)))
    if is_payload(text):
        return parse
    relative = next((e for e in _relative(text, parse) if _JOINS.search(lead(text, e.start))), None)
    if relative:
        return blank(parse, spans([relative]), relative)
    times = [part for e in parse.entities if e.entity == "time" for part in _parts(text, e, today)]
    joined = [e for e in times if _is_joined(text, e)]
    if len(times) > 2 or not (joined or _COMPARES.search(text) or _asks_for_change(text, times)):
        return parse
    second = None
    if joined:
        second = joined[-1]
    elif len(times) == 2:
        second = max(times, key=lambda e: e.start)
    others = [e for e in parse.entities if e.entity != "time"] + [e for e in times if e is not second]
    against = replace(second, entity=AGAINST) if second else Entity(AGAINST, "", len(text), len(text))
    return replace(parse, entities=(*others, against))


def _relative(text: str, parse: Parse) -> Iterator[Entity]:
    """Times that are relative to the other one, as entities `AGAINST`: "the month before", "the one before"."""
    for found in _BEFORE.finditer(text):
        yield Entity(AGAINST, "previous period", *found.span())
    for entity in parse.entities:
        if entity.entity == "shift":
            yield replace(entity, entity=AGAINST)


def _asks_for_change(text: str, times: Sequence[Entity]) -> bool:
    """Whether the text asks for more or less: in a single time that has an end, or as a change between two."""
    if len(times) < 2:
        period = read_period(times)
        return bool(_SPENDS_MORE.search(text)) and (period is None or period.end is not None)
    return bool(_SINCE.search(lead(text, min(time.start for time in times))))


def read_against(entities: Iterable[Entity]) -> Period | Shift | None:
    """What a time is compared with: days, or the unit before it; None if nothing is compared."""
    against = next((e for e in entities if e.entity == AGAINST), None)
    if against is None:
        return None
    period = read_period([replace(against, entity="time")])
    if period is None:
        return read_shift(str(against.value)) or Shift(-1)
    grain = (against.details or {}).get("grain")
    if period.start and period.end is None and grain in GRAINS:  # "up since last month"
        return Period(period.start, step(period.start, cast(Grain, grain), 1), cast(Grain, grain))
    return period


def goes_on(period: Period, today: date) -> bool:
    """Whether the period includes today, or days to come."""
    return period.end is None or period.end > today


def as_many_days(going_on: Period, over: Period, today: date) -> Period | None:
    """The first days of the period `over`, as many as the other has had so far; None if those are all of its days."""
    if going_on.start is None or over.start is None or over.end is None:
        return None
    end = over.start + (today - going_on.start) + timedelta(days=1)
    return Period(over.start, end) if end < over.end else None


def _is_joined(text: str, time: Entity) -> bool:
    """Whether the words right before a time say that it is what another one is compared with."""
    before = lead(text, time.start)
    since = text[time.start : time.end].casefold().startswith("since")
    return bool(_SINCE.search(before) if since else _JOINS.search(before))


def _parts(text: str, time: Entity, today: date) -> Iterator[Entity]:
    """The time; if the grammar read "September to October" as a range, the first and the last unit of it."""
    period, grain = read_period([time]), (time.details or {}).get("grain")
    middle = _BETWEEN.search(text, time.start, time.end)
    if not (middle and period and period.start and period.end) or grain not in GRAINS[1:]:
        yield time
        return
    unit = cast(Grain, grain)
    last = floor(period.end - timedelta(days=1), unit)
    while unit == "month" and last > today:  # "October to September" is read as next year's September
        last = step(last, "year", -1)
    for start, place in ((period.start, (time.start, middle.start())), (last, (middle.end(), time.end))):
        yield Entity("time", start.isoformat(), *place, details=days_between(start, step(start, unit, 1), unit))
