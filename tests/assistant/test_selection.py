"""Which transactions pass a filter, what they add up to, and how filters are described."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actions.bank import Account, Transaction
from actions.formatting import format_sums
from actions.questions.accounts import choice, find_accounts, spoken, written
from actions.questions.groups import shares
from actions.questions.periods import Period
from actions.questions.question import Filters
from actions.questions.selection import (
    bounds,
    counts_own_transfers,
    goes_to_people,
    select,
    totals,
    without_own_moves,
)
from actions.questions.wording import describe, noun, say_period
from actions.tables import Table
from simulator.accounts import CUSTOMERS
from simulator.ledger import Ledger
from tests.assistant.ledger_oracle import fits

TODAY = date(2026, 11, 3)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def booked(minor: int, day: int = 1, *, merchant: str | None = None, category: str | None = None) -> Transaction:
    at = datetime(2026, 10, day, 9, tzinfo=UTC)
    return Transaction(f"t{day}-{minor}", "a", minor, "GBP", at, False, merchant or "Payment", merchant, category)


transactions = st.lists(
    st.builds(
        booked,
        st.integers(-(10**7), 10**7),
        st.integers(1, 31),
        merchant=st.sampled_from([None, "Tesco", "Costa Coffee"]),
        category=st.sampled_from([None, "groceries", "transfers"]),
    ),
    max_size=12,
    unique_by=lambda t: t.id,
)
days = st.none() | st.dates(date(2026, 9, 25), date(2026, 11, 5))
filters = st.builds(
    Filters,
    merchant=st.sampled_from([None, "Tesco", "Costa"]),
    category=st.sampled_from([None, "groceries", "transfers"]),
    direction=st.sampled_from([None, "in", "out"]),
    period=st.none() | st.builds(Period, days, days),
    at_least=st.none() | st.integers(0, 10**7),
    at_most=st.none() | st.integers(0, 10**7),
)


@given(transactions, filters)
def test_selected_transactions_are_a_subset_sorted_newest_first(found: list[Transaction], wanted: Filters) -> None:
    chosen = select(found, wanted)
    assert set(chosen) <= set(found)
    assert [t.booked_at for t in chosen] == sorted((t.booked_at for t in chosen), reverse=True)
    assert select(chosen, wanted) == chosen


@given(transactions, filters)
def test_in_and_out_together_are_all_transactions(found: list[Transaction], wanted: Filters) -> None:
    both = [t for way in ("in", "out") for t in select(found, replace(wanted, direction=way))]
    assert sorted(both, key=lambda t: t.id) == sorted(
        select(found, replace(wanted, direction=None)), key=lambda t: t.id
    )


@given(transactions)
def test_total_of_one_direction_is_the_sum_of_its_amounts(found: list[Transaction]) -> None:
    out = select(found, Filters(direction="out"))
    assert sum(one.minor for one in totals(out)) == sum(abs(t.minor) for t in out)


def test_different_currencies_are_never_added_up() -> None:
    found = [
        Transaction(str(at), "a", -minor, currency, datetime(2026, 11, 1, tzinfo=UTC), False, "x")
        for at, (minor, currency) in enumerate([(100, "EUR"), (250, "GBP"), (300, "EUR")])
    ]
    assert totals(found) == [(250, "GBP"), (400, "EUR")]
    assert format_sums(totals(found)) == "£2.50 and €4.00"
    assert format_sums([]) == "£0.00"
    assert [t.minor for t in select(found, Filters(order="largest"))] == [-250, -300, -100]
    assert [t.minor for t in select(found, Filters(at_least=200))] == [-250]
    assert [(one.name, one.minor, one.currency) for one in shares(found, "merchant", {})] == [
        ("x", 250, "GBP"),
        ("x", 400, "EUR"),
    ]


@pytest.mark.parametrize(
    ("merchant", "said", "passes"),
    [
        ("Costa Coffee", "costa", True),
        ("Sainsbury's", "Sainsburys", True),
        ("Seashell", "Shell", False),
        ("Tesco", "Tesco Express", False),
        ("Marks & Spencer", "marks spencer", True),
        ("Tesco", "?", False),
    ],
)
def test_shop_matches_by_its_first_words(merchant: str, said: str, passes: bool) -> None:
    assert bool(select([booked(-100, merchant=merchant)], Filters(merchant=said))) is passes


@pytest.mark.parametrize(
    ("wanted", "counts"),
    [
        (Filters(), True),
        (Filters(direction="out"), False),
        (Filters(direction="in"), False),
        (Filters(direction="in", account="savings"), True),
        (Filters(direction="out", account="savings"), False),
        (Filters(direction="out", category="transfers"), True),
    ],
)
def test_own_transfers_are_neither_spending_nor_income(wanted: Filters, counts: bool) -> None:
    assert counts_own_transfers(wanted) is counts


LEDGER = [
    (
        entry,
        Transaction(
            entry.id, "a", entry.minor, "GBP", noon(entry.day), False, entry.description, entry.merchant, entry.category
        ),
    )
    for entry in Ledger(7).entries(CUSTOMERS["cust-3f8a41"].current, date(2026, 8, 1), TODAY)
]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "category": st.sampled_from(["groceries", "transport", "transfers", "income"]),
            "merchant": st.sampled_from(["Tesco", "Uber", "Sainsbury's"]),
            "direction": st.sampled_from(["in", "out"]),
            "at_least": st.integers(0, 200),
            "at_most": st.integers(0, 2_000),
        },
    )
)
def test_selection_agrees_with_the_ledger(wanted: dict[str, Any]) -> None:
    pence = {name: wanted[name] * 100 for name in ("at_least", "at_most") if name in wanted}
    asked = Filters(**{**wanted, **pence})
    chosen = without_own_moves(select([t for _, t in LEDGER], asked), asked)
    assert {t.id for t in chosen} == {entry.id for entry, _ in LEDGER if fits(entry, wanted)}


@given(days, days)
def test_bounds_never_reach_into_the_future(start: date | None, end: date | None) -> None:
    since, until = bounds(Period(start, end), TODAY)
    assert since <= until <= TODAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("period", "said"),
    [
        (Period(date(2026, 10, 1), date(2026, 11, 1)), "in October 2026"),
        (Period(date(2026, 11, 1), date(2026, 12, 1)), "so far in November 2026"),
        (Period(date(2025, 1, 1), date(2026, 1, 1)), "in 2025"),
        (Period(date(2026, 11, 2), date(2026, 11, 3)), "on 2 Nov 2026"),
        (Period(date(2026, 10, 3), date(2026, 10, 11)), "from 3 Oct 2026 to 10 Oct 2026"),
        (Period(date(2026, 10, 5), None), "since 5 Oct 2026"),
        (Period(date(2026, 10, 5), date(2026, 11, 4)), "since 5 Oct 2026"),
        (Period(None, date(2026, 10, 16)), "until 15 Oct 2026"),
        (Period(None, None), ""),
    ],
)
def test_period_is_described_in_words(period: Period, said: str) -> None:
    assert say_period(period, TODAY) == said


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Filters(category="groceries", merchant="Tesco"), "on groceries at Tesco"),
        (Filters(direction="in", account="savings"), "into your savings account"),
        (Filters(direction="out", account="current", at_least=5_001), "over £50.00 from your current account"),
        (Filters(at_most=499), "under £5.00"),
        (Filters(at_least=7_500), "of £75.00 or more"),
        (Filters(at_least=2_000, at_most=4_000), "between £20.00 and £40.00"),
        (Filters(at_least=999, at_most=999), "of £9.99"),
        (Filters(category="income"), "as income"),
        (Filters(), ""),
    ],
)
def test_filters_are_described_in_words(wanted: Filters, said: str) -> None:
    assert describe(wanted, TODAY) == said


def test_transactions_of_the_same_moment_keep_their_order() -> None:
    found = [replace(booked(-100), id=identity) for identity in ("b", "c", "a")]
    assert [t.id for t in select(found, Filters())] == ["b", "c", "a"]


@pytest.mark.parametrize("said", ["cafe rouge", "the copper kettle", "copper kettle"])
def test_shop_is_found_without_accent_or_article(said: str) -> None:
    shops = [booked(-100, merchant="Café Rouge"), booked(-100, merchant="The Copper Kettle")]
    assert len(select(shops, Filters(merchant=said))) == 1


def test_payments_to_people_are_described_with_to() -> None:
    to_anna = booked(-5_000, merchant="Anna", category="payments")
    assert goes_to_people([to_anna])
    assert not goes_to_people([])
    assert not goes_to_people([to_anna, booked(-300, merchant="Anna's Bakery", category="groceries")])
    assert not goes_to_people([booked(5_000, merchant="Anna", category="payments")])
    assert describe(Filters(merchant="Anna"), TODAY, to_people=True) == "to Anna"


def test_noun_agrees_with_count_and_direction() -> None:
    assert noun(Filters(), 1) == "transaction"
    assert noun(Filters(), 0) == "transactions"
    assert noun(Filters(direction="out"), 2) == "payments"
    assert noun(Filters(direction="in"), 2) == "payments received"


# --- accounts ----------------------------------------------------------------

CURRENT = Account("a", "current", "Everyday", "GBP")
RAINY = Account("b", "savings", "Rainy day", "GBP")
HOUSE = Account("c", "savings", "House", "GBP")
OTHER = Account("d", "other", "Pension", "GBP")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (None, (CURRENT, RAINY, HOUSE, OTHER)),
        ("all", (CURRENT, RAINY, HOUSE, OTHER)),
        ("savings", (RAINY, HOUSE)),
        ("house", (HOUSE,)),
        ("savings pot", (RAINY, HOUSE)),
        ("Pension", (OTHER,)),
        ("credit card", ()),
        ("isa", ()),
    ],
)
def test_accounts_are_found_by_kind_or_nickname(said: str | None, found: tuple[Account, ...]) -> None:
    assert find_accounts([CURRENT, RAINY, HOUSE, OTHER], said) == found


def test_nickname_distinguishes_two_accounts_of_a_kind() -> None:
    accounts = [CURRENT, RAINY, HOUSE, OTHER]
    assert [spoken(a, accounts) for a in accounts] == [
        "current account",
        "savings account “Rainy day”",
        "savings account “House”",
        "account “Pension”",
    ]
    assert all(find_accounts(accounts, choice(a, accounts)) == (a,) for a in accounts)
    assert written(CURRENT) == "Everyday (current account)"


# --- tables ------------------------------------------------------------------


@given(st.lists(st.tuples(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=9)), max_size=5))
def test_table_aligns_any_cells(cells: list[tuple[str]]) -> None:
    table = Table("T", ("Name", "Amount"), [(cell, cell) for (cell,) in cells])
    lines = table.text().split("\n")
    assert len(lines) == len(cells) + 1
    width = max(len(line) for line in lines)
    assert all(len(line) == width for line in lines if line.split() and len(line.split()) > 1)
    assert table.custom()["rows"] == [[cell, cell] for (cell,) in cells]
