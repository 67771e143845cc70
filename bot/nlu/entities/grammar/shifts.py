"""Dates counted from now: `last month`, `the month before last`, `3 weeks ago`, `the last 10 days`, `next Friday`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.nlu.entities.grammar.calendar import SECONDS, Grain, Reference, When, add, coarse, floor, later, span, unit
from bot.nlu.entities.grammar.clocks import part_of_day
from bot.nlu.entities.grammar.dated import Dated, DateRule
from bot.nlu.entities.grammar.dates import month_from, year_after
from bot.nlu.entities.grammar.fragments import is_fragment
from bot.nlu.entities.grammar.names import FEASTS, MONTHS, PARTS_OF_DAY, SEASONS, UNSURE, WEEKDAYS
from bot.nlu.entities.grammar.quantities import COUNT_WORDS, CYCLES, Count, counted, counts, cycle, is_second_count
from bot.nlu.entities.grammar.reading import closes
from bot.nlu.entities.grammar.tokens import DIGITS, Tokens, grouped
from bot.nlu.entities.grammar.weekdays import nearest_feast, weekday_from

SHIFTS: Final = grouped({-1: "last past previous preceding", 0: "this current", 1: "next coming following upcoming"})
"""Words that move from the current unit of time to another."""


def shifted(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `last month`, `this week`, `next Friday`, `the last 3 weeks`, `this morning`, `last October`."""
    first = tokens.skip(at, ("the",))
    shift = SHIFTS.get(tokens.words[first])
    if shift is None:
        return None
    word, end = tokens.words[first], first + 1
    if shift == 0 and tokens.words[end] in SHIFTS:  # "this past weekend", "this coming Friday"
        shift, end = SHIFTS[tokens.words[end]], end + 1
    grain = cycle(tokens, end)
    if grain and not (tokens.words[end].endswith("s") and shift):
        lately = word == "past" or (word == "last" and first > at)  # "the last month" is not "last month"
        if lately and reference.habits.rolling and coarse(grain):
            return Dated(end + 1, _stretch(-1, grain, reference))
        return _with_weekday(tokens, Dated(end + 1, unit(add(floor(reference.now, grain), grain, shift), grain)))
    count = counted(tokens, end) if shift and tokens.words[end] not in {"a", "an"} else None
    if count and count.value:
        whole = _whole(count)
        return Dated(whole.end, _stretch(shift * int(whole.value), whole.grain, reference))
    return _shifted_name(tokens, end, shift, reference)


def _with_weekday(tokens: Tokens, dated: Dated) -> Dated:
    """Add the day after a week: `next week Thursday`, `last week on Friday`."""
    at = tokens.skip(tokens.skip(dated.end, (",",)), ("on",))
    weekday = WEEKDAYS.get(tokens.words[at]) if tokens.words[at] not in UNSURE else None
    if dated.when.grain != "week" or dated.when.start is None or weekday is None:
        return dated
    return Dated(at + 1, unit(dated.when.start + timedelta(days=weekday), "day"))


def _stretch(count: int, grain: Grain, reference: Reference) -> When:
    """Return the last (count below 0) or next units: including today, or whole calendar units around the present."""
    if not reference.habits.rolling:
        this = floor(reference.now, grain)
        first = this if count < 0 else add(this, grain, 1)
        return _around(first, count, grain, reference)
    if not coarse(grain):
        return _around(floor(reference.now, "second"), count, grain, reference)
    tomorrow = reference.today + timedelta(days=1)
    if count < 0:
        return span(add(reference.today, grain, count), tomorrow, "day")
    return span(reference.today, add(tomorrow, grain, count), "day")


def _around(first: datetime, count: int, grain: Grain, reference: Reference) -> When:
    """Return `count` units before (count below 0) or after a time."""
    other = _moved(Count(0, Decimal(abs(count)), grain), -1 if count < 0 else 1, reference._replace(now=first))
    return span(other, first, grain) if count < 0 else span(first, other, grain)


