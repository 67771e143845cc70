"""Every figure answers the question or says what it is instead: conversations, checked against the bank's ledger."""

from __future__ import annotations

from typing import Any

import pytest

from bot.app.opening import Bot
from tests.assistant.conftest import Talk, talk_to
from tests.assistant.ledger_oracle import Oracle, figures

AMARA, NUMBER, OVERDRAWN = "cust-3f8a41", "12345678", "87654321"
OCTOBER = {"from": "2026-10-01", "to": "2026-11-01"}
SEPTEMBER = {"from": "2026-09-01", "to": "2026-10-01"}
LAST_30_DAYS = {"from": "2026-10-04", "to": "2026-11-04"}
pytestmark = pytest.mark.asyncio(loop_scope="module")


def sum_of(**wanted: Any) -> set[str]:
    return set(Oracle(AMARA).expected({"sum": {"direction": "out", **wanted}}).must)


async def after(talk: Talk, *said: str) -> str:
    """The reply to the last of these messages."""
    return [(await talk.say(text)).said for text in said][-1]


# --- references to the last answer


async def test_by_how_much_after_overdrawn_means_the_overdraft(assistant: Bot) -> None:
    answer = await after(talk_to(assistant, OVERDRAWN), "am I overdrawn?", "by how much")
    assert "Main account" in answer
    assert "You spent" not in answer


@pytest.mark.parametrize("said", ["how much is that altogether", "by how much"])
async def test_reference_without_a_last_question_gets_no_figure(assistant: Bot, said: str) -> None:
    assert not figures(await after(talk_to(assistant, NUMBER), said))


@pytest.mark.parametrize(
    ("before", "said", "wanted"),
    [
        (
            "how much did I spend at Tesco",
            "how much did I spend there in september",
            {"merchant": "Tesco", **SEPTEMBER},
        ),
        (
            "how much did I spend at Netflix",
            "how much did they charge me in september",
            {"merchant": "Netflix", **SEPTEMBER},
        ),
        ("how much did I spend at Tesco", "hi there how much did I spend in October", OCTOBER),
    ],
)
async def test_there_and_they_mean_the_shop_of_the_last_question(
    assistant: Bot, before: str, said: str, wanted: dict[str, str]
) -> None:
    assert set(figures(await after(talk_to(assistant, NUMBER), before, said))) == sum_of(**wanted)


@pytest.mark.parametrize(
    "said", ["how much did I send to her", "how much have I paid her", "what did I spend there last month"]
)
async def test_pronoun_without_a_known_name_gets_no_figure(assistant: Bot, said: str) -> None:
    answer = await after(talk_to(assistant, NUMBER), said)
    assert not figures(answer)
    assert "something went wrong" not in answer


