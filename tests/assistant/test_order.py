"""Bounds on both sides, the biggest and the smallest, the last of its kind, and two questions in one message."""

from __future__ import annotations

from datetime import date

import pytest

from actions.questions.halves import split
from bot import Entity, IntentScore, Parse
from bot.app.opening import Bot
from simulator.accounts import CUSTOMERS
from tests.assistant.conftest import Exchange, talk_to
from tests.assistant.ledger_oracle import Oracle, figures, fits
from tests.assistant.test_held_out import mistakes, table_rows
from tests.assistant.test_said import heard

AMARA = "cust-3f8a41"
OCTOBER = (date(2026, 10, 1), date(2026, 11, 1))
SEPTEMBER = {"from": "2026-09-01", "to": "2026-10-01", "direction": "out"}
conversation = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("text", "at_least", "at_most"),
    [
        ("over £10 and under £100", 1_001, 9_999),
        ("more than £10 but less than £20.50", 1_001, 2_049),
        ("over 10 and under 100", 1_001, 9_999),
        ("at least £10 and at most £20", 1_000, 2_000),
        ("under £100 and over £10", 1_001, 9_999),
        ("£9.99 or more, up to £20", 999, 2_000),
    ],
)
def test_both_amount_bounds_are_read(text: str, at_least: int, at_most: int) -> None:
    filters = heard(f"payments {text}")
    assert (filters.at_least, filters.at_most) == (at_least, at_most)


@pytest.mark.parametrize(
    ("text", "order", "count"),
    [
        ("what was my biggest purchase", "largest", 1),
        ("my three biggest payments", "largest", 3),
        ("largest transactions", "largest", None),
        ("the cheapest thing I bought", "smallest", 1),
        ("my smallest payment", "smallest", 1),
        ("when did I last pay", None, 1),
        ("my last payment", None, 1),
        ("when was the last time I went", None, 1),
        ("my last payments", None, None),
        ("payments last month", None, None),
        ("my last 5 payments", None, 5),
        ("the last one", None, 1),
    ],
)
def test_order_and_count_are_read_from_superlatives(text: str, order: str | None, count: int | None) -> None:
    filters = heard(text)
    assert (filters.order, filters.count) == (order, count)


def largest_amounts(wanted: dict[str, str], count: int) -> list[int]:
    """The sizes of the largest entries, largest first, from the ledger."""
    oracle = Oracle(AMARA)
    return sorted((abs(entry.minor) for entry in oracle.entries(wanted)), reverse=True)[:count]


def sizes(exchange: Exchange) -> list[int]:
    return [abs(amount) for _, amount in table_rows(exchange)]


@conversation
async def test_biggest_purchases_match_the_ledger(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    assert sizes(await talk.say("what was my biggest purchase in september")) == largest_amounts(SEPTEMBER, 1)
    assert sizes(await talk.say("my three biggest payments in September")) == largest_amounts(SEPTEMBER, 3)
    august = {**SEPTEMBER, "from": "2026-08-01", "to": "2026-09-01"}
    assert sizes(await talk.say("and in August?")) == largest_amounts(august, 3)


@conversation
async def test_amount_of_the_biggest_payment_is_that_payment(assistant: Bot) -> None:
    exchange = await talk_to(assistant, "12345678").say("how much was my biggest payment in September")
    assert sizes(exchange) == largest_amounts(SEPTEMBER, 1)
    assert len(figures(exchange.said)) == 1


@conversation
async def test_last_payment_to_a_shop_is_a_single_one(assistant: Bot) -> None:
    exchange = await talk_to(assistant, "12345678").say("when did I last pay netflix")
    wanted = {"merchant": "Netflix", "direction": "out", "from": "2024-11-04", "count": 1}
    assert not list(mistakes(exchange, Oracle(AMARA).expected({"list": wanted})))


@conversation
async def test_both_amount_bounds_narrow_a_list(assistant: Bot) -> None:
    exchange = await talk_to(assistant, "12345678").say("transactions from last month over £10 and under £40")
    wanted = {"from": "2026-10-01", "to": "2026-11-01", "over": 10, "under": 40}
    assert not list(mistakes(exchange, Oracle(AMARA).expected({"list": wanted})))
    assert any(
        not fits(e, wanted) for a in CUSTOMERS[AMARA].accounts for e in Oracle(AMARA).ledger.entries(a, *OCTOBER)
    )


# --- two questions -----------------------------------------------------------


@pytest.mark.parametrize(
    ("intent", "text", "answered", "other"),
    [
        (
            "ask_spending",
            "what's my balance and how much did I spend at Tesco last month?",
            "how much did I spend at Tesco last month?",
            "what's my balance",
        ),
        (
            "ask_balance",
            "what's my balance and how much did I spend at Tesco last month?",
            "what's my balance",
            "how much did I spend at Tesco last month",
        ),
        (
            "ask_spending",
            "how much did I spend on groceries and how much did I spend at Tesco",
            "how much did I spend on groceries",
            "how much did I spend at Tesco",
        ),
        (
            "transfer_money",
            "transfer £30 from a to b and show my balance",
            "transfer £30 from a to b",
            "show my balance",
        ),
        ("ask_spending", "how much did I spend on food and drink", "how much did I spend on food and drink", None),
        ("ask_transactions", "what came in and when", "what came in and when", None),
        ("transfer_money", "take £5 from a and put it in b", "take £5 from a and put it in b", None),
    ],
)
def test_two_questions_in_one_message_are_split(intent: str, text: str, answered: str, other: str | None) -> None:
    entities = (Entity("x", "x", 0, 1), Entity("y", "y", len(text) - 2, len(text) - 1))
    half, left = split(Parse(text, IntentScore(intent, 1.0), entities=entities))
    assert left == other
    assert [text[e.start : e.end] in answered for e in half.entities] == [True] * (2 if other is None else 1)


@conversation
async def test_time_said_once_applies_to_the_answered_question(assistant: Bot) -> None:
    exchange = await talk_to(assistant, "12345678").say("what came in and what went out last month")
    wanted = {"direction": "in", "from": "2026-10-01", "to": "2026-11-01"}
    assert not list(mistakes(exchange, Oracle(AMARA).expected({"list": wanted})))
    assert "what went out last month" in exchange.said


@conversation
@pytest.mark.parametrize(
    ("said", "other"),
    [
        ("what's my balance and how much did I spend at Tesco last month?", "balance"),
        ("how much did I spend at Tesco last month and what's my balance", "balance"),
        ("transfer £30 from savings to current and show my balance", "balance"),
    ],
)
async def test_unanswered_second_question_is_named(assistant: Bot, said: str, other: str) -> None:
    exchange = await talk_to(assistant, "12345678").say(said)
    assert "one thing at a time" in exchange.said
    assert other in exchange.said.split("one thing at a time")[1]


@conversation
async def test_question_about_two_accounts_leaves_neither_out(assistant: Bot) -> None:
    exchange = await talk_to(assistant, "12345678").say("how much is in savings and current")
    assert not list(mistakes(exchange, Oracle(AMARA).expected({"balance": "all"})))
    sums = await talk_to(assistant, "12345678").say("how much did I spend from savings and current last month")
    assert not figures(sums.said)
