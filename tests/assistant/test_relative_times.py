"""Follow-ups with a relative time, pay, and parts of an answer: figures match the ledger, or there are none."""

from __future__ import annotations

from typing import Any

import pytest

from bot.app.opening import Bot
from tests.assistant.conftest import talk_to
from tests.assistant.ledger_oracle import Oracle, figures, pounds

AMARA, NUMBER = "cust-3f8a41", "12345678"
FEW_DAYS = "spending on groceries from 5 to 20 October"
pytestmark = pytest.mark.asyncio(loop_scope="module")


def sum_of(start: str, end: str, **wanted: Any) -> str:
    return pounds(Oracle(AMARA).total({"direction": "out", "from": start, "to": end, **wanted}))


async def last_of(assistant: Bot, *said: str) -> str:
    """The reply to the last of these messages."""
    talk = talk_to(assistant, NUMBER)
    return [(await talk.say(text)).said for text in said][-1]


@pytest.mark.parametrize(
    ("before", "said", "start", "end"),
    [
        (FEW_DAYS, "And for the same period in 2025?", "2025-10-05", "2025-10-21"),
        (FEW_DAYS, "and the same time in September", "2026-09-05", "2026-09-21"),
        (FEW_DAYS, "the same days in September", "2026-09-05", "2026-09-21"),
        (FEW_DAYS, "the same dates in 2024", "2024-10-05", "2024-10-21"),
        (FEW_DAYS, "and the same month last year", "2025-10-01", "2025-11-01"),
        ("how much on groceries so far this year", "and in the same period last year", "2025-01-01", "2025-11-04"),
        ("groceries spending in the last 3 months", "and the 3 months before that?", "2026-05-03", "2026-08-03"),
        ("groceries spending in the last 7 days", "and the 7 days before?", "2026-10-20", "2026-10-27"),
        ("groceries spending in the last month", "and the month before?", "2026-09-03", "2026-10-03"),
        ("groceries spending over the past year", "and the year before", "2024-11-03", "2025-11-03"),
        ("groceries spending in the last 2 weeks", "the two weeks before", "2026-10-06", "2026-10-20"),
        ("groceries spending this quarter", "the quarter before", "2026-07-01", "2026-10-01"),
        ("groceries spending last weekend", "the weekend before", "2026-10-24", "2026-10-26"),
    ],
)
async def test_follow_up_moves_the_days_of_the_last_question(
    assistant: Bot, before: str, said: str, start: str, end: str
) -> None:
    answer = await last_of(assistant, before, said)
    assert figures(answer)[:1] == [sum_of(start, end, category="groceries")]


async def test_comparison_with_the_same_period_last_year_covers_the_same_days(assistant: Bot) -> None:
    answer = await last_of(assistant, FEW_DAYS, "compare that with the same period last year")
    sums = [sum_of(f"{year}-10-05", f"{year}-10-21", category="groceries") for year in (2026, 2025)]
    assert figures(answer)[:2] == sums


async def test_same_period_after_no_period_gets_no_figure(assistant: Bot) -> None:
    answer = await last_of(assistant, "how much on groceries in the same period last year")
    assert "which days" in answer
    assert not figures(answer)


async def test_regrouped_sum_keeps_its_period(assistant: Bot) -> None:
    answer = await last_of(assistant, "how much did I spend this quarter", "break that down by category")
    assert figures(answer)[0] == sum_of("2026-10-01", "2026-11-04")


@pytest.mark.parametrize("said", ["how much more?", "how much more did I spend?"])
async def test_how_much_more_repeats_the_comparison(assistant: Bot, said: str) -> None:
    question = "did I spend more in October than in September"
    assert await last_of(assistant, question, said) == await last_of(assistant, question)


@pytest.mark.parametrize(
    ("said", "unknown"),
    [
        ("show my last three widgets", "widgets"),
        ("spending on Mondays", "Mondays"),
        ("how much did I spend in the first 2 weeks of October", "2 weeks"),
        ("the second biggest payment in October", "second biggest"),
        ("what's bitcoin worth", "bitcoin"),
        ("what is my house worth", "house"),
    ],
)
async def test_what_is_not_known_or_worked_out_gets_no_figure(assistant: Bot, said: str, unknown: str) -> None:
    answer = await last_of(assistant, said)
    assert f"“{unknown}”".casefold() in answer.casefold()
    assert not figures(answer)


@pytest.mark.parametrize("said", ["how much did I get paid last time", "how much was my last pay"])
async def test_last_pay_is_the_latest_income(assistant: Bot, said: str) -> None:
    answer = await last_of(assistant, said)
    assert figures(answer) == ["£2,875.12"]
    assert "23 Oct 2026" in answer


async def test_last_two_salaries_are_two_payments_of_income(assistant: Bot) -> None:
    assert "Your last 2 transactions as income" in await last_of(assistant, "my last two salaries")


async def test_last_shop_is_a_single_payment(assistant: Bot) -> None:
    assert "at Tesco in the last transaction" in await last_of(assistant, "how much was my last Tesco shop")
    assert "at Tesco in the last 2 transactions" in await last_of(assistant, "how much were my last two Tesco shops")


@pytest.mark.parametrize("said", ["What cost the most in October", "what set me back the most in October"])
async def test_what_cost_most_is_a_ranking(assistant: Bot, said: str) -> None:
    assert "most of all £1,125.00: housing" in await last_of(assistant, said)


@pytest.mark.parametrize("said", ["most expensive purchase this year", "dearest thing this year"])
async def test_dearest_thing_is_the_largest_payment_out(assistant: Bot, said: str) -> None:
    answer = await last_of(assistant, said)
    assert answer.startswith("Your largest payment")
    assert "-£1,125.00" in answer


@pytest.mark.parametrize(
    ("said", "begins"),
    [
        ("by shop", "You spent £2,159.81 in October 2026, most of all £1,125.00: Harbour View Lettings"),
        ("break it down", "You spent £2,159.81 in October 2026, most of all £1,125.00: housing"),
        ("only the big ones", "Your 10 largest payments in October 2026"),
        ("this quarter", "You spent"),
        ("oops groceries", "You spent £226.44 on groceries in October 2026"),
    ],
)
async def test_short_follow_up_changes_the_last_question(assistant: Bot, said: str, begins: str) -> None:
    assert (await last_of(assistant, "spending in October", said)).startswith(begins)
