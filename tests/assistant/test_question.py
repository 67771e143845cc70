"""A question, and how the next message changes it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from actions.questions.question import (
    NO_FILTERS,
    Filters,
    Grain,
    Period,
    Question,
    Said,
    Shift,
    floor,
    follow_up,
    merge,
    new_question,
    shifted,
    step,
)

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
def test_a_question_survives_its_slot(question: Question) -> None:
    assert Question.from_json(question.to_json()) == question


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    )
)
def test_any_other_slot_value_is_no_question(value: Any) -> None:
    assert Question.from_json(value) is None


def test_a_slot_of_another_shape_is_no_question() -> None:
    assert Question.from_json({"kind": "spending", "period": {"start": "yesterday", "grain": "day"}}) is None
    assert Question.from_json({"kind": "spending", "period": []}) is None
    assert Question.from_json({"kind": "spending", "count": "x"}) is None
    assert Question.from_json({"kind": "spending", "direction": "up"}) is None
    assert Question.from_json({"kind": "lending"}) is None


@given(filters, saids)
def test_what_was_just_said_always_counts(kept: Filters, said: Said) -> None:
    merged = merge(kept, said, TODAY)
    for name, value in asdict(said.filters).items():
        if value is not None:
            assert getattr(merged, name) == value


@given(filters)
def test_saying_nothing_changes_nothing(kept: Filters) -> None:
    assert merge(kept, Said(), TODAY) == kept


@given(filters, saids)
def test_saying_it_again_changes_nothing(kept: Filters, said: Said) -> None:
    once = merge(kept, replace(said, shift=None), TODAY)
    assert merge(once, replace(said, shift=None), TODAY) == once


@given(filters)
def test_all_my_accounts_takes_the_account_away(kept: Filters) -> None:
    assert merge(kept, Said(Filters(account="all")), TODAY).account is None


def test_the_month_before_moves_the_period_and_keeps_the_rest() -> None:
    before = follow_up(Said(shift=Shift(-1, "month")), GROCERIES, TODAY)
    assert before == Question(
        "spending",
        Filters(category="groceries", direction="out", period=Period(date(2026, 9, 1), date(2026, 10, 1), "month")),
    )


@given(periods, st.builds(Shift, st.sampled_from([-1, 1]), st.none() | grains))
def test_there_and_back_again_is_the_same_unit(period: Period | None, shift: Shift) -> None:
    there = shifted(period, shift, TODAY)
    back = shifted(there, Shift(-shift.steps, there.grain), TODAY)
    assert back == shifted(back, Shift(0, back.grain), TODAY)
    assert (period.start if period and period.start else TODAY) in back


@given(days, grains, st.integers(-50, 50), st.integers(-50, 50))
def test_steps_add_up(day: date, grain: Grain, one: int, other: int) -> None:
    first = floor(day, grain)
    assert step(step(first, grain, one), grain, other) == step(first, grain, one + other)


@given(days, grains)
def test_a_unit_holds_its_day(day: date, grain: Grain) -> None:
    first = floor(day, grain)
    assert first <= day < step(first, grain, 1)


@pytest.mark.parametrize("grain", GRAINS)
def test_the_calendar_ends_somewhere(grain: Grain) -> None:
    assert step(date(9999, 1, 1), grain, 10_000_000) == date.max
    assert step(date(1, 1, 1), grain, -10_000_000) == date.min


@given(kinds, saids, questions)
def test_a_question_of_its_own_forgets_the_last_one(kind: Any, said: Said, kept: Question) -> None:
    fresh = new_question(kind, replace(said, refers_back=False), kept, TODAY)
    assert fresh == new_question(kind, said, None, TODAY)


def test_a_part_of_those_is_looked_for_among_them() -> None:
    part = Said(Filters(account="savings"), of_those=True)
    wanted = replace(GROCERIES.filters, account="savings")
    assert new_question("spending", part, GROCERIES, TODAY) == Question("spending", wanted)


def test_those_means_the_ones_talked_about() -> None:
    assert new_question("transactions", Said(refers_back=True), GROCERIES, TODAY) == Question(
        "transactions", GROCERIES.filters
    )


def test_with_it_means_the_account_talked_about() -> None:
    card = Question("balance", Filters(account="credit card"))
    last = Said(Filters(direction="out", count=1), account_back=True)
    assert new_question("transactions", last, card, TODAY).filters == replace(last.filters, account="credit card")
    named = Said(Filters(account="savings"), account_back=True)
    assert new_question("transactions", named, card, TODAY).filters.account == "savings"


def test_a_sum_of_a_list_without_a_period_is_that_of_its_rows() -> None:
    listed = Question("transactions", Filters(merchant="Amazon"), shown=10)
    assert new_question("spending", Said(refers_back=True), listed, TODAY).filters.count == 10
    assert new_question("transactions", Said(refers_back=True), listed, TODAY).filters.count is None
    dated = listed.narrowed(period=OCTOBER)
    assert new_question("spending", Said(refers_back=True), dated, TODAY).filters == dated.filters


def test_a_shop_takes_the_place_of_a_category() -> None:
    answer = follow_up(Said(Filters(merchant="Amazon")), GROCERIES, TODAY)
    assert answer is not None
    assert (answer.filters.merchant, answer.filters.category, answer.filters.period) == ("Amazon", None, OCTOBER)


def test_turning_round_drops_what_was_bought() -> None:
    answer = follow_up(Said(Filters(direction="in")), GROCERIES, TODAY)
    assert answer == Question("spending", Filters(direction="in", period=OCTOBER))


def test_new_bounds_replace_both_old_ones() -> None:
    over = Question("transactions", Filters(at_least=5_001, at_most=9_999))
    answer = follow_up(Said(Filters(at_most=499)), over, TODAY)
    assert answer == Question("transactions", Filters(at_most=499))


def test_a_balance_is_of_today_so_a_period_asks_for_transactions() -> None:
    answer = follow_up(Said(Filters(period=OCTOBER)), Question("balance", Filters(account="savings")), TODAY)
    assert answer == Question("transactions", Filters(account="savings", period=OCTOBER))


def test_nothing_said_asks_nothing() -> None:
    assert follow_up(Said(), GROCERIES, TODAY) is None
    assert follow_up(Said(NO_FILTERS, refers_back=True), GROCERIES, TODAY) == GROCERIES
    assert follow_up(Said(Filters(account="savings")), None, TODAY) is None


@given(saids, st.none() | questions)
def test_whatever_is_said_is_a_question_or_none(said: Said, kept: Question | None) -> None:
    answer = follow_up(said, kept, TODAY)
    assert answer is None or Question.from_json(answer.to_json()) == answer


def test_weeks_begin_on_monday() -> None:
    assert floor(TODAY, "week") == TODAY - timedelta(days=1)
