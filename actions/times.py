"""From the times of a message to the days that are asked about: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from bot import Entity

from .question import GRAINS, Grain, Period, step

_LENGTH: Final = re.compile(r"\ba (week|year)\b(?! (ago|before|earlier|later))", re.IGNORECASE)
_DAYS: Final = {"week": 7, "year": 365}


def read_period(entities: Iterable[Entity]) -> Period | None:
    """The days of the first time among the entities; None when there is none."""
    return next((found for e in entities if e.entity == "time" and (found := _read_period(e))), None)


def length_named(text: str, today: date) -> Period | None:
    """ "What does it cost me a year": the 365 days up to and with today (of a week, 7)."""
    found = _LENGTH.search(text)
    if found is None:
        return None
    end = today + timedelta(days=1)
    return Period(end - timedelta(days=_DAYS[found.group(1).casefold()]), end)


def _read_period(entity: Entity) -> Period | None:
    """The days of a time entity; its details hold both ends, half-open, whatever shape the value has."""
    details = entity.details or _details_of(entity.value)
    start, end = _day(details.get("from")), _day(details.get("to"), up=True)
    if start is None and end is None:
        return None
    if start and end and end <= start:
        end = start + timedelta(days=1)
    grain = details.get("grain") or ("month" if start and start.day == 1 else "day")
    named = start is not None and grain in GRAINS and end == step(start, cast(Grain, grain), 1)
    return Period(start, end, cast(Grain, grain) if named else "day")


def _details_of(value: Any) -> Mapping[str, Any]:
    """The ends of a button's payload, `{"from": "2026-10-01", "to": "2026-11-01"}`, in the grammar's shape."""
    sides = value if isinstance(value, Mapping) else {}
    return {side: {"value": sides[side]} for side in ("from", "to") if side in sides}


def _day(side: Any, *, up: bool = False) -> date | None:
    """The day of an end (`{"value": "2026-10-01T00:00:00.000+00:00"}`); with `up`, the next unless at midnight."""
    try:
        moment = datetime.fromisoformat(side["value"])
    except (TypeError, KeyError, ValueError):
        return None
    midnight = moment.time() == datetime.min.time()
    return moment.date() if midnight or not up or moment.date() == date.max else moment.date() + timedelta(days=1)
