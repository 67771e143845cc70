"""Which days are compared, and the difference between two sums."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from actions.questions.comparisons import as_many_days, goes_on, with_comparison
from actions.questions.periods import Period, Shift
from actions.questions.question import Filters, Said, merge
from actions.questions.said import understand
from actions.questions.selection import Sum, differences
from bot import Parse
from tests.assistant.test_said import GRAMMAR, NOW

TODAY = date(2026, 11, 3)


def test_weekend_is_compared_with_the_previous_weekend() -> None:
    weekend = Period(date(2026, 10, 31), date(2026, 11, 2))
    merged = merge(Filters(period=weekend), Said(against=Shift(-1)), TODAY)
    assert merged.against == Period(date(2026, 10, 24), date(2026, 10, 26))


def test_new_time_ends_the_comparison() -> None:
    october = Period(date(2026, 10, 1), date(2026, 11, 1), "month")
    kept = merge(Filters(period=october), Said(against=Shift(-1)), TODAY)
    assert kept.against is not None
    assert merge(kept, Said(Filters(category="bills")), TODAY).against == kept.against
    assert merge(kept, Said(shift=Shift(-1)), TODAY).against is None


WHEN = [
    *("january", "february 2024", "29 february 2024", "this week", "last week", "next week", "q1", "2025", "9999"),
    *("the month before", "last", "since may", "december 9999", "1 to 10 october", "the weekend", "payday", "5pm"),
]
HOW = ["compare {} to {}", "between {} and {}, the difference", "up from {} to {}", "more in {} than in {}", "{} vs {}"]


@given(how=st.sampled_from(HOW), one=st.sampled_from(WHEN), other=st.sampled_from(WHEN))
def test_any_two_times_can_be_compared(how: str, one: str, other: str) -> None:
    text = how.format(one, other)
    parse = with_comparison(Parse(text, entities=tuple(GRAMMAR.extract(text, NOW))), TODAY)
    merged = merge(Filters(), understand(parse, TODAY), TODAY)
    for period in (merged.period, merged.against):
        assert period is None or period.start is None or period.end is None or period.start <= period.end


days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@given(start=days, today=days, other=days, end=days)
def test_shortened_period_has_as_many_days_and_never_all(start: date, today: date, other: date, end: date) -> None:
    going_on, over = Period(start, None), Period(other, end)
    assert goes_on(going_on, today)
    found = as_many_days(going_on, over, today)
    if found is not None and found.start is not None and found.end is not None and start <= today:
        assert (found.end - found.start) == (today - start) + (date(2026, 1, 2) - date(2026, 1, 1))
        assert found.start == other
        assert found.end < end


def test_differences_are_calculated_per_currency() -> None:
    sums, others = [Sum(500, "GBP"), Sum(70, "EUR")], [Sum(800, "GBP"), Sum(70, "EUR"), Sum(1, "USD")]
    assert differences(sums, others) == [Sum(-300, "GBP"), Sum(-1, "USD")]
