"""What a message says, from the entities that the grammar and the matcher find in it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actions.questions.periods import Period, Shift
from actions.questions.question import Filters
from actions.questions.said import MOST_COUNTED, as_entities, understand
from bot import Entity, Parse
from bot.content import Component, Content, Domain, EntityType, Intent
from bot.nlu import parse_shorthand
from bot.nlu.entities import train_entities

ENTITIES = ("account", "merchant", "category", "direction", "time", "amount-of-money", "number")
DOMAIN = Domain(
    intents={"ask_spending": Intent("ask_spending")}, entities={name: EntityType(name) for name in ENTITIES}
)
NOW = datetime(2026, 11, 3, 10, tzinfo=UTC)
GRAMMAR = train_entities(
    Content(
        pipeline=(
            Component(
                "TellerEntityExtractor",
                {"dimensions": ["time", "amount-of-money", "number"], "timezone": "Europe/London"},
            ),
        )
    )
)


def heard(text: str, **marked: tuple[str, str]) -> Filters:
    """The filters of a text; `marked` are learned entities: name=(words, value)."""
    entities = [
        Entity(name, value, text.index(words), text.index(words) + len(words))
        for name, (words, value) in marked.items()
    ]
    return understand(Parse(text, entities=(*entities, *GRAMMAR.extract(text, NOW)))).filters


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("has Anna paid me back", "in"),
        ("how much did I get from Anna", "in"),
        ("when did I get paid", "in"),
        ("what did she send me", "in"),
        ("what did I get from Amazon", None),
        ("give me what I got at Tesco", None),
        ("have I been paid yet", "in"),
        ("when did we last get paid", "in"),
        ("which account did most of my money come from", "in"),
    ],
)
def test_money_from_somebody_comes_in(text: str, direction: str | None) -> None:
    assert heard(text).direction == direction


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("my first 3 transactions in October", ("oldest", 3)),
        ("what did I spend on the first of October", (None, None)),
        ("my top 5 expenses", ("largest", 5)),
        ("the earliest payment", ("oldest", 1)),
    ],
)
def test_order_is_read_from_first_and_top(text: str, wanted: tuple[str | None, int | None]) -> None:
    filters = heard(text)
    assert (filters.order, filters.count) == wanted


@pytest.mark.parametrize(
    ("text", "account", "wanted"),
    [
        ("how much did I transfer to savings", "savings", ("transfers", "in")),
        ("what did I move out of my savings", "savings", ("transfers", "out")),
        ("how much did I put on my card", "card", (None, None)),
        ("I moved house, how much is in savings", "savings", (None, None)),
    ],
)
def test_moves_between_own_accounts_are_recognised(
    text: str, account: str, wanted: tuple[str | None, str | None]
) -> None:
    filters = heard(text, account=(account, account))
    assert (filters.category, filters.direction) == wanted


def test_payee_is_used_as_a_merchant() -> None:
    assert heard("how much did I give Anna", payee=("Anna", "Anna")).merchant == "Anna"


@pytest.mark.parametrize(("text", "mere"), [("last month?", True), ("and in May", True), ("rent last month", False)])
def test_message_of_a_time_alone_carries_on(text: str, mere: bool) -> None:
    assert understand(Parse(text, entities=tuple(GRAMMAR.extract(text, NOW)))).carries_on is mere


@pytest.mark.parametrize(
    ("text", "at_least", "at_most"),
    [
        ("payments over £50", 5_001, None),
        ("payments above fifty quid", 5_001, None),
        ("more than 50 pounds", 5_001, None),
        ("more than £1,234.56", 123_457, None),
        ("at least £75", 7_500, None),
        ("no less than £75", 7_500, None),
        ("£75 or more", 7_500, None),
        ("under a tenner", None, 999),
        ("less than £5", None, 499),
        ("at most £5", None, 500),
        ("no more than £5", None, 500),
        ("up to £5", None, 500),
        ("£5 or less", None, 500),
        ("over 50", 5_001, None),
        ("under 20", None, 1_999),
        ("between £20 and £40", 2_000, 4_000),
        ("between £40 and £20", 2_000, 4_000),
        ("payments between 40 and 20 pounds", 2_000, 4_000),
        ("payments between £40 and 20", 2_000, 4_000),
        ("payments from £40 to £20", 2_000, 4_000),
        ("over £40 and under £20", 4_001, 1_999),
        ("the £9.99 one", 999, 999),
        ("last 3 payments", None, None),
        ("what did I spend 12.90 on", 1_290, 1_290),
        ("which payment was for 15", 1_500, 1_500),
        ("what did I pay 5 times", None, None),
    ],
)
def test_amount_bounds_are_read(text: str, at_least: int | None, at_most: int | None) -> None:
    filters = heard(text)
    assert (filters.at_least, filters.at_most) == (at_least, at_most)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("in October", date(2026, 10, 1), date(2026, 11, 1)),
        ("last month", date(2026, 10, 1), date(2026, 11, 1)),
        ("in December", date(2025, 12, 1), date(2026, 1, 1)),
        ("yesterday", date(2026, 11, 2), date(2026, 11, 3)),
        ("this week", date(2026, 11, 2), date(2026, 11, 9)),
        ("since 1 October", date(2026, 10, 1), None),
        ("since Friday", date(2026, 10, 30), None),
        ("until 15 October 2026", None, date(2026, 10, 16)),
        ("between 3 and 10 October", date(2026, 10, 3), date(2026, 10, 11)),
        ("on 12 October", date(2026, 10, 12), date(2026, 10, 13)),
        ("this year", date(2026, 1, 1), date(2027, 1, 1)),
        ("in the last 30 days", date(2026, 10, 4), date(2026, 11, 4)),
    ],
)
def test_period_is_read(text: str, start: date | None, end: date | None) -> None:
    period = heard(f"what did I spend {text}").period
    assert period is not None
    assert (period.start, period.end) == (start, end)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("my last 5 transactions", 5),
        ("the ten most recent payments", 10),
        ("transactions between 3 and 10 October", None),
        ("payments over 50", None),
        ("payments over £50", None),
        ("payments between 40 and 20 pounds", None),
        ("payments between £40 and 20", None),
        ("5 payments between £40 and £20", 5),
        ("the last 5000 transactions", MOST_COUNTED),
        ("the last 0 transactions", None),
        ("the savings one", None),
        ("transactions of account 87654321", None),
        ("is there a payment of 30", None),
    ],
)
def test_count_is_read(text: str, count: int | None) -> None:
    assert heard(text).count == count


def test_marked_shop_and_category_become_filters() -> None:
    filters = heard("groceries at Tesco on my card", category=("groceries", "groceries"), merchant=("Tesco", "Tesco"))
    assert (filters.category, filters.merchant) == ("groceries", "Tesco")


def test_account_that_begins_with_all_means_all_accounts() -> None:
    assert heard("all the payments", account=("all the", "all the")).account == "all"
    assert heard("my allowance account", account=("allowance", "allowance")).account == "allowance"


def test_paid_in_means_money_in() -> None:
    text = "what was paid in"
    parse = Parse(text, entities=(Entity("direction", "out", 9, 13), Entity("direction", "in", 9, 16)))
    assert understand(parse).filters.direction == "in"


def test_month_before_is_a_shift() -> None:
    text = "and the month before?"
    said = understand(Parse(text, entities=(Entity("shift", "previous month", 4, 20), *GRAMMAR.extract(text, NOW))))
    assert said.shift == Shift(-1, "month")
    assert said.filters.period is None


def test_month_before_last_is_a_date() -> None:
    text = "in the month before last"
    said = understand(Parse(text, entities=(Entity("shift", "previous month", 3, 19), *GRAMMAR.extract(text, NOW))))
    assert said.shift is None
    assert said.filters.period == Period(date(2026, 9, 1), date(2026, 10, 1), "month")


def test_work_to_understand_many_numbers_grows_linearly() -> None:
    def steps(numbers: int) -> int:
        text, calls = "1 " * numbers, 0

        def count(frame: FrameType, event: str, arg: object) -> None:
            nonlocal calls
            calls += 1

        parse = Parse(text, entities=tuple(Entity("number", 1, at * 2, at * 2 + 1) for at in range(numbers)))
        sys.setprofile(count)
        try:
            understand(parse)
        finally:
            sys.setprofile(None)
        return calls

    assert steps(2_000) < 5 * steps(500)


def test_foreign_amount_sets_no_bound() -> None:
    assert heard("over 50 euros").at_least is None


words = st.none() | st.sampled_from(["savings", "Tesco", "eating out"])
pence = st.none() | st.integers(0, 10**9)
days = st.none() | st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(
    st.builds(
        Filters,
        account=words,
        merchant=words,
        category=words,
        direction=st.sampled_from([None, "in", "out"]),
        period=st.none() | st.builds(Period, days, days).filter(lambda p: p.start and (not p.end or p.end > p.start)),
        at_least=pence,
        at_most=pence,
        count=st.none() | st.integers(1, MOST_COUNTED),
    )
)
def test_button_payload_carries_the_filters(filters: Filters) -> None:
    parse = parse_shorthand("/ask_spending" + json.dumps(as_entities(filters)), DOMAIN)
    assert parse is not None
    again = understand(parse).filters
    assert again.period is None or again.period.grain in ("day", "month")
    if filters.period and again.period:
        again = replace(again, period=replace(again.period, grain=filters.period.grain))
    assert again == filters


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["from", "to", "value", "minor", "grain", "currency"]), inner, max_size=3)
    ),
    max_leaves=6,
)
entity_names = st.sampled_from(
    ["account", "merchant", "category", "direction", "shift", "time", "number", "amount-of-money"]
)


@given(st.text(max_size=60), st.lists(st.tuples(entity_names, json_values, st.integers(0, 60)), max_size=5))
def test_understanding_accepts_any_entity_value(text: str, found: list[tuple[str, Any, int]]) -> None:
    entities = [
        Entity(name, value, min(at, len(text)), len(text), details=value if isinstance(value, dict) else None)
        for name, value, at in found
    ]
    understand(Parse(text, entities=tuple(entities)))
