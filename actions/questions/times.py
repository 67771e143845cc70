"""From the times in a message to the days that are asked about; also misspelt times and impossible dates. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, cast

from msgspec.structs import replace
from rapidfuzz import fuzz, process

from bot import Entity, Parse

from ..formatting import MONTHS
from ..text import JOINED_WORD, lead, listed, pattern, swapped
from .marks import blank, covered
from .periods import GRAINS, Grain, Period, floor, step

_LENGTH: Final = pattern(
    r"(\b(?:in|over|within|for|during|half)\s+)?\ban? (day|week|month|year)\b"
    r"(?! (?:ago|before|earlier|later|out|off|trip)\b)|\b(week|month|year)ly\b|\bannually\b"
)
_YET: Final = pattern(r"(?<!not )\byet\b")
_DAYS: Final = {"week": 7, "year": 365}
_MONTHS: Final = tuple(month.casefold() for month in MONTHS)
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIMES: Final = (
    *(month for month in _MONTHS if month != "may"),
    *_WEEKDAYS,
    *("yesterday", "today", "tomorrow", "week", "weeks", "month", "months", "year", "years", "weekend", "quarter"),
)
_UNITS: Final = pattern(r"\s+(?:days?|weekends?|weeks?|fortnights?|months?|quarters?|years?)\b")
_UNIT: Final = pattern(r"\b(\w{4}) (day|week|weekend|month|quarter|year)\b")
_WHICH: Final = ("last", "this", "next", "past")
_REAL: Final = listed("monthly weekly yearly daily fortnight days")
_SHORTEST: Final = 4
_NEAR: Final = 85.0
"""The lowest similarity (0 to 100, rapidfuzz's ratio) of a typing mistake to a word of time."""

_AHEAD: Final = pattern(
    r"\bnext\b(?! (?:page|ones?|few|lot|rows?|\d+|five|ten|twenty)\b)(?=.)|\b(?<!what is )(?<!what['’]s )next\W*\Z"
    r"|\bupcoming\b|\b(?:when|what|how much|which)\b.*\bwill (?:I|we|my|the|it|they|be)\b"
    r"|(?:\b(?:is|are|am)|['’]s)\b.*\bgoing to (?:be|cost|come|go|get|have|pay|spend|need)\b"
    r"|\A\W*will (?:I|we|my|the)\b|\bwhen\b.*\bdue\b"
    r"|\bcoming (?:up|out (?:soon|later))\b|\bscheduled\b"
    r"|\bleft to (?:pay|come|go out)\b(?! (?:off )?on (?:my|the) (?:\w+ )?card\b)"
    r"|\b(?:what|which|any|how many)\b.*\bbills?\b.*\b(?:is|are|have (?:I|we)|(?:I|we)(?: have|['’]ve))"
    r"(?: still)?(?: got)? left\b"
    r"|\bstill (?:(?:have|has|had|got|need|needs) )*(?:to (?:be )?(?:pay|paid|come|go)|coming|due|going out)\b"
)
_HABIT: Final = pattern(
    r"(?<=[,;.!?-])\s*(?:(?:but|and|as|because|since|cos)\s+)?(?:they|it|that|she|he|I|we)\s+"
    r"(?:usually|normally|always|typically|generally)\b[^.?!;]*"
)
"""A remark about what usually happens, next to a question."""

_ON_A_DAY: Final = pattern(
    r"\b(?:transactions?|payments?|purchases?|charges?|entries|debits|deposits|txns?|everything|anything|things?|stuff"
    r"|ones?)(?: (?:at|to|on|with|for) \w+(?: \w+)??)? \Z"
)
_GOES_ON: Final = pattern(
    r"(?!from\b)|from(?: \w+){1,4}? (?:(?:to|until|till?|up|onwards?|forwards?|through|now)\b|on\W*\Z)"
)
PAYDAY: Final = "payday"
"""The value of the time entity for "since I got paid"."""

_SINCE_PAY: Final = pattern(
    r"\bsince (?:(?:I|we) (?:last )?(?:got|was|were|get) (?:last )?paid\b(?! (?:by|for|back|£|\d))"
    r"|(?:my |our |the )?(?:last )?(?:pay ?day|pay ?check|pay|salary|wages)\b"
    r"(?: (?:came|arrived|went|was paid|got paid)(?: in)?\b)?)"
)
_FOUR_DIGITS: Final = re.compile(r"\d{4}", re.ASCII)
_FIRST_YEAR: Final = 2015
_A_NUMBER_OF: Final = pattern(r"\b(?:last|latest|first|top|next|over|under|above|below|than|least|most|exactly)\s+\Z")
_MONTH: Final = "|".join(f"{month[:3]}(?:{month[3:]})?" for month in _MONTHS)
_YEAR: Final = r"\b(?:,?\s+(\d{4})\b)?"
_DAY: Final = r"(\d{1,2})(?:st|nd|rd|th)?"
_DAY_MONTH: Final = pattern(rf"(?<![£€$\d.,])\b{_DAY}(?:\s+of)?\s+({_MONTH}){_YEAR}")
_MONTH_DAY: Final = pattern(rf"\b({_MONTH})\s+(?:the\s+)?{_DAY}{_YEAR}")
_MORE_THAN_IN: Final = "(since|until|till|before|after|from|to|by|between|and|than|next|last|this)"
_DIGITS: Final = re.compile(r"\b(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[/.](\d{1,2})[/.](\d{4}))\b")
_SLASHED: Final = re.compile(r"(?<![£€$\d.,/])\b(\d{1,2})/(\d{1,2})\b(?![/\d])")


class Slip(NamedTuple):
    """A misspelt word of time, and the word that it resembles."""

    said: str
    near: str

    @property
    def written(self) -> str:
        """The correct word; months and weekdays with a capital."""
        return self.near.capitalize() if self.near in (*_MONTHS, *_WEEKDAYS) else self.near


def with_times(parse: Parse, today: date) -> Parse:
    """The message with two times added that the grammar does not know: a bare year, and "since I got paid".

    "Payments from Friday" means those of that day; remarks about habits ("they usually come in May") are blanked out.
    A bare year is at most the current one, and does not count something. The grammar reads "in 2025", "since 2025" and
    "June 2025" itself. The day for "since I got paid" only the bank knows: see `since_pay`.
    """
    entities = (_as_day(parse.text, _as_year(parse.text, entity, today)) for entity in parse.entities)
    parse = replace(parse, entities=tuple(entities))
    if remarks := [habit.span() for habit in _HABIT.finditer(parse.text)]:
        parse = blank(parse, remarks)
    found = _SINCE_PAY.search(parse.text)
    return blank(parse, [found.span()], Entity("time", PAYDAY, *found.span())) if found else parse


def since_pay(parse: Parse) -> bool:
    """Whether the message asks for what was booked since the last payday."""
    return any(entity.entity == "time" and entity.value == PAYDAY for entity in parse.entities)


def read_period(entities: Iterable[Entity]) -> Period | None:
    """The days of the first time among the entities; None if there is none."""
    periods = (_period_of(entity) for entity in entities if entity.entity == "time")
    return next((period for period in periods if period), None)


def length_named(text: str, today: date) -> Period | None:
    """The days that are meant although no time is named; None if there are none.

    "What does it cost me a year" means the 365 days up to and including today (for a week, 7), and "has my salary come
    yet" this month.
    """
    if asks_yet(text):
        return Period(floor(today, "month"), step(floor(today, "month"), "month", 1), "month")
    found = _LENGTH.search(text)
    days = _DAYS.get(_unit(found)) if found else None
    return Period(today + timedelta(days=1 - days), today + timedelta(days=1)) if days else None


def counts_time(text: str, number: Entity) -> bool:
    """Whether a number counts units of time: the "2" of "the first 2 weeks of October"."""
    return bool(_UNITS.match(text, number.end))


def asks_yet(text: str) -> bool:
    """Whether the text asks about something that should have come by now: "have I been paid yet"."""
    return bool(_YET.search(text))


def unit_of_rate(text: str) -> str | None:
    """The "week" of "how much do I spend a week"."""
    found = _LENGTH.search(text)
    return _unit(found) if found and not found.group(1) else None


def _unit(found: re.Match[str]) -> str:
    return (found.group(2) or found.group(3) or "year").casefold()


def impossible_date(text: str) -> str | None:
    """A date in the text that does not exist ("31 February"), or None; without a year, 29 February is accepted."""
    return next((said for said, year, month, day in _dates(text) if not _exists(year, month, day)), None)


def looks_ahead(parse: Parse) -> bool:
    """Whether the message asks about the future: "when do I get paid next", "when will my rent go out"."""
    read = covered(parse)
    return any(found.start() not in read for found in _AHEAD.finditer(parse.text))


def misspelt_time(parse: Parse) -> Slip | None:
    """A word outside entities that is almost a month, a weekday or another word of time, or two words: "lats week"."""
    read = covered(parse)
    for match in _UNIT.finditer(parse.text):
        meant = next((word for word in swapped(match.group(1).casefold()) if word in _WHICH), None)
        if meant and match.start() not in read:
            return Slip(match.group(), f"{meant} {match.group(2).casefold()}")
    for match in JOINED_WORD.finditer(parse.text):
        word = match.group().casefold().removesuffix("'s").removesuffix("’s")
        if match.start() in read or len(word) < _SHORTEST or word in _REAL or word in _TIMES:
            continue
        near = process.extractOne(word, _TIMES, scorer=fuzz.ratio, score_cutoff=_NEAR)
        if near:
            return Slip(match.group(), near[0])
    return None


def misspelt_month(slip: Slip, text: str, today: date) -> Period | None:
    """The last such month that has begun; None if it is not a month, or a word or number next to it says more."""
    said = re.escape(slip.said)
    if slip.near not in _MONTHS or re.search(rf"\b{_MORE_THAN_IN}\s+{said}", text, re.IGNORECASE):
        return None
    if re.search(rf"\d\S*(\s+of)?\s+{said}|{said}[\s,]+\d", text):
        return None
    month = _MONTHS.index(slip.near) + 1
    start = date(today.year - (month > today.month), month, 1)
    return Period(start, step(start, "month", 1), "month")


def _as_year(text: str, entity: Entity, today: date) -> Entity:
    said = text[entity.start : entity.end]
    if entity.entity != "number" or not _FOUR_DIGITS.fullmatch(said):
        return entity
    year = int(said)
    if not _FIRST_YEAR <= year <= today.year or _A_NUMBER_OF.search(lead(text, entity.start)):
        return entity
    days = days_between(date(year, 1, 1), date(year + 1, 1, 1), "year")
    return replace(entity, entity="time", value=f"{year}-01-01", details=days)


def _as_day(text: str, entity: Entity) -> Entity:
    """The time with an end added if it means a single day, as in "payments from Friday"."""
    details = entity.details or {}
    day, open_ended = _day(details.get("from")), details.get("to") is None and details.get("grain") == "day"
    if entity.entity != "time" or not open_ended or day is None or day == date.max:
        return entity
    if _GOES_ON.match(text, entity.start) or not _ON_A_DAY.search(lead(text, entity.start)):
        return entity
    return replace(entity, details={**details, "to": {"value": (day + timedelta(days=1)).isoformat()}})


def _period_of(entity: Entity) -> Period | None:
    """The days of a time entity; its details contain both ends, half-open, whatever form the value has."""
    details = entity.details or _details_of(entity.value)
    start, end = _day(details.get("from")), _day_after(details.get("to"))
    if start is None and end is None:
        return None
    if start and end and end <= start:
        end = start + timedelta(days=1)
    grain = details.get("grain") or ("month" if start and start.day == 1 else "day")
    named = start is not None and grain in GRAINS and end == step(start, cast(Grain, grain), 1)
    return Period(start, end, cast(Grain, grain) if named else "day")


def days_between(start: date, end: date, grain: Grain) -> dict[str, Any]:
    """The details of a time entity, in the grammar's format, for the days from `start` up to, not including, `end`."""
    return {"from": {"value": start.isoformat()}, "to": {"value": end.isoformat()}, "grain": grain}


def _details_of(value: Any) -> Mapping[str, Any]:
    """The ends in a button's payload, `{"from": "2026-10-01", "to": "2026-11-01"}`, in the grammar's format."""
    sides = value if isinstance(value, Mapping) else {}
    return {side: {"value": sides[side]} for side in ("from", "to") if side in sides}


def moment_of(side: Any) -> datetime | None:
    """One end of a time from the grammar (`{"value": "2026-10-01T00:00:00.000+00:00"}`); None if it is open."""
    try:
        return datetime.fromisoformat(side["value"])
    except (TypeError, KeyError, ValueError):
        return None


def _day(side: Any) -> date | None:
    """The day that an end of a time lies in."""
    moment = moment_of(side)
    return moment.date() if moment else None


def _day_after(side: Any) -> date | None:
    """The first day after an end of a time: its own day if it is at midnight."""
    moment = moment_of(side)
    if moment is None:
        return None
    at_midnight = moment.time() == datetime.min.time()
    return moment.date() if at_midnight or moment.date() == date.max else moment.date() + timedelta(days=1)


def _dates(text: str) -> Iterator[tuple[str, int | None, int, int]]:
    for found in _DAY_MONTH.finditer(text):
        yield found.group(), _year(found.group(3)), _month(found.group(2)), int(found.group(1))
    for found in _MONTH_DAY.finditer(text):
        yield found.group(), _year(found.group(3)), _month(found.group(1)), int(found.group(2))
    for found in _SLASHED.finditer(text):
        one, other = int(found.group(1)), int(found.group(2))
        if not _exists(None, one, other):  # the grammar reads 9/13 the American way
            yield found.group(), None, other, one
    for found in _DIGITS.finditer(text):
        year, month, day = found.group(1, 2, 3) if found.group(1) else found.group(6, 5, 4)
        yield found.group(), int(year), int(month), int(day)


def _exists(year: int | None, month: int, day: int) -> bool:
    return 1 <= month <= 12 and year != 0 and 1 <= day <= monthrange(year or 2000, month)[1]


def _year(said: str | None) -> int | None:
    return int(said) if said else None


def _month(said: str) -> int:
    return next(n for n, month in enumerate(_MONTHS, 1) if month.startswith(said.casefold()[:3]))
