"""Pay, years, parts of the last answer, where most of the money went: figures match the ledger, or there are none."""

from __future__ import annotations

from typing import Any

import pytest

from bot.app.opening import Bot
from tests.assistant.conftest import talk_to
from tests.assistant.ledger_oracle import Oracle, figures

AMARA, NUMBER = "cust-3f8a41", "12345678"
OCTOBER = {"from": "2026-10-01", "to": "2026-11-01"}
LAST_30_DAYS = {"from": "2026-10-04", "to": "2026-11-04"}
pytestmark = pytest.mark.asyncio(loop_scope="module")


def sum_of(**wanted: Any) -> set[str]:
    return set(Oracle(AMARA).expected({"sum": {"direction": "out", **wanted}}).must)


@pytest.mark.parametrize(
    "said",
    [
        "has my salary been paid yet",
        "have my wages been paid",
        "when was I last paid by Northlight",
        "when was I last paid",
        "have I been paid",
        "was I paid in October",
    ],
)
async def test_pay_that_came_in_is_found(assistant: Bot, said: str) -> None:
    exchange = await talk_to(assistant, NUMBER).say(said)
    assert "23 Oct" in exchange.said
    assert "£2,875.12" in exchange.said
    assert "-£" not in exchange.said, "pay comes in"


@pytest.mark.parametrize("said", ["has the rent been paid", "when did my rent last get paid"])
async def test_paid_rent_counts_as_money_out(assistant: Bot, said: str) -> None:
    assert "-£1,125.00" in (await talk_to(assistant, NUMBER).say(said)).said


@pytest.mark.parametrize("said", ["total spending 2025", "spending 2025", "spending for 2025"])
async def test_bare_year_is_a_period(assistant: Bot, said: str) -> None:
    exchange = await talk_to(assistant, NUMBER).say(said)
    assert set(figures(exchange.said)) == sum_of(**{"from": "2025-01-01", "to": "2026-01-01"})


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("how much did my landlord take last month", "“landlord”"),
        ("how much have I donated this month", "“donated”"),
        ("how much did I withdraw in October", "“withdraw”"),
        ("gifts in september", "“gifts”"),
        ("cash taken out", "“cash”"),
        ("how much did I spend since 31/02", "no 31/02"),
        ("payments over €50", "“over €50”"),
        ("how much of my salary did I spend last month", "only comes in"),
        ("how much money in and out last month", "“money in” and “money out”"),
        ("what did I spend the least on in October", "least”"),
        ("what did I spend most on at Tesco", "“most”"),
    ],
)
async def test_unknown_or_incalculable_part_gets_no_figure(assistant: Bot, said: str, answer: str) -> None:
    exchange = await talk_to(assistant, NUMBER).say(said)
    assert answer in exchange.said
    assert not figures(exchange.said.replace("€50", ""))


