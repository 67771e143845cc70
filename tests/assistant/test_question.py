"""A question, and how the next message changes it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from actions.questions.periods import Grain, Period, Shift, floor, shifted, step
from actions.questions.question import NO_FILTERS, Filters, Question, Said, follow_up, merge, new_question

TODAY = date(2026, 11, 3)
OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1), "month")
GROCERIES = Question("spending", Filters(category="groceries", direction="out", period=OCTOBER))
GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")

days = st.dates(date(1990, 1, 1), date(2090, 12, 31))
grains = st.sampled_from(GRAINS)
names = st.sampled_from([None, "Tesco", "savings", "groceries"])
amounts = st.none() | st.integers(0, 10**9)
periods = st.none() | st.builds(Period, days, st.none() | days, grains)
filters = st.builds(
    Filters,
    account=names,
    merchant=names,
    category=names,
    direction=st.sampled_from([None, "in", "out"]),
    period=periods,
    at_least=amounts,
    at_most=amounts,
    count=st.none() | st.integers(1, 100),
    order=st.none() | st.sampled_from(["largest", "smallest", "oldest"]),
    by=st.none() | st.sampled_from(["category", "merchant", "month", "day", "account"]),
)
shifts = st.none() | st.builds(Shift, st.sampled_from([-1, 1]), st.none() | grains)
saids = st.builds(Said, filters, shifts, st.booleans())
kinds = st.sampled_from(["balance", "overdrawn", "transactions", "spending"])
questions = st.builds(Question, kinds, filters)


@given(questions)
def test_question_survives_the_round_trip_through_its_slot(question: Question) -> None:
    assert Question.from_json(question.to_json()) == question


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    )
)
def test_arbitrary_slot_value_is_not_read_as_a_question(value: Any) -> None:
    assert Question.from_json(value) is None


def test_malformed_slot_is_not_read_as_a_question() -> None:
    assert Question.from_json({"kind": "spending", "period": {"start": "yesterday", "grain": "day"}}) is None
    assert Question.from_json({"kind": "spending", "period": []}) is None
    assert Question.from_json({"kind": "spending", "count": "x"}) is None
    assert Question.from_json({"kind": "spending", "direction": "up"}) is None
    assert Question.from_json({"kind": "lending"}) is None


@given(filters, saids)
def test_merge_keeps_every_filter_that_was_just_said(kept: Filters, said: Said) -> None:
    merged = merge(kept, said, TODAY)
    for name, value in asdict(said.filters).items():
        if value is not None:
            assert getattr(merged, name) == value


@given(filters)
def test_empty_message_leaves_the_filters_unchanged(kept: Filters) -> None:
    assert merge(kept, Said(), TODAY) == kept


@given(filters, saids)
def test_merging_the_same_message_twice_changes_nothing(kept: Filters, said: Said) -> None:
    once = merge(kept, replace(said, shift=None), TODAY)
    assert merge(once, replace(said, shift=None), TODAY) == once


@given(filters)
def test_all_accounts_removes_the_account_filter(kept: Filters) -> None:
    assert merge(kept, Said(Filters(account="all")), TODAY).account is None


def test_month_before_shifts_the_period_and_keeps_the_other_filters() -> None:
    before = follow_up(Said(shift=Shift(-1, "month")), GROCERIES, TODAY)
    assert before == Question(
        "spending",
        Filters(category="groceries", direction="out", period=Period(date(2026, 9, 1), date(2026, 10, 1), "month")),
    )


@given(periods, st.builds(Shift, st.sampled_from([-1, 1]), st.none() | grains))
def test_opposite_shifts_return_to_the_same_calendar_unit(period: Period | None, shift: Shift) -> None:
    there = shifted(period, shift, TODAY)
    back = shifted(there, Shift(-shift.steps, there.grain), TODAY)
    assert back == shifted(back, Shift(0, back.grain), TODAY)
    assert (period.start if period and period.start else TODAY) in back


@given(days, grains, st.integers(-50, 50), st.integers(-50, 50))
def test_two_steps_equal_one_step_of_their_sum(day: date, grain: Grain, one: int, other: int) -> None:
    first = floor(day, grain)
    assert step(step(first, grain, one), grain, other) == step(first, grain, one + other)


@given(days, grains)
def test_day_lies_within_its_calendar_unit(day: date, grain: Grain) -> None:
    first = floor(day, grain)
    assert first <= day < step(first, grain, 1)


@pytest.mark.parametrize("grain", GRAINS)
def test_step_is_clamped_to_the_ends_of_the_calendar(grain: Grain) -> None:
    assert step(date(9999, 1, 1), grain, 10_000_000) == date.max
    assert step(date(1, 1, 1), grain, -10_000_000) == date.min


@given(kinds, saids, questions)
def test_question_without_a_reference_ignores_the_last_one(kind: Any, said: Said, kept: Question) -> None:
    fresh = new_question(kind, replace(said, refers_back=False), kept, TODAY)
    assert fresh == new_question(kind, said, None, TODAY)


def test_question_about_a_part_keeps_the_filters_of_the_last_one() -> None:
    part = Said(Filters(account="savings"), of_those=True)
    wanted = replace(GROCERIES.filters, account="savings")
    assert new_question("spending", part, GROCERIES, TODAY) == Question("spending", wanted)


def test_reference_without_filters_repeats_the_last_filters() -> None:
    assert new_question("transactions", Said(refers_back=True), GROCERIES, TODAY) == Question(
        "transactions", GROCERIES.filters
    )


def test_with_it_means_the_account_of_the_last_question() -> None:
    card = Question("balance", Filters(account="credit card"))
    last = Said(Filters(direction="out", count=1), account_back=True)
    assert new_question("transactions", last, card, TODAY).filters == replace(last.filters, account="credit card")
    named = Said(Filters(account="savings"), account_back=True)
    assert new_question("transactions", named, card, TODAY).filters.account == "savings"


def test_sum_of_a_list_without_a_period_covers_the_rows_shown() -> None:
    listed = Question("transactions", Filters(merchant="Amazon"), shown=10)
    assert new_question("spending", Said(refers_back=True), listed, TODAY).filters.count == 10
    assert new_question("transactions", Said(refers_back=True), listed, TODAY).filters.count is None
    dated = listed.narrowed(period=OCTOBER)
    assert new_question("spending", Said(refers_back=True), dated, TODAY).filters == dated.filters


def test_shop_replaces_the_category() -> None:
    answer = follow_up(Said(Filters(merchant="Amazon")), GROCERIES, TODAY)
    assert answer is not None
    assert (answer.filters.merchant, answer.filters.category, answer.filters.period) == ("Amazon", None, OCTOBER)


def test_opposite_direction_drops_the_category() -> None:
    answer = follow_up(Said(Filters(direction="in")), GROCERIES, TODAY)
    assert answer == Question("spending", Filters(direction="in", period=OCTOBER))


def test_new_amount_bound_replaces_both_old_bounds() -> None:
    over = Question("transactions", Filters(at_least=5_001, at_most=9_999))
    answer = follow_up(Said(Filters(at_most=499)), over, TODAY)
    assert answer == Question("transactions", Filters(at_most=499))


def test_period_after_a_balance_asks_for_transactions() -> None:
    answer = follow_up(Said(Filters(period=OCTOBER)), Question("balance", Filters(account="savings")), TODAY)
    assert answer == Question("transactions", Filters(account="savings", period=OCTOBER))


def test_follow_up_needs_filters_or_a_reference_to_the_last_question() -> None:
    assert follow_up(Said(), GROCERIES, TODAY) is None
    assert follow_up(Said(NO_FILTERS, refers_back=True), GROCERIES, TODAY) == GROCERIES
    assert follow_up(Said(Filters(account="savings")), None, TODAY) is None


@given(saids, st.none() | questions)
def test_follow_up_is_none_or_a_question_that_fits_its_slot(said: Said, kept: Question | None) -> None:
    answer = follow_up(said, kept, TODAY)
    assert answer is None or Question.from_json(answer.to_json()) == answer


def test_weeks_begin_on_monday() -> None:
    assert floor(TODAY, "week") == TODAY - timedelta(days=1)