def _shifted_name(tokens: Tokens, at: int, shift: int, reference: Reference) -> Dated | None:
    word = tokens.words[at]
    if word in WEEKDAYS:
        return Dated(at + 1, _shifted_weekday(WEEKDAYS[word], shift, reference))
    if word in MONTHS and not (shift == 0 and word in UNSURE):  # "this may be", "the current APR"
        return Dated(at + 1, _shifted_month(MONTHS[word], shift, reference))
    if word in {"weekend", "weekends"} or tokens.phrase(at, "week", "-", "end"):
        coming = shift == 1 and tokens.words[at - 1] in {"coming", "upcoming"}
        end = at + 3 if word == "week" else at + 1
        return Dated(end, weekend(0 if coming else shift, reference))
    if word in SEASONS:
        return Dated(at + 1, _season(SEASONS[word], shift, reference))
    if word in PARTS_OF_DAY and (shift == 0 or word in {"night", "evening"}):
        return part_of_day(tokens, at, reference.today + timedelta(days=shift))
    for words, name in FEASTS.get(word, ()):
        if tokens.phrase(at, *words):
            if shift:  # today's feast is neither the last nor the next one
                moved = reference.now + timedelta(days=shift)
                reference = reference.leaning("past" if shift < 0 else "future", moved)
            return Dated(at + len(words), unit(nearest_feast(name, reference), "day"))
    return None


def _shifted_weekday(weekday: int, shift: int, reference: Reference) -> When:
    if shift == 0 and reference.past:
        return unit(floor(reference.now, "week") + timedelta(days=weekday), "day")
    return weekday_from(weekday, reference.leaning("past" if shift < 0 else "future"))


def _shifted_month(month: int, shift: int, reference: Reference) -> When:
    if shift == 0:
        return unit(floor(reference.now, "year").replace(month=month), "month")
    around = add(floor(reference.now, "month"), "month", shift)
    return month_from(month, reference.leaning("past" if shift < 0 else "future", around))


def weekend(shift: int, reference: Reference) -> When:
    """Return the Saturday and Sunday of this week, or of the one `shift` weeks away."""
    saturday = floor(reference.now, "week") + timedelta(days=5 + 7 * shift)
    return span(saturday, saturday + timedelta(days=2), "day")


def _season(month: int, shift: int, reference: Reference) -> When:
    """Return a season; with shift 0 the current or this year's, else the last that is over or the next to begin."""
    this_years = floor(reference.now, "year").replace(month=month)
    begun = this_years if this_years <= reference.now else add(this_years, "year", -1)
    over = add(begun, "month", 3) <= reference.now
    if shift == 0:
        return _three_months(this_years if over else begun)
    if shift > 0:
        return _three_months(add(begun, "year", 1))
    return _three_months(begun if over else add(begun, "year", -1))


def _three_months(start: datetime) -> When:
    return span(start, add(start, "month", 3), "month")