async def test_subject_of_took_is_looked_up_as_a_shop(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("how much did the council take last month")
    assert set(figures(exchange.said)) == sum_of(merchant="City Council", **OCTOBER)


@pytest.mark.parametrize(
    ("before", "said", "wanted"),
    [
        ("how much did I spend last month", "how much of that was groceries", {"category": "groceries", **OCTOBER}),
        ("how much did I spend last month", "how much of that was on the card?", {"account": "credit card", **OCTOBER}),
        ("how much did I spend last month", "and how much of it went to Lidl", {"merchant": "Lidl", **OCTOBER}),
        ("what did I spend most on in October", "how much of that was transport", {"category": "transport", **OCTOBER}),
    ],
)
async def test_part_of_the_last_answer_keeps_its_period(
    assistant: Bot, before: str, said: str, wanted: dict[str, Any]
) -> None:
    talk = talk_to(assistant, NUMBER)
    await talk.say(before)
    assert set(figures((await talk.say(said)).said)) == sum_of(**wanted)


async def test_last_one_keeps_the_filters_of_the_last_question(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    await talk.say("how much did I spend at Costa last month")
    assert (await talk.say("when was the last one")).said.startswith(
        "Your last payment at Costa Coffee in October 2026"
    )


async def test_how_much_keeps_the_filters_of_the_last_question(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    await talk.say("did my salary come in last month")
    assert (await talk.say("how much")).said.startswith("You received £2,875.12 as income in October 2026")


async def test_biggest_is_one_payment_and_biggest_ones_are_several(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    await talk.say("how much did I spend on groceries last month")
    assert (await talk.say("which was the biggest")).said.startswith(
        "Your largest payment on groceries in October 2026"
    )
    assert (await talk.say("which were the biggest")).said.startswith("Your 10 largest payments on groceries")


async def test_sum_after_a_short_list_covers_only_its_rows(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    listed = await talk.say("show my last three payments at Tesco")
    pence = [
        round(float(figure.replace("£", "").replace(",", "").replace("-", "")) * 100) for figure in figures(listed.said)
    ]
    added = await talk.say("how much is that altogether")
    assert f"£{sum(pence) / 100:.2f} at Tesco in the last 3 transactions: 3 payments" in added.said


@pytest.mark.parametrize(
    ("said", "title", "most"),
    [
        ("What did I spend most on in October?", "Category", "housing"),
        ("where did most of my money go last month?", "Category", "housing"),
        ("break down my october spending", "Category", "housing"),
        ("give me a breakdown of my spending by shop in october", "Where", "Harbour View Lettings"),
        ("which shop did I spend most on groceries at last month", "Where", "Sainsbury's"),
    ],
)
async def test_ranking_is_sorted_and_adds_up_to_the_sum(assistant: Bot, said: str, title: str, most: str) -> None:
    exchange = await talk_to(assistant, NUMBER).say(said)
    table = exchange.replies[0]["custom"]
    assert (table["columns"][0]["title"], table["rows"][0][0]) == (title, most)
    assert f": {most}." in exchange.said
    sums = [round(float(row[2].removeprefix("£").replace(",", "")) * 100) for row in table["rows"]]
    assert sums == sorted(sums, reverse=True)
    whole = sum_of(**OCTOBER, **({"category": "groceries"} if "groceries" in said else {}))
    assert whole <= set(figures(exchange.said))
    if "largest sums" not in exchange.said:
        assert f"£{sum(sums) / 100:,.2f}" in whole, "the parts add up to the whole"


async def test_follow_up_continues_a_ranking(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    await talk.say("which category did I spend most on in October")
    again = await talk.say("and in September?")
    assert "in September 2026, most of all" in again.said
    assert sum_of(**{"from": "2026-09-01", "to": "2026-10-01"}) <= set(figures(again.said))


async def test_give_me_is_not_money_that_came_in(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("give me my spending in october")
    assert set(figures(exchange.said)) == sum_of(**OCTOBER)


async def test_how_much_is_my_rent_is_a_sum_and_not_a_balance(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("how much is my rent")
    assert set(figures(exchange.said)) == sum_of(category="housing", **LAST_30_DAYS)


@pytest.mark.parametrize(
    ("said", "limit"),
    [("what's my overdraft limit", "£500.00"), ("credit limit", "£3,000.00"), ("limit of my card", "£3,000.00")],
)
async def test_overdraft_or_card_limit_is_given_on_request(assistant: Bot, said: str, limit: str) -> None:
    assert f"is {limit}" in (await talk_to(assistant, NUMBER).say(said)).said


async def test_pin_beside_a_question_gets_a_warning(assistant: Bot) -> None:
    exchange = await talk_to(assistant, NUMBER).say("show my transactions since May, and my pin is 4482")
    assert "Please don't type a card number, code or password here" in exchange.said


# --- incomplete sentences, which continue the last question


async def answered(assistant: Bot, *said: str) -> str:
    """The reply to the last of these messages."""
    talk = talk_to(assistant, NUMBER)
    return [(await talk.say(text)).said for text in said][-1]


@pytest.mark.parametrize("said", ["sum", "total please", "grand total", "add up", "and the total?", "in total"])
async def test_total_alone_is_the_sum_of_the_rows_listed(assistant: Bot, said: str) -> None:
    answer = await answered(assistant, "show my amazon transactions", said)
    assert answer == "You spent £407.13 at Amazon in the last 10 transactions: 10 payments."


@pytest.mark.parametrize(
    ("said", "begins"),
    [
        ("the ones this month", "I found no transactions at Amazon so far in November 2026"),
        ("the ones in october", "1 transaction at Amazon in October 2026"),
        ("this month's ones", "I found no transactions at Amazon so far in November 2026"),
        ("which was the dearest", "Your largest payment at Amazon"),
        ("the last one", "Your last transaction at Amazon"),
        ("how many is that", "Your last 10 transactions at Amazon"),
        ("how many were there", "Your last 10 transactions at Amazon"),
        ("how many times", "Your last 10 transactions at Amazon"),
    ],
)
async def test_part_without_a_name_is_taken_from_the_list(assistant: Bot, said: str, begins: str) -> None:
    assert (await answered(assistant, "show my amazon transactions", said)).startswith(begins)


async def test_total_with_its_own_subject_is_a_new_question(assistant: Bot) -> None:
    answer = await answered(assistant, "show my amazon transactions", "total spending this month")
    assert answer.startswith("You spent £1,388.54 so far in November 2026")


async def test_total_without_a_last_question_gets_no_figure(assistant: Bot) -> None:
    assert not figures(await answered(assistant, "total"))


async def test_sum_of_the_largest_payments_says_so(assistant: Bot) -> None:
    assert "in the 3 largest transactions" in await answered(assistant, "my 3 largest payments", "sum")


@pytest.mark.parametrize(
    ("said", "part"),
    [
        (
            ("whats my credit card balance", "what was the last thing paid with it"),
            "your credit card:",
        ),
        (("whats my credit card balance", "transactions on it"), "your credit card:"),
        (
            ("whats my credit card balance", "and in savings", "how much went into it this year"),
            "You received £2,039.25 into your savings account so far in 2026",
        ),
    ],
)
async def test_it_means_the_account_of_the_last_question(assistant: Bot, said: tuple[str, ...], part: str) -> None:
    assert part in await answered(assistant, *said)


# --- what is asked for


@pytest.mark.parametrize(
    ("said", "begins"),
    [
        ("how much did my company pay me in october", "You received £2,875.12 as income in October 2026"),
        ("how much did my employer pay me last month", "You received £2,875.12 as income in October 2026"),
        ("has my boss paid me", "Your last 10 payments received as income"),
        ("did work pay me", "Your last 10 payments received as income"),
        ("show my txns at tesco", "Your last 10 transactions at Tesco"),
        ("where my money goes", "You spent £2,204.74 since 4 Oct 2026, most of all"),
        ("what left my account yesterday", "1 payment on 2 Nov 2026"),
        ("how much money left my account last week", "You spent £1,317.35 from 26 Oct 2026 to 1 Nov 2026"),
        ("will my balance be ok until payday", "I can only tell you what is in your accounts now"),
        (
            "when did i last spend money at costa",
            "You spent £3.91 at Costa Coffee in the last transaction, on 1 Nov 2026",
        ),
        ("What's my biggest bill every month?", "Your largest payment"),
        ("where did my pay go", "You spent £2,204.74 since 4 Oct 2026, most of all £1,125.00: housing"),
        ("trans for October", "53 transactions in October 2026"),
        ("where did all my wages go", "You spent £2,204.74 since 4 Oct 2026, most of all £1,125.00: housing"),
    ],
)
async def test_reply_begins_with_the_expected_answer(assistant: Bot, said: str, begins: str) -> None:
    assert (await answered(assistant, said)).startswith(begins)


async def test_payments_to_a_company_are_not_income(assistant: Bot) -> None:
    assert "“company”" in await answered(assistant, "payments to my company")


async def test_cash_taken_out_is_not_answered_with_a_balance(assistant: Bot) -> None:
    assert "balance" not in await answered(assistant, "how much cash have i taken out")


@pytest.mark.parametrize(
    "said",
    [
        "what bills do i still have coming this month",
        "what bills are left this month",
        "whats left to pay this month",
        "which bills have i still to pay",
    ],
)
async def test_bills_left_to_pay_are_still_to_come(assistant: Bot, said: str) -> None:
    answer = await answered(assistant, said)
    assert "still to come" in answer
    assert not figures(answer)


async def test_remark_about_a_habit_is_not_a_filter(assistant: Bot) -> None:
    said = "just wanted to see whether my wages have gone in, they usually do towards the end of the month"
    assert "Your last 10 transactions as income" in await answered(assistant, said)


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("transactions from yesterday", "on 2 Nov 2026"),
        ("payments from friday", "on 30 Oct 2026"),
        ("everything from sunday", "on 1 Nov 2026"),
        ("transactions from the 20th", "on 20 Oct 2026"),
        ("show my transactions at costa from sunday", "on 1 Nov 2026"),
        ("everything from yesterday on my card", "on 2 Nov 2026"),
        ("spending from monday", "since 2 Nov 2026"),
        ("what I spent from the 1st", "since 1 Nov 2026"),
        ("transactions from friday onwards", "since 30 Oct 2026"),
        ("payments from monday till now", "since 2 Nov 2026"),
    ],
)
async def test_transactions_from_a_day_cover_that_day_unless_open_ended(assistant: Bot, said: str, days: str) -> None:
    assert days in await answered(assistant, said)
