"""Days by their names: `today`, `Friday`, `Tuesday the 19th`, `Wednesday next week`, `christmas`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from bot.nlu.entities.grammar.calendar import Reference, When, add, floor, unit
from bot.nlu.entities.grammar.clocks import clock
from bot.nlu.entities.grammar.dated import Dated, DateRule, end_of_name
from bot.nlu.entities.grammar.dates import day_first, joins_a_date, month_first, surely_a_name, year_after
from bot.nlu.entities.grammar.digits import in_digits
from bot.nlu.entities.grammar.names import FEASTS, MONTHS, PARTS_OF_DAY, UNSURE, WEEKDAYS, feast
from bot.nlu.entities.grammar.reading import closes
from bot.nlu.entities.grammar.tokens import DIGITS, Tokens, grouped, listed

DAYS_FROM_TODAY: Final = grouped({-1: "yesterday yday", 0: "today", 1: "tomorrow tmrw tomorow tommorow tomoz tmr"})
"""Words for days, and their distance from today in days."""


def day_word(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `today`, `yesterday`, `tomorrow week` (a possessive belongs to what follows)."""
    offset = DAYS_FROM_TODAY.get(tokens.words[at])
    if offset is None:
        return None
    end = at + 1
    if offset >= 0 and tokens.words[end] == "week" and closes(tokens, end + 1):
        offset, end = offset + 7, end + 1
    return Dated(end, unit(reference.today + timedelta(days=offset), "day"))


def _nearest_weekday(weekday: int, reference: Reference) -> datetime:
    """Return the latest such day before today, or the first after it; never today, as in Duckling."""
    today = reference.today
    if reference.past:
        return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def nearest_feast(name: str, reference: Reference) -> datetime:
    """Return the latest such feast up to today, or when leaning to the future, the first from today on."""
    for year in (reference.today.year, reference.today.year + reference.direction):
        day = feast(name, year)
        midnight = datetime(day.year, day.month, day.day)
        if midnight == reference.today or (midnight < reference.today) == reference.past:
            return midnight
    raise ValueError("no such feast")


def weekday_from(weekday: int, reference: Reference) -> When:
    """Return the nearest such weekday in the direction that the reference leans."""
    return unit(_nearest_weekday(weekday, reference), "day")


_PEOPLE: Final = listed("i we he she they you it who the a")


def _has_a_time(tokens: Tokens, at: int) -> bool:
    """Whether a time or a part of the day follows the word: `sat at 6pm`, `wed 12:30`, `sun morning`."""
    if tokens.before(at) in _PEOPLE:
        return False
    first = tokens.skip(at + 1, (",",))
    second = tokens.skip(first, ("at", "@"))
    return tokens.words[first] in PARTS_OF_DAY or clock(tokens, second, bare=second > first) is not None


def weekday(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `Friday`, `Tuesday the 19th`, `Fri, 3 May`, `Wednesday next week`, `Friday week`."""
    day = WEEKDAYS.get(tokens.words[at])
    if day is None:
        return None
    dated = _date_behind(tokens, tokens.skip(end_of_name(tokens, at), (",",)), reference, day)
    if dated:
        return dated
    sure = expected or surely_a_name(tokens, at) or joins_a_date(tokens, at) or _has_a_time(tokens, at)
    if tokens.words[at] in UNSURE and not sure:
        return None
    return _weekday_of_week(tokens, at + 1, day, reference) or Dated(at + 1, weekday_from(day, reference))


_MONTHS_AROUND: Final = 25
"""The number of months before and after now in which a date on the given weekday is searched."""


def _date_behind(tokens: Tokens, at: int, reference: Reference, weekday: int) -> Dated | None:
    """Read the date after a weekday; without a year, the nearest that falls on that weekday."""
    for rule in (month_first, day_first, in_digits):
        dated = rule(tokens, at, reference, rule is day_first)
        if dated and dated.when.grain == "day":
            return _falling_on(weekday, rule, tokens, at, reference) or dated
    return None


def _falling_on(weekday: int, rule: DateRule, tokens: Tokens, at: int, reference: Reference) -> Dated | None:
    """Read a date as one that falls on a weekday: the nearest either way, else the next in the leaning direction."""
    ways: tuple[Literal["past"], Literal["future"]] = ("past", "future")
    ordered = ways if reference.past else ways[::-1]
    further = [(way, months) for way in ordered for months in range(1, _MONTHS_AROUND)]
    for way, months in [(way, 0) for way in ordered] + further:
        moved = add(reference.now, "month", months if way == "future" else -months)
        dated = rule(tokens, at, reference.leaning(way, moved), rule is day_first)
        if dated and dated.when.start and dated.when.start.weekday() == weekday:
            return dated
    return None


_LONGEST_DATE: Final = 8
"""The number of tokens in which the comma between a date and a weekday is searched."""


def date_and_weekday(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `Jul 18, Fri`: the weekday determines the year."""
    if "," not in tokens.words[at + 1 : at + _LONGEST_DATE]:
        return None
    for rule in (month_first, day_first, in_digits):
        dated = rule(tokens, at, reference, expected)
        if dated is None or dated.when.grain != "day" or tokens.words[dated.end] != ",":
            continue
        weekday = WEEKDAYS.get(tokens.words[dated.end + 1])
        if weekday is not None:
            end = dated.end + 2
            found = _falling_on(weekday, rule, tokens, at, reference)
            alone = closes(tokens, end) and not tokens.has_digits(end)
            return found._replace(end=end) if found and alone else None
    return None


def _weekday_of_week(tokens: Tokens, at: int, day: int, reference: Reference) -> Dated | None:
    if tokens.words[at] == "week" and closes(tokens, at + 1):
        ahead = _nearest_weekday(day, reference.leaning("future"))
        return Dated(at + 1, unit(ahead + timedelta(days=7), "day"))
    first = tokens.skip(at, ("of", "in"))
    shift = {"last": -7, "this": 0, "next": 7}.get(tokens.words[first])
    if shift is None:
        return None
    if tokens.words[first + 1] == "week":
        monday = floor(reference.now, "week")
        return Dated(first + 2, unit(monday + timedelta(days=shift + day), "day"))
    if shift and first == at and closes(tokens, at + 1):  # "Tuesday last", "Friday next"
        return Dated(at + 1, weekday_from(day, reference.leaning("past" if shift < 0 else "future")))
    return None


def holiday(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read a feast, with a year if there is one."""
    for words, name in FEASTS.get(tokens.words[at], ()):
        if tokens.phrase(at, *words):
            year = year_after(tokens, at + len(words), reference)
            if year:
                day = feast(name, year.value)
                return Dated(year.end, unit(datetime(day.year, day.month, day.day), "day"))
            return Dated(at + len(words), unit(nearest_feast(name, reference), "day"))
    return None


RULES: Final[Mapping[DateRule, frozenset[str]]] = {
    weekday: frozenset(WEEKDAYS),
    date_and_weekday: frozenset(MONTHS) | {DIGITS, "the"},
    day_word: frozenset(DAYS_FROM_TODAY),
    holiday: frozenset(FEASTS),
}
"""The rules for days by their names, and the words that each can begin with."""