def season(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `summer 2025`, `the winter of last year`, and if a date is expected, `the summer`."""
    first = tokens.skip(at, ("the",))
    month = SEASONS.get(tokens.words[first])
    if month is None:
        return None
    year = year_after(tokens, first + 1, reference)
    if year:
        return Dated(year.end, _three_months(datetime(year.value, month, 1)))
    if not expected or not closes(tokens, first + 1):
        return None
    begun = month_from(month, reference.leaning("past")).start
    if begun and not reference.past and add(begun, "month", 3) <= reference.now:
        begun = add(begun, "year", 1)
    return Dated(first + 1, _three_months(begun)) if begun else None


_BEYOND: Final = {"before": (-1, "last", "yesterday"), "after": (1, "next", "tomorrow")}
"""The direction, and the words for the nearest unit and the nearest day in that direction."""


def before_last(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `the month before last`, `Friday after next`, `the day before yesterday`, `the day after tomorrow`."""
    first = tokens.skip(at, ("the",))
    beyond = _BEYOND.get(tokens.words[first + 1])
    if beyond is None:
        return None
    sign, nearest_unit, nearest_day = beyond
    word, anchor = tokens.words[first], tokens.words[first + 2]
    outer = anchor == nearest_unit
    grain = cycle(tokens, first)
    if grain and (outer or (grain == "day" and anchor == nearest_day)):
        return Dated(first + 3, unit(add(floor(reference.now, grain), grain, 2 * sign), grain))
    if outer and word == "weekend":
        return Dated(first + 3, weekend(2 * sign, reference))
    if outer and word in WEEKDAYS:
        nearest = _shifted_weekday(WEEKDAYS[word], sign, reference).start
        return Dated(first + 3, unit(nearest + timedelta(days=7 * sign), "day")) if nearest else None
    return None


def to_date(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `year to date`, `month to date`, `ytd`: from the beginning of the unit to now."""
    grain: Grain | None = "year"
    end = at + 1
    if tokens.words[at] != "ytd":
        grain = cycle(tokens, at) if tokens.phrase(at + 1, "to", "date") else None
        end = at + 3
    if grain is None or not coarse(grain):
        return None
    return Dated(end, span(floor(reference.now, grain), reference.today + timedelta(days=1), "day"))


def ago(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `3 days ago`, `2 hours and 15 minutes ago`, `two weeks from now`."""
    parts = counts(tokens, at)
    if not parts or is_fragment(tokens, at) or is_second_count(tokens, at):
        return None
    end = parts[-1].end
    if tokens.words[end] in {"ago", "back"}:
        return Dated(end + 1, _away(parts, -1, reference))
    if tokens.words[end] == "hence":
        return Dated(end + 1, _away(parts, 1, reference))
    if tokens.words[end] == "from" and tokens.words[end + 1] in {"now", "today"}:
        return Dated(end + 2, _away(parts, 1, reference))
    return None


def ahead(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `in 3 days`, `in about half an hour`, `in 1 hour and 30 minutes`, `in a week's time`, `within two weeks`."""
    first = tokens.skip(at + 1, ("about", "around"))
    parts = counts(tokens, first) if tokens.words[at] in {"in", "within"} else []
    if not parts:
        return None
    when = _away(parts, 1, reference)
    end = _end_with_time(tokens, parts[-1].end)
    if tokens.words[at] == "in":
        return Dated(end, when)
    return Dated(end, span(floor(reference.now, "second"), when.end if coarse(when.grain) else when.start, "second"))


def _end_with_time(tokens: Tokens, at: int) -> int:
    """Skip what can follow the unit in `a week's time`, `3 days time`."""
    end = at + 2 if tokens.phrase(at, "'", "s") else tokens.skip(at, ("'",))
    return end + 1 if tokens.words[end] == "time" else at


def _away(parts: Sequence[Count], sign: int, reference: Reference) -> When:
    """Move from now: by days, weeks and months to a day, by years to a month (as in Duckling), else to a second."""
    for count in parts:
        reference = reference._replace(now=_moved(count, sign, reference))
    last = _whole(parts[-1]).grain
    grain: Grain = "day" if coarse(last) else "second"
    if last == "year":
        grain = "month"
    return unit(floor(reference.now, grain), grain)


def _moved(count: Count, sign: int, reference: Reference) -> datetime:
    count = _whole(count)
    if coarse(count.grain):
        return add(reference.now, count.grain, sign * int(count.value))
    return later(reference, timedelta(seconds=SECONDS[count.grain] * sign * int(count.value)))


def _whole(count: Count) -> Count:
    """Convert a fractional count to the next finer grain: two and a half hours are 150 minutes."""
    if count.value == int(count.value):
        return count
    finer: dict[Grain, tuple[Grain, int]] = {
        "second": ("second", 1),
        "minute": ("second", 60),
        "hour": ("minute", 60),
        "day": ("hour", 24),
    }
    grain, size = finer.get(count.grain, ("day", SECONDS[count.grain] // SECONDS["day"]))
    return Count(count.end, (count.value * size).to_integral_value(), grain)


RULES: Final[Mapping[DateRule, frozenset[str]]] = {
    shifted: frozenset(SHIFTS) | {"the"},
    before_last: frozenset(CYCLES) | frozenset(WEEKDAYS) | {"the", "weekend"},
    to_date: frozenset(CYCLES) | {"ytd"},
    ago: COUNT_WORDS | {DIGITS},
    season: frozenset(SEASONS) | {"the"},
}
"""The rules for dates counted from now, and the words that each can begin with."""
