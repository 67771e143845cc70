"""Spans of days, and others relative to them: "the month before", "the 3 weeks before", "the same days last year"."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, Literal, TypeAlias

from msgspec import Struct

Grain: TypeAlias = Literal["day", "week", "month", "quarter", "year"]
Unit: TypeAlias = Grain | Literal["weekend"]

GRAINS: Final = ("day", "week", "month", "quarter", "year")
UNITS: Final = (*GRAINS, "weekend")

_DAY: Final = timedelta(days=1)
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_SATURDAY: Final = 5


class Period(Struct, frozen=True, omit_defaults=True):
    """Days from `start` up to, not including, `end`; None is open. `grain` is the calendar unit that was named."""

    start: date | None = None
    end: date | None = None
    grain: Grain = "day"

    def __contains__(self, day: date) -> bool:
        """Whether `day` lies in the period."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)


NOT_FOUND: Final = Period()
"""Stands for days that cannot be worked out: "the same period last year" after nothing that names one."""


class Shift(Struct, frozen=True):
    """`steps` units away from the period in question: "the month before" is -1 month.

    "Before that" names no unit: `grain` is None. "The 3 months before" names their number: `units` is 3.
    """

    steps: int
    grain: Unit | None = None
    units: int | None = None


def moved(period: Period | None, shift: Shift, today: date) -> Period:
    """The days that are `shift` away from the period (from today if there is none).

    Days that are no calendar unit move by their own length: after "the last 3 months" come the 3 months before those,
    whether the shift says "before that" or "the 3 months before".
    """
    if shift.units and shift.grain in GRAINS:
        return _beside(period or Period(today + _DAY, today + _DAY), shift.grain, shift.units, shift.steps, today)
    if period is None or not period.start or period.grain != "day" or shift.grain == "weekend":
        return shifted(period, shift, today)
    end = period.end or max(today, period.start) + _DAY
    if shift.grain:
        rolls = end - step_day(period.start, shift.grain, 1) in (timedelta(), _DAY)
        return _beside(period, shift.grain, 1, shift.steps, today) if rolls else shifted(period, shift, today)
    days = end - period.start
    if days <= _DAY:
        return shifted(period, shift, today)
    if days == 2 * _DAY and period.start.weekday() == _SATURDAY:
        return shifted(period, Shift(shift.steps, "weekend"), today)
    grain, units = _length(period.start, end)
    return _beside(period, grain, units, shift.steps, today)


def shifted(period: Period | None, shift: Shift, today: date) -> Period:
    """The calendar unit `shift` away from the one that `period` begins in (today's if there is none)."""
    grain = shift.grain or (period.grain if period else "month")
    anchor = ((period.start or period.end) if period else None) or today
    if grain == "weekend":
        saturday = step(floor(anchor, "week"), "day", _SATURDAY + 7 * shift.steps)
        return Period(saturday, step(saturday, "day", 2))
    start = step(floor(anchor, grain), grain, shift.steps)
    return Period(start, step(start, grain, 1), grain)


def same_days(period: Period | None, grain: Grain, of: Period | Shift, today: date) -> Period:
    """The days of the period, as far as it has come, in another month or year; `NOT_FOUND` if they cannot be there.

    `grain` is the unit whose days are meant: "the same month last year" is all of it, whatever part was asked about.
    """
    target = shifted(period, of, today) if isinstance(of, Shift) else of
    if target.start is None or target.end != step(target.start, target.grain, 1) or target.grain == "day":
        return NOT_FOUND
    start, end = _unit_of(period, grain, today) if grain != "day" else _so_far(period, today)
    if start is None or end is None or end > step_day(start, target.grain, 1) + _DAY:
        return NOT_FOUND
    steps = _units_between(end - _DAY, target.start, target.grain)
    is_last = target == shifted(None, Shift(-1, target.grain), today)
    if floor(start, target.grain) != floor(end - _DAY, target.grain) and not is_last:
        return NOT_FOUND
    if is_last and steps == 0:  # "the same period last year" after days of last year
        steps = -1
    if grain == "week":
        thursday = step_day(step(start, "day", 3), target.grain, steps)
        return shifted(Period(thursday), Shift(0, grain), today)
    first = min(step_day(start, target.grain, steps), step_day(end, target.grain, steps) - _DAY)
    return _named(first, step_day(end, target.grain, steps))


def floor(day: date, grain: Grain) -> date:
    """The first day of the calendar unit that `day` lies in; weeks begin on Monday."""
    match grain:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)
        case _:
            return day


def step(day: date, grain: Grain, steps: int) -> date:
    """The day `steps` units away from `day`, the first of its unit; clamped to the ends of the calendar."""
    if grain in ("day", "week"):
        try:
            return day + timedelta(days=steps * (7 if grain == "week" else 1))
        except OverflowError:
            return date.max if steps > 0 else date.min
    months = day.year * 12 + day.month - 1 + steps * _MONTHS[grain]
    if not 12 <= months < 12 * 10_000:
        return date.max if steps > 0 else date.min
    return day.replace(year=months // 12, month=months % 12 + 1)


def step_day(day: date, grain: Grain, steps: int) -> date:
    """The day `steps` units away from any day; one that its month lacks is the first of the next month."""
    if grain in ("day", "week"):
        return step(day, grain, steps)
    first = step(floor(day, "month"), grain, steps)
    return first + min(day - floor(day, "month"), step(first, "month", 1) - first)


def _beside(period: Period, grain: Grain, units: int, steps: int, today: date) -> Period:
    """As many units right before the period or, for positive `steps`, right after it."""
    if steps < 0:
        end = period.start or period.end or today + _DAY
        return _named(step_day(end, grain, -units), end)
    start = period.end or today + _DAY
    return _named(start, step_day(start, grain, units))


def _length(start: date, end: date) -> tuple[Grain, int]:
    """How long days last, in months or weeks if they are as many, perhaps with one day more: today's."""
    days = (end - start).days
    near: dict[Grain, int] = {"month": _units_between(start, end, "month"), "week": days // 7}
    for grain, units in near.items():
        if units > 0 and end - step_day(start, grain, units) in (timedelta(), _DAY):
            return grain, units
    return "day", days


def _named(start: date, end: date) -> Period:
    """These days, with the calendar unit that they are, if any."""
    grains: tuple[Grain, ...] = ("month", "quarter", "year")
    return Period(start, end, next((g for g in grains if start == floor(start, g) and end == step(start, g, 1)), "day"))


def _so_far(period: Period | None, today: date) -> tuple[date | None, date | None]:
    """The ends of a period; if it has begun, without the days to come."""
    if period is None or period.start is None:
        return None, None
    goes_on = period.start <= today and (period.end is None or period.end > today)
    return period.start, today + _DAY if goes_on else period.end


def _unit_of(period: Period | None, grain: Grain, today: date) -> tuple[date, date]:
    """The ends of the calendar unit that a period begins in, or today's."""
    start = floor((period and period.start) or today, grain)
    return start, step(start, grain, 1)


def _units_between(day: date, other: date, grain: Grain) -> int:
    """How many calendar units the other day is later than the first."""
    if grain == "week":
        return (floor(other, grain) - floor(day, grain)).days // 7
    months = [d.year * 12 + d.month - 1 for d in (day, other)]
    size = _MONTHS.get(grain, 1)
    return months[1] // size - months[0] // size
