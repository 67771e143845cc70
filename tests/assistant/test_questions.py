"""Questions as customers put them: the reply counts what was asked for, or says what it leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from bot.app.opening import Bot
from bot.app.projects import Project
from tests.assistant.conftest import talk_to
from tests.assistant.ledger_oracle import Oracle, figures

AMARA, NUMBER = "cust-3f8a41", "12345678"
OCTOBER = {"from": "2026-10-01", "to": "2026-11-01"}
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("how much did I spend on going out last month", {"category": "entertainment"}),
        ("how much did I spend on shops last month", {"category": "shopping"}),
        ("how much did I spend at Transport for London last month", {"merchant": "Transport for London"}),
        ("how much did I spend at copper kettle last month", {"merchant": "The Copper Kettle"}),
        ("how much did I pay for the council tax last month", {"merchant": "City Council"}),
        ("how much did I spend at the gym last month", {"merchant": "Peak Gym"}),
        ("how much did I spend on my Travel card last month", {"account": "credit card"}),
    ],
)
async def test_sum_covers_the_named_category_shop_or_account(assistant: Bot, said: str, wanted: dict[str, Any]) -> None:
    exchange = await talk_to(assistant, NUMBER).say(said)
    assert (
        set(figures(exchange.said)) == Oracle(AMARA).expected({"sum": {"direction": "out", **OCTOBER, **wanted}}).must
    )


async def test_category_and_time_without_a_verb_are_summed(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("groceries last month")
    wanted = {"category": "groceries", "direction": "out", **OCTOBER}
    assert set(figures(exchange.said)) == Oracle(AMARA).expected({"sum": wanted}).must


async def test_place_name_is_not_taken_for_a_shop(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("how much did I spend in London")
    assert "“London”" in exchange.said
    assert not figures(exchange.said)


async def test_shop_name_alone_lists_its_transactions(assistant: Bot) -> None:
    assert (await talk_to(assistant, NUMBER).say("Tesco")).said.startswith("Your last 10 transactions at Tesco")


async def test_finding_a_payment_of_an_amount_does_not_start_a_transfer(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("find the payment of £12.50")
    assert exchange.intent == "ask_transactions"
    assert "payments of £12.50" in exchange.said


async def test_cost_per_year_is_summed_over_the_last_365_days(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("How much does Spotify cost me a year")
    wanted = {"merchant": "Spotify", "direction": "out", "from": "2025-11-04", "to": "2026-11-04"}
    assert set(figures(exchange.said)) == Oracle(AMARA).expected({"sum": wanted}).must


async def test_named_investment_counts_as_spending(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("how much did I spend on Wrenfield Investment Plan last month")
    wanted = {"category": "transfers", "direction": "out", "account": "current", **OCTOBER}
    assert figures(exchange.said)[0] in exchange.said
    assert "Wrenfield" in exchange.said
    assert "left out" not in exchange.said
    assert figures(exchange.said)[0] in Oracle(AMARA).expected({"list": wanted}).may


async def test_sum_moved_to_savings_does_not_start_a_transfer(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("how much money did I transfer to savings last month?")
    wanted = {"category": "transfers", "direction": "in", "account": "savings", **OCTOBER}
    assert exchange.intent == "ask_spending"
    assert set(figures(exchange.said)) == Oracle(AMARA).expected({"sum": wanted}).must


@pytest.mark.parametrize(
    ("said", "part", "whole"),
    [
        ("how much did I spend on coffee last month", "coffee", "eating out"),
        ("how much did I spend on petrol last month", "petrol", "transport"),
    ],
)
async def test_reply_says_that_a_word_is_only_part_of_its_category(
    assistant: Bot, said: str, part: str, whole: str
) -> None:
    exchange = await talk_to(assistant, NUMBER).say(said)
    assert f"“{part}” is part of {whole}" in exchange.said


@pytest.mark.parametrize(
    "said",
    [
        "how much did I spend at City Council last month",
        "how much did I spend at Sainsbury's last month",
        "how much did I spend on groceries last month",
    ],
)
async def test_correctly_spelt_name_is_not_read_back(assistant: Bot, said: str) -> None:
    exchange = await talk_to(assistant, NUMBER).say(said)
    assert exchange.said.startswith("You spent")


@pytest.mark.parametrize(
    ("said", "unread"),
    [
        ("how much cash did I take out", "cash"),
        ("cash withdrawals this month", "cash"),
        ("how much did I spend last tax year", "tax year"),
        ("how much did I get from Anna", "Anna"),
        ("how much did I give Anna in October", "Anna"),
        ("when did I last pay Anna?", "Anna"),
        ("has Tom paid me back?", "Tom"),
    ],
)
async def test_name_unknown_to_the_bank_gets_no_figure(assistant: Bot, said: str, unread: str) -> None:
    exchange = await talk_to(assistant, NUMBER).say(said)
    assert f"“{unread}" in exchange.said
    assert not figures(exchange.said)


async def test_getting_paid_means_income(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("when did I last get paid?")
    assert "Northlight Studios" in exchange.said


async def test_payment_to_a_person_is_found_by_first_name(assistant: Bot) -> None:
    talk = talk_to(assistant, "87654321")
    await talk.say("pay Amara Okafor £12.34 from current")
    assert (await talk.say("yes")).said.startswith("Done")
    for question in ("how much did I give Amara this month", "when did I last pay Amara?"):
        assert "£12.34" in (await talk.say(question)).said


@pytest.mark.parametrize(
    "said",
    [
        "what was my balance on 1 October",
        "what was my balance yesterday",
        "balance at the end of October",
        "how much did I have in savings on 1 September",
        "how much will I have left after rent",
    ],
)
async def test_balance_on_another_day_is_answered_with_todays_and_says_so(assistant: Bot, said: str) -> None:
    exchange = await talk_to(assistant, NUMBER).say(said)
    assert exchange.intent == "ask_balance"
    assert exchange.said.startswith("I can only tell you what is in your accounts now")


async def test_balance_today_is_answered_without_a_caveat(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("what's my balance today")
    assert exchange.said.startswith("Here are your balances")


@pytest.mark.parametrize(
    "said",
    [
        "whats my bal",
        "my bal",
        "do I have enough money",
        "do I have enough for a £200 hotel",
        "what's my closing balance",
    ],
)
async def test_ordinary_words_in_a_balance_question_are_not_account_names(assistant: Bot, said: str) -> None:
    assert (await talk_to(assistant, NUMBER).say(said)).said.startswith("Here are your balances")


async def test_balance_of_a_card_is_found_by_its_nickname(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("how much is on my Travel card")
    (owed,) = Oracle(AMARA).expected({"balance": "credit card"}).must
    assert exchange.said.startswith(f"You owe {owed} on your")


@pytest.mark.parametrize(
    ("said", "name"), [("how much is in my ISA?", "“ISA”"), ("what is Jonas's balance", "“Jonas”")]
)
async def test_unknown_account_gets_no_balance(assistant: Bot, said: str, name: str) -> None:
    exchange = await talk_to(assistant, NUMBER).say(said)
    assert name in exchange.said
    assert not figures(exchange.said)


async def test_account_is_found_by_its_nickname(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("what's the balance of rainy day")
    assert set(figures(exchange.said)) == Oracle(AMARA).expected({"balance": "savings"}).must


async def test_first_transactions_are_the_oldest(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("show me the first 3 transactions in October")
    rows = exchange.replies[0]["custom"]["rows"]
    assert len(rows) == 3
    assert rows[0][0] == "1 Oct"


async def test_list_says_when_own_transfers_are_left_out(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    assert "left out" in (await talk.say("payments over £100 last month")).said
    assert "left out" not in (await talk.say("payments over £1000 last month")).said


@pytest.mark.parametrize("said", ["show me those payments", "show me", "which ones?"])
async def test_those_payments_are_the_ones_in_the_sum(assistant: Bot, said: str) -> None:
    talk = talk_to(assistant, NUMBER)
    await talk.say("how much did I spend on groceries in October")
    rows = (await talk.say(said)).replies[0]["custom"]["rows"]
    wanted = {"category": "groceries", "direction": "out", **OCTOBER}
    assert len(rows) == len(Oracle(AMARA).expected({"list": wanted}).rows or ())


@pytest.mark.parametrize("said", ["what's the total", "sum them up", "what do they add up to"])
async def test_total_after_a_list_is_the_sum_of_its_transactions(assistant: Bot, said: str) -> None:
    talk = talk_to(assistant, NUMBER)
    await talk.say("show payments to Tesco in October")
    total = await talk.say(said)
    wanted = {"merchant": "Tesco", "direction": "out", **OCTOBER}
    assert set(figures(total.said)) == Oracle(AMARA).expected({"sum": wanted}).must


async def test_month_alone_keeps_the_account(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    await talk.say("show me transactions on savings")
    await talk.say("and the credit card")
    month = await talk.say("last month")
    assert "on your credit card in October 2026" in month.said


async def test_more_pages_through_the_whole_list_without_repeats(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    first = await talk.say("show me all transactions in October")
    rows = list(first.replies[0]["custom"]["rows"])
    while "That was all" not in (page := await talk.say("more")).said:
        rows += page.replies[0]["custom"]["rows"]
    wanted = Oracle(AMARA).expected({"list": OCTOBER}).rows or ()
    assert len(rows) == len(wanted) > 25
    assert len({tuple(row) for row in rows}) >= len(wanted) - 2, "pages do not overlap"


async def test_more_without_a_list_asks_more_of_what(assistant: Bot) -> None:
    assert (await talk_to(assistant, NUMBER).say("show the rest")).said.startswith("More of what?")


async def test_story_before_the_question_is_not_a_filter(assistant: Bot) -> None:
    said = (
        "Hi. I moved house last month and I was wondering, since everything is so expensive, "
        "how much I spent on groceries in September?"
    )
    exchange = await talk_to(assistant, NUMBER).say(said)
    wanted = {"category": "groceries", "direction": "out", "from": "2026-09-01", "to": "2026-10-01"}
    assert set(figures(exchange.said)) == Oracle(AMARA).expected({"sum": wanted}).must


async def test_every_synonym_of_a_category_or_shop_is_understood(assistant: Bot, assistant_project: Project) -> None:
    wrong = []
    for synonym in assistant_project.content.nlu.synonyms:
        if synonym.value not in CATEGORIES_AND_SHOPS:
            continue
        question = f"how much did I spend on {synonym.text} last month?"
        exchange = await talk_to(assistant, NUMBER).say(question)
        kept = exchange.slots.get("question") or {}
        read = synonym.value in (kept.get("category"), kept.get("merchant"))
        if not read and f"What counts as {synonym.value} only comes in" not in exchange.said:
            wrong.append((synonym.text, kept))
    assert not wrong


CATEGORIES_AND_SHOPS = frozenset(
    {"groceries", "eating out", "transport", "bills", "shopping", "entertainment", "housing", "income", "transfers"}
    | {"Transport for London", "Pret A Manger", "Costa Coffee", "Sainsbury's", "John Lewis"}
)