async def test_her_means_the_payee_paid_last(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    answer = await after(talk, "send £1.07 to anna from current", "yes", "how much have I paid her this month")
    assert "to Anna Lindqvist so far in November 2026" in answer


async def test_last_time_keeps_only_the_shop_of_the_last_question(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    assert "at Tesco:" in await after(talk, "how much did I spend at Tesco", "when was the last time")
    assert "at Tesco in the last transaction, on 5 Oct 2026: 1 payment" in await after(talk, "how much was it")


async def test_how_many_after_a_list_counts_its_transactions(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    assert (await after(talk, "show my transactions on groceries in october", "how many of them are there")).startswith(
        "15 "
    )
    assert (await after(talk, "how many are there")).startswith("15 ")


async def test_how_many_after_a_balance_lists_no_transactions(assistant: Bot) -> None:
    answer = await after(talk_to(assistant, NUMBER), "show my balance", "how many of them are there")
    assert "transactions:" not in answer


async def test_choice_between_two_filters_keeps_the_rest_of_the_question(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    answer = await after(talk, "what did I spend last month on groceries and petrol", "petrol")
    assert set(figures(answer)) == sum_of(category="transport", **OCTOBER)
    answer = await after(talk, "how much did I spend on groceries and transport", "October")
    assert set(figures(answer)) == sum_of(category="groceries", **OCTOBER)


@pytest.mark.parametrize(
    ("said", "category"),
    [
        ("how much did I spend on groceries, not on transport, in october", "groceries"),
        ("spending on food but not restaurants last month", "groceries"),
    ],
)
async def test_denied_category_is_replaced_by_the_other_one(assistant: Bot, said: str, category: str) -> None:
    assert set(figures(await after(talk_to(assistant, NUMBER), said))) == sum_of(category=category, **OCTOBER)


async def test_correction_keeps_the_rest_of_the_question(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    answer = await after(talk, "how much did I spend on eating out last month", "sorry not eating out, transport")
    assert set(figures(answer)) == sum_of(category="transport", **OCTOBER)


# --- what is asked for


@pytest.mark.parametrize("said", ["yo how much money i got lol", "how much i got"])
async def test_how_much_i_got_means_the_balance(assistant: Bot, said: str) -> None:
    assert (await after(talk_to(assistant, NUMBER), said)).startswith("Here are your balances")


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("what percentage of my spending is eating out", "percentage"),
        ("what share of my spending is eating out", "what share"),
        ("half of what I spent on groceries in october", "half"),
        ("how much do I spend each week", "each week"),
        ("how much did I get refunded in october", "refunded"),
    ],
)
async def test_share_average_or_refund_gets_no_figure(assistant: Bot, said: str, what: str) -> None:
    answer = await after(talk_to(assistant, NUMBER), said)
    assert f"“{what}" in answer
    assert not figures(answer)


@pytest.mark.parametrize(
    ("said", "unit"), [("how much do I spend on coffee a week", "week"), ("how much are my monthly bills", "month")]
)
async def test_sum_for_a_rate_says_that_it_is_no_average(assistant: Bot, said: str, unit: str) -> None:
    assert f"comes to a {unit} on average" in await after(talk_to(assistant, NUMBER), said)


async def test_every_month_is_answered_with_a_table_of_months(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("how much did I spend on groceries every month this year")
    table = exchange.replies[0]["custom"]
    assert table["columns"][0]["title"] == "Month"
    assert len(table["rows"]) > 9


@pytest.mark.parametrize(
    ("said", "title", "rows"),
    [
        ("what was my most expensive day in october", "Day", 15),
        ("which month was the most expensive", "Month", 12),
        ("what were my top 3 categories in october", "Category", 3),
    ],
)
async def test_most_expensive_days_months_and_categories_are_ranked(
    assistant: Bot, said: str, title: str, rows: int
) -> None:
    table = (await talk_to(assistant, NUMBER).say(said)).replies[0]["custom"]
    assert (table["columns"][0]["title"], len(table["rows"])) == (title, rows)


async def test_daily_payment_limit_is_said_to_be_unknown(assistant: Bot) -> None:
    answer = await after(talk_to(assistant, NUMBER), "how much can I spend a day")
    assert answer.startswith("I don't know how much the bank lets you pay")
    assert "You spent" not in answer


@pytest.mark.parametrize("said", ["when do I get paid next", "what's the next payment", "what is going out next"])
async def test_next_payment_is_still_to_come(assistant: Bot, said: str) -> None:
    assert "still to come" in await after(talk_to(assistant, NUMBER), said)


async def test_missing_salary_is_reported_with_the_last_one(assistant: Bot) -> None:
    answer = await after(talk_to(assistant, NUMBER), "did I get my salary yet")
    assert "I found no transactions as income so far in November 2026" in answer
    assert figures(answer) == ["£2,875.12"]


@pytest.mark.parametrize(
    "said",
    [
        "balance of 87654321",
        "Show me the balance of account 87654321",
        "show transactions of account number 87654321",
        "how much did I spend from account 87654321",
        "balance of account ending 9999",
    ],
)
async def test_unknown_account_number_gets_no_figure(assistant: Bot, said: str) -> None:
    answer = await after(talk_to(assistant, NUMBER), said)
    assert "no account of yours that is called" in answer
    assert not figures(answer)


async def test_account_is_found_by_the_end_of_its_number(assistant: Bot) -> None:
    assert (await after(talk_to(assistant, NUMBER), "balance of account ending 6819")).startswith(
        "Your current account"
    )


async def test_last_transaction_is_the_latest_one_booked(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    await after(talk, "move £1.03 from current to savings", "yes", "pay jonas £1.04 from current", "yes")
    assert "-£1.04" in await after(talk, "show my last transaction")


@pytest.mark.parametrize(
    "said",
    [
        "how much went into my savings last month",
        "how much arrived in my savings last month",
        "how much money went to savings in october",
    ],
)
async def test_money_into_an_account_is_received(assistant: Bot, said: str) -> None:
    answer = await after(talk_to(assistant, NUMBER), said)
    assert answer.startswith("You received £205.30 into your savings account in October 2026")


async def test_refund_counts_as_money_in(assistant: Bot) -> None:
    assert (await after(talk_to(assistant, NUMBER), "how much did tesco refund me")).startswith("You received nothing")


@pytest.mark.parametrize("said", ["how much have I spent since I got paid", "what did I spend since payday"])
async def test_since_payday_starts_on_the_last_payday(assistant: Bot, said: str) -> None:
    answer = await after(talk_to(assistant, NUMBER), said)
    assert answer.startswith("You spent")
    assert "since 23 Oct 2026" in answer


# --- filters


@pytest.mark.parametrize(
    ("said", "unread"),
    [
        ("how much did I spend on charges", "charges"),
        ("how much did I spend on trips", "trips"),
        ("how much did I spend at the bank", "bank"),
        ("how much did I pay in bank charges", "bank charges"),
        ("how much did I lend", "lend"),
        ("how much did I spend with my friend", "friend"),
        ("how much did I spend online", "online"),
        ("what did I spend abroad in october", "abroad"),
    ],
)
async def test_unread_filter_is_named_and_gets_no_figure(assistant: Bot, said: str, unread: str) -> None:
    answer = await after(talk_to(assistant, NUMBER), said)
    assert f"“{unread}”" in answer
    assert not figures(answer)


@pytest.mark.parametrize("said", ["how much did I pay people last month", "how much did I send to friends last month"])
async def test_people_and_friends_mean_payments_to_people(assistant: Bot, said: str) -> None:
    assert "to people in October 2026" in await after(talk_to(assistant, NUMBER), said)


async def test_amount_without_a_currency_sign_is_found(assistant: Bot) -> None:
    answer = await after(talk_to(assistant, NUMBER), "what did I spend 12.90 on")
    assert "The Copper Kettle" in answer
    assert set(figures(answer)) == {"£12.90"}


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("Would you be so kind as to tell me how much I spent at Tesco last month?", {"merchant": "Tesco", **OCTOBER}),
        ("bruh what did i even spend on groceries", {"category": "groceries", **LAST_30_DAYS}),
        ("how much did I spend at teh tesco in october", {"merchant": "Tesco", **OCTOBER}),
    ],
)
async def test_filler_words_and_swapped_letters_are_not_filters(
    assistant: Bot, said: str, wanted: dict[str, str]
) -> None:
    assert set(figures(await after(talk_to(assistant, NUMBER), said))) == sum_of(**wanted)


async def test_misspelt_last_week_is_asked_about(assistant: Bot) -> None:
    answer = await after(talk_to(assistant, NUMBER), "how much did I spend at tesco lats week")
    assert "is it “last week”" in answer
    assert not figures(answer)


@pytest.mark.parametrize(
    ("said", "account"),
    [
        ("curent account balance", "current account"),
        ("savigns balance", "savings account"),
        ("balance on teh card", "credit card"),
        ("show transactions of my savigns account", "savings account"),
    ],
)
async def test_misspelt_account_is_corrected_and_read_back(assistant: Bot, said: str, account: str) -> None:
    answer = await after(talk_to(assistant, NUMBER), said)
    assert account in answer
    assert "no account" not in answer
    assert ("I read “" in answer) is ("teh" not in said)


async def test_reply_spells_the_shop_as_the_bank_does(assistant: Bot) -> None:
    assert "at Uber since" in await after(talk_to(assistant, NUMBER), "how much did I spend at uber")


async def test_question_who_somebody_is_tells_the_category(assistant: Bot) -> None:
    answer = await after(talk_to(assistant, NUMBER), "who is Harbour View Lettings")
    assert answer.endswith("The bank files Harbour View Lettings under housing; that's all I know about it.")
