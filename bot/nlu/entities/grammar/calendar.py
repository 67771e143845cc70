"""Calendar arithmetic on wall-clock times, and stretches of time with a grain."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from bot.messages import Json
from bot.nlu.entities.grammar.habits import Habits

Grain = Literal["second", "minute", "hour", "day", "week", "month", "quarter", "year"]

GRAINS: Final[tuple[Grain, ...]] = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
MONTHS_EACH: Final[dict[Grain, int]] = {"month": 1, "quarter": 3, "year": 12}
"""The number of months in the grains that consist of months."""

SECONDS: Final[dict[Grain, int]] = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "week": 604800,
    "month": 2592000,
    "quarter": 7776000,
    "year": 31536000,
}
"""Seconds of each grain; months count 30 days and years 365, as in Duckling's normalised durations."""


class Reference(NamedTuple):
    """What phrases are relative to: the wall clock, and the habits for ambiguous ones."""

    now: datetime
    habits: Habits

    @property
    def today(self) -> datetime:
        """The midnight at which today began."""
        return floor(self.now, "day")

    @property
    def past(self) -> bool:
        """Whether ambiguous phrases lean to the past."""
        return self.habits.prefer == "past"

    @property
    def direction(self) -> int:
        """-1 if ambiguous phrases lean to the past, else 1."""
        return -1 if self.past else 1

    def leaning(self, prefer: Literal["past", "future"], now: datetime | None = None) -> Reference:
        """Return a reference that leans this way, with another time if `now` is given."""
        habits = self.habits
        if habits.prefer != prefer:
            habits = replace(habits, prefer=prefer)
        return Reference(now or self.now, habits)


class When(NamedTuple):
    """A stretch of time that includes `start` but not `end`; None is open. `interval` is False for a single unit.

    `other` is the start in the second reading of an ambiguous clock time.
    """

    start: datetime | None
    end: datetime | None
    grain: Grain
    interval: bool = False
    other: datetime | None = None


def unit(start: datetime, grain: Grain) -> When:
    """Return the single unit (day, month, ...) that begins at `start`."""
    return When(start, add(start, grain, 1), grain)


def span(start: datetime | None, end: datetime | None, grain: Grain) -> When:
    """Return an interval; None leaves a side open."""
    return When(start, end, grain, interval=True)


def coarse(grain: Grain) -> bool:
    """Whether the grain is a day or longer."""
    return GRAINS.index(grain) >= GRAINS.index("day")


def floor(time: datetime, grain: Grain) -> datetime:
    """Return the beginning of the unit that `time` is in; weeks begin on Monday (ISO 8601)."""
    if grain == "second":
        return time.replace(microsecond=0)
    if grain == "minute":
        return time.replace(second=0, microsecond=0)
    if grain == "hour":
        return time.replace(minute=0, second=0, microsecond=0)
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return day.replace(day=1, month=day.month - (day.month - 1) % 3)
    return day.replace(day=1, month=1)


def add(time: datetime, grain: Grain, count: int) -> datetime:
    """Move by `count` units, at most to the last day of a month. Raises OverflowError outside the years 1 to 9999."""
    months = MONTHS_EACH.get(grain)
    if months is None:
        # When summer time ends an hour occurs twice: `fold` says which one is meant.
        return (time + timedelta(seconds=SECONDS[grain] * count)).replace(fold=time.fold)
    total = time.year * 12 + time.month - 1 + months * count
    year, month = divmod(total, 12)
    if not 1 <= year <= 9999:
        raise OverflowError("outside the calendar")
    return time.replace(year=year, month=month + 1, day=min(time.day, monthrange(year, month + 1)[1]))


def later(reference: Reference, time: timedelta) -> datetime:
    """The wall clock after that much elapsed time, across changes to and from summer time."""
    zone = reference.habits.zone
    return (reference.now.replace(tzinfo=zone).astimezone(UTC) + time).astimezone(zone).replace(tzinfo=None)


def described(when: When, habits: Habits) -> tuple[Json, dict[str, Json]]:
    """Return a stretch of time as value and details in Duckling's shapes.

    The details of single units have `from` and `to` too, half-open, so that
    callers can look things up in a period without calendar arithmetic. Raises
    ValueError for an empty stretch.
    """
    if when.start and when.end and when.start >= when.end and _utc(when.start, habits) >= _utc(when.end, habits):
        raise ValueError("no time between start and end")
    sides = {
        side: {"value": _iso(time, habits), "grain": when.grain}
        for side, time in (("from", when.start), ("to", when.end))
        if time is not None
    }
    if when.interval or when.start is None:
        value = {side: sides[side]["value"] if side in sides else None for side in ("to", "from")}
        return value, {"type": "interval", "grain": when.grain, **sides, "values": [{"type": "interval", **sides}]}
    times = [_iso(time, habits) for time in (when.start, when.other) if time]
    values = [{"type": "value", "value": time, "grain": when.grain} for time in times]
    return values[0]["value"], {**values[0], **sides, "values": values}


def _utc(time: datetime, habits: Habits) -> datetime:
    """Convert to UTC, which distinguishes the hours that occur twice when summer time ends."""
    return time.replace(tzinfo=habits.zone).astimezone(UTC)


def _iso(time: datetime, habits: Habits) -> str:
    return time.replace(tzinfo=habits.zone).isoformat(timespec="milliseconds")
