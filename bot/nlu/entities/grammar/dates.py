"""Dates: `3 May 2025`, `3/11/2026`, `the 5th`, `October`, `Friday`, `Q3 2025`, `christmas`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from bot.nlu.entities.grammar.calendar import Reference, When, add, floor, unit
from bot.nlu.entities.grammar.dated import Dated, DateRule, nearest_day
from bot.nlu.entities.grammar.digits import in_digits
from bot.nlu.entities.grammar.names import FEASTS, MONTHS, UNSURE, WEEKDAYS, feast
from bot.nlu.entities.grammar.numbers import ORDINAL_WORDS, ordinal
from bot.nlu.entities.grammar.reading import closes
from bot.nlu.entities.grammar.tokens import DIGITS, Tokens

_OFFSETS: Final = {"today": 0, "yesterday": -1, "tomorrow": 1, "tmrw": 1, "tomorow": 1, "tommorow": 1, "yday": -1}


def day_word(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `today`, `yesterday`, `tomorrow` (a possessive belongs to what follows)."""
    offset = _OFFSETS.get(tokens.words[at])
    return None if offset is None else Dated(at + 1, unit(reference.today + timedelta(days=offset), "day"))


# --- the year that is not said ------------------------------------------------


def _nearest_month(month: int, reference: Reference) -> datetime:
    this = floor(reference.now, "month")
    candidate = this.replace(month=month)
    if reference.past and candidate > this:
        return add(candidate, "year", -1)
    return add(candidate, "year", 1) if not reference.past and candidate < this else candidate


def _nearest_weekday(weekday: int, reference: Reference) -> datetime:
    """Give the latest such day before today, or the first after it; never today, as in Duckling."""
    today = reference.today
    ahead = (weekday - today.weekday() - 1) % 7 + 1
    return today + timedelta(days=ahead - 7 if ahead < 7 else -7) if reference.past else today + timedelta(days=ahead)


def nearest_feast(name: str, reference: Reference) -> datetime:
    """Give the latest such feast up to today, or the first from today on."""
    step = -1 if reference.past else 1
    for year in (reference.today.year, reference.today.year + step):
        day = feast(name, year)
        midnight = datetime(day.year, day.month, day.day)
        if midnight == reference.today or (midnight < reference.today) == reference.past:
            return midnight
    raise ValueError("no such feast")


def weekday_from(weekday: int, reference: Reference) -> When:
    """Give the nearest such weekday in the direction that the reference leans to."""
    return unit(_nearest_weekday(weekday, reference), "day")


def month_from(month: int, reference: Reference) -> When:
    """Give the nearest such month in the direction that the reference leans to, this month included."""
    return unit(_nearest_month(month, reference), "month")


# --- years --------------------------------------------------------------------


def year_number(tokens: Tokens, at: int) -> int | None:
    """Read a year of four digits, 1900 to 2199."""
    word = tokens.words[at]
    plausible = len(word) == 4 and word.isdecimal() and 1900 <= int(word) < 2200
    return int(word) if plausible and not (tokens.glued(at + 1) and tokens.words[at + 1].isalnum()) else None


def _year_after(tokens: Tokens, at: int, reference: Reference) -> tuple[int, int] | None:
    """Read a year behind a month or day: `2025`, `, 2025`, `of 2025`, `'25`, `last year`."""
    words = tokens.words
    if words[at] == "'" and len(words[at + 1]) == 2 and tokens.glued(at + 1) and words[at + 1].isdecimal():
        return at + 2, 2000 + int(words[at + 1])
    first = tokens.skip(at, (",", "of", "in"))
    year = year_number(tokens, first)
    if year is not None:
        return first + 1, year
    first = tokens.skip(tokens.skip(at, ("of",)), ("the",))
    shift = {"last": -1, "previous": -1, "this": 0, "next": 1}.get(words[first])
    if shift is not None and words[first + 1] == "year":
        return first + 2, reference.now.year + shift
    return None


