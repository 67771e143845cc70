"""Days relative to others: the window before a window, and the same days of another month or year."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.questions.periods import NOT_FOUND, Grain, Period, Shift, moved, same_days, shifted, step_day

TODAY = date(2026, 11, 3)
SEPTEMBER = Period(date(2026, 9, 1), date(2026, 10, 1), "month")
LAST_YEAR = Period(date(2025, 1, 1), date(2026, 1, 1), "year")
days = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("start", "end", "shift", "before"),
    [
        ((2026, 8, 3), (2026, 11, 4), Shift(-1), (2026, 5, 3)),
        ((2026, 8, 3), (2026, 11, 4), Shift(-1, "month", 3), (2026, 5, 3)),
        ((2026, 10, 27), (2026, 11, 4), Shift(-1, "day", 7), (2026, 10, 20)),
        ((2026, 10, 3), (2026, 11, 4), Shift(-1, "month"), (2026, 9, 3)),
        ((2025, 11, 3), (2026, 11, 4), Shift(-1, "year"), (2024, 11, 3)),
        ((2026, 10, 20), (2026, 11, 4), Shift(-1, "week", 2), (2026, 10, 6)),
        ((2026, 10, 5), (2026, 10, 8), Shift(-1), (2026, 10, 2)),
        ((2026, 8, 1), (2026, 11, 1), Shift(-1), (2026, 5, 1)),
    ],
)
def test_shift_moves_a_window_to_the_days_right_before_it(
    start: tuple[int, int, int], end: tuple[int, int, int], shift: Shift, before: tuple[int, int, int]
) -> None:
    found = moved(Period(date(*start), date(*end)), shift, TODAY)
    assert (found.start, found.end) == (date(*before), date(*start))


def test_month_before_some_days_of_a_month_is_the_calendar_month() -> None:
    assert moved(Period(date(2026, 10, 5), date(2026, 10, 21)), Shift(-1, "month"), TODAY) == SEPTEMBER


@pytest.mark.parametrize("shift", [Shift(-1), Shift(-1, "weekend")])
def test_before_a_weekend_comes_the_previous_weekend(shift: Shift) -> None:
    weekend = Period(date(2026, 10, 31), date(2026, 11, 2))
    assert moved(weekend, shift, TODAY) == Period(date(2026, 10, 24), date(2026, 10, 26))


@pytest.mark.parametrize(
    ("period", "of", "same"),
    [
        (Period(date(2026, 1, 1), date(2026, 7, 1)), LAST_YEAR, ((2025, 1, 1), (2025, 7, 1))),
        (Period(date(2026, 10, 5), date(2026, 10, 21)), SEPTEMBER, ((2026, 9, 5), (2026, 9, 21))),
        (Period(date(2026, 10, 5), date(2026, 10, 21)), Shift(-1, "month"), ((2026, 9, 5), (2026, 9, 21))),
        (Period(date(2026, 1, 1), date(2027, 1, 1), "year"), LAST_YEAR, ((2025, 1, 1), (2025, 11, 4))),
        (Period(date(2026, 6, 1)), LAST_YEAR, ((2025, 6, 1), (2025, 11, 4))),
        (Period(date(2026, 10, 20), date(2026, 11, 1)), SEPTEMBER, ((2026, 9, 20), (2026, 10, 1))),
        (Period(date(2025, 10, 1), date(2025, 11, 1), "month"), LAST_YEAR, ((2024, 10, 1), (2024, 11, 1))),
        (Period(date(2025, 11, 3), date(2026, 11, 4)), LAST_YEAR, ((2024, 11, 3), (2025, 11, 4))),
        (Period(date(2026, 9, 5), date(2026, 9, 21)), SEPTEMBER, ((2026, 9, 5), (2026, 9, 21))),
    ],
)
def test_same_days_are_those_of_the_other_month_or_year(
    period: Period, of: Period | Shift, same: tuple[tuple[int, int, int], tuple[int, int, int]]
) -> None:
    found = same_days(period, "day", of, TODAY)
    assert (found.start, found.end) == (date(*same[0]), date(*same[1]))


def test_same_month_is_all_of_it() -> None:
    some_days = Period(date(2026, 10, 5), date(2026, 10, 21))
    assert same_days(some_days, "month", LAST_YEAR, TODAY) == Period(date(2025, 10, 1), date(2025, 11, 1), "month")
    assert same_days(some_days, "week", LAST_YEAR, TODAY) == Period(date(2025, 10, 6), date(2025, 10, 13), "week")


@pytest.mark.parametrize(
    ("period", "of"),
    [
        (None, LAST_YEAR),
        (Period(None, date(2026, 10, 1)), LAST_YEAR),
        (Period(date(2026, 1, 1), date(2027, 1, 1), "year"), SEPTEMBER),
        (Period(date(2026, 10, 5), date(2026, 10, 21)), Period(date(2026, 9, 1))),
        (Period(date(2026, 8, 20), date(2026, 9, 10)), Period(date(2026, 6, 1), date(2026, 7, 1), "month")),
    ],
)
def test_same_days_are_not_found_where_they_are_not_clear(period: Period | None, of: Period) -> None:
    assert same_days(period, "day", of, TODAY) == NOT_FOUND


@given(days, st.sampled_from(["month", "quarter", "year"]), st.integers(-50, 50))
def test_step_from_any_day_stays_in_the_unit_or_ends_with_it(day: date, grain: Grain, steps: int) -> None:
    there = step_day(day, grain, steps)
    month = shifted(Period(day), Shift(0, "month"), TODAY)
    assert month.start is not None
    first = step_day(month.start, grain, steps)
    assert first <= there <= step_day(first, "month", 1)