def bare_year(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read a year that stands alone where a date is expected."""
    year = year_number(tokens, at) if led else None
    return (year and Dated(at + 1, unit(datetime(year, 1, 1), "year"))) or None


# --- months and their days ----------------------------------------------------


def month_first(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `October`, `Oct 2025`, `May 3rd, 2025`, `October last year`."""
    month = MONTHS.get(tokens.words[at])
    if month is None:
        return None
    end = tokens.skip(at + 1, (".",)) if len(tokens.words[at]) < 5 else at + 1
    day = day_number(tokens, tokens.skip(end, ("the",)))
    if day and not _counts_something(tokens, day[0]):
        return _dated_day(tokens, day[0], month, day[1], reference)
    year = _year_after(tokens, end, reference)
    if year:
        return Dated(year[0], unit(datetime(year[1], month, 1), "month"))
    if tokens.words[at] in UNSURE and not led and not _surely_a_name(tokens, at):
        return None
    return Dated(at + 1, month_from(month, reference))


def _counts_something(tokens: Tokens, at: int) -> bool:
    """Tell `in May 3 people` from `May 3`: a noun after the number belongs to it."""
    return tokens.words[at - 1].isdecimal() and not closes(tokens, at)


def _surely_a_name(tokens: Tokens, at: int) -> bool:
    """Whether a word is written with a capital letter within a sentence, or is all that is said."""
    if tokens.count == 1:
        return True
    written = tokens.text[tokens.starts[at] : tokens.ends[at]]
    return at > 0 and written[:1].isupper() and written[1:].islower()


def day_number(tokens: Tokens, at: int) -> tuple[int, int] | None:
    """Read a day of the month: `5`, `5th`, `fifth`; its end and the day."""
    read = ordinal(tokens, at)
    if read:
        return (read.end, int(read.value)) if 1 <= read.value <= 31 else None
    word = tokens.words[at]
    if not (len(word) <= 2 and word.isdecimal() and 1 <= int(word) <= 31):
        return None
    follows = tokens.words[at + 1]
    if (follows in {":", "%"} or follows.isalpha()) and tokens.glued(at + 1) and follows not in MONTHS:
        return None
    decimals = (
        follows in {".", ",", "/"} and tokens.glued(at + 1) and tokens.glued(at + 2) and tokens.has_digits(at + 2)
    )
    return None if decimals or follows in {"am", "pm"} else (at + 1, int(word))


def _dated_day(tokens: Tokens, end: int, month: int, day: int, reference: Reference) -> Dated:
    year = _year_after(tokens, end, reference)
    if year:
        return Dated(year[0], unit(datetime(year[1], month, day), "day"))
    return Dated(end, unit(nearest_day(month, day, reference), "day"))


def day_first(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `3 May`, `the 3rd of May 2025`, `the 5th of last month`, `the 5th`."""
    first = tokens.skip(at, ("the",))
    day = day_number(tokens, first)
    if day is None:
        return None
    end = tokens.skip(tokens.skip(day[0], ("day",)) if first > at else day[0], ("of",))
    month = MONTHS.get(tokens.words[end])
    if month:
        after = tokens.skip(end + 1, (".",)) if len(tokens.words[end]) < 5 else end + 1
        dated = _dated_day(tokens, after, month, day[1], reference)
        return dated._replace(end=end + 1) if dated.end == after else dated
    return _day_of_month_phrase(tokens, end, day[1], reference) or _day_alone(tokens, at, day, reference, led)


def _day_of_month_phrase(tokens: Tokens, at: int, day: int, reference: Reference) -> Dated | None:
    """Read what follows the day in `the 5th of last month`."""
    if tokens.words[at - 1] != "of" or tokens.words[at + 1] != "month":
        return None
    shift = {"the": 0, "this": 0, "last": -1, "next": 1, "previous": -1, "every": 0}.get(tokens.words[at])
    if shift is None:
        return None
    month = add(floor(reference.now, "month"), "month", shift)
    return Dated(at + 2, unit(month.replace(day=day), "day"))


def _day_alone(tokens: Tokens, at: int, day: tuple[int, int], reference: Reference, led: bool) -> Dated | None:
    """Read `the 5th` with nothing behind it; in words (`the first`) only where a date is expected."""
    end, number = day
    article, in_digits = tokens.words[at] == "the", tokens.has_digits(end - 2) and tokens.glued(end - 1)
    if not (in_digits if led else article and in_digits) and not (led and article and not tokens.has_digits(end - 1)):
        return None
    return Dated(end, unit(day_of_month(number, reference), "day")) if closes(tokens, end) else None


def day_of_month(day: int, reference: Reference) -> datetime:
    """Give the latest such day of a month up to today, or the first from today on."""
    month, step = floor(reference.now, "month"), -1 if reference.past else 1
    for months in range(3):
        start = add(month, "month", step * months)
        try:
            candidate = start.replace(day=day)
        except ValueError:
            continue
        if candidate == reference.today or (candidate < reference.today) == reference.past:
            return candidate
    raise ValueError("no such day")


# --- weekdays, quarters, feasts -----------------------------------------------


def weekday(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `Friday`, `Tuesday the 19th`, `Fri, 3 May`, `Wednesday next week`, `Friday week`."""
    day = WEEKDAYS.get(tokens.words[at])
    if day is None:
        return None
    end = tokens.skip(at + 1, (".",)) if len(tokens.words[at]) < 5 else at + 1
    dated = _date_behind(tokens, tokens.skip(end, (",",)), reference, day)
    if dated:
        return dated
    if tokens.words[at] in UNSURE and not led and not _surely_a_name(tokens, at):
        return None
    return _weekday_of_week(tokens, at + 1, day, reference) or Dated(at + 1, weekday_from(day, reference))


_MONTHS_AROUND: Final = 25
"""Months before and after now in which a date is looked for that falls on the weekday said with it."""


def _date_behind(tokens: Tokens, at: int, reference: Reference, weekday: int) -> Dated | None:
    """Read the date that stands behind a weekday; without a year, the nearest on which that weekday falls."""
    for rule in (month_first, day_first, in_digits):
        dated = rule(tokens, at, reference, rule is day_first)
        if dated is None or dated.when.grain != "day":
            continue
        for months in range(_MONTHS_AROUND):
            for lean in ("past", "future") if reference.past else ("future", "past"):
                moved = add(reference.now, "month", months if lean == "future" else -months)
                other = rule(tokens, at, reference.leaning(lean, moved), rule is day_first)
                if other and other.when.start and other.when.start.weekday() == weekday:
                    return other
        return dated
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


def quarter(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `Q3`, `Q3 2025`, `the third quarter of last year`."""
    first = tokens.skip(at, ("the",))
    number = ordinal(tokens, first)
    if tokens.words[first] == "q" and tokens.glued(first + 1) and tokens.words[first + 1] in {"1", "2", "3", "4"}:
        end, which = first + 2, int(tokens.words[first + 1])
    elif number and 1 <= number.value <= 4 and tokens.words[number.end] in {"quarter", "qtr"}:
        end, which = number.end + 1, int(number.value)
    else:
        return None
    year = _year_after(tokens, end, reference)
    if year:
        return Dated(year[0], unit(datetime(year[1], 3 * which - 2, 1), "quarter"))
    start = _nearest_month(3 * which - 2, reference._replace(now=floor(reference.now, "quarter")))
    return Dated(end, unit(start, "quarter"))


def holiday(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read a feast, with a year if there is one."""
    for words, name in FEASTS.get(tokens.words[at], ()):
        if tokens.phrase(at, *words):
            year = _year_after(tokens, at + len(words), reference)
            if year:
                day = feast(name, year[1])
                return Dated(year[0], unit(datetime(day.year, day.month, day.day), "day"))
            return Dated(at + len(words), unit(nearest_feast(name, reference), "day"))
    return None


RULES: Final[Mapping[DateRule, frozenset[str]]] = {
    in_digits: frozenset({DIGITS}),
    day_first: ORDINAL_WORDS | {DIGITS, "the"},
    month_first: frozenset(MONTHS),
    weekday: frozenset(WEEKDAYS),
    day_word: frozenset(_OFFSETS),
    quarter: ORDINAL_WORDS | {DIGITS, "the", "q"},
    holiday: frozenset(FEASTS),
    bare_year: frozenset({DIGITS}),
}
"""The rules for dates, and the words that each can begin with."""
