"""Money moves now or not at all: for a wish for tomorrow or for every month, a plain yes is asked for instead."""

from __future__ import annotations

import pytest

from actions.transfer.later import conditions, puts_off, wants_later
from bot.app.opening import Bot
from bot.testing.kit import make_entity, make_parse
from tests.assistant.conftest import NOW, Talk, talk_to

pytestmark = pytest.mark.asyncio(loop_scope="module")

ONLY_NOW = (
    "I can only move money straight away: I can't plan a transfer for later, repeat one, or wait for something first."
)
REQUEST = "transfer 50 pounds from current to savings"
QUESTION = "Shall I move £50.00 from your current account to your savings account"


async def confirm(talk: Talk) -> bool:
    return (await talk.say("yes")).said.startswith("Done: I've moved £50.00")


@pytest.mark.parametrize(
    "when",
    [
        "tomorrow",
        "tommorow",
        "next friday",
        "on friday",
        "at 6pm",
        "in 3 days",
        "in the morning",
        "on 1 December",
        "every month",
        "each Friday",
        "every 2 weeks",
        "weekly",
        "a month",
        "as a standing order",
        "on payday",
        "later",
    ],
)
async def test_later_or_repeated_transfer_is_offered_for_now(assistant: Bot, when: str) -> None:
    talk = talk_to(assistant, "12345678")
    assert (await talk.say(f"{REQUEST} {when}")).said == f"{ONLY_NOW}\n{QUESTION} now?"
    assert await confirm(talk)


@pytest.mark.parametrize(
    "when",
    [
        "once I get paid",
        "as soon as my salary is in",
        "when my salary comes in",
        "after rent goes out",
        "until I tell you to stop",
        "unless I have less than £500",
        "as long as it's free",
    ],
)
async def test_conditional_transfer_is_offered_for_now(assistant: Bot, when: str) -> None:
    assert (await talk_to(assistant, "12345678").say(f"{REQUEST} {when}")).said == f"{ONLY_NOW}\n{QUESTION} now?"


@pytest.mark.parametrize(
    "text",
    [
        "pay Anna £10 when you can",
        "pay Anna £10 as soon as possible",
        "pay Anna £10 as soon as you can",
        "once more, pay Anna £10",
        "pay £10 to my card after all",
        "pay Anna £10 once",
        "when did I pay Anna?",
        "pay Anna £10 when it suits",
    ],
)
async def test_courtesy_does_not_put_a_payment_off(text: str) -> None:
    assert not puts_off(text)


async def test_condition_ends_where_the_order_begins() -> None:
    text = "when I say so pay Anna £10"
    assert [text[start:end] for start, end in conditions(text)] == ["when I say so "]


@pytest.mark.parametrize(
    "proviso",
    [
        *("as long as I have £500 left", "so long as there's £500 in current", "providing I've got £500"),
        *("provided that the rent is not over £500", "assuming we have £500", "if I still have £500 left"),
    ],
)
async def test_proviso_is_a_condition_to_its_end(proviso: str) -> None:
    text = f"send Anna £50 {proviso}"
    assert [text[start:end] for start, end in conditions(text)] == [proviso]


@pytest.mark.parametrize("proviso", ["as long as I have £500 left", "provided there's £500 left in savings"])
async def test_amount_and_account_of_a_proviso_are_not_taken(assistant: Bot, proviso: str) -> None:
    talk = talk_to(assistant, "12345678")
    asked = (await talk.say(f"send £50 to Anna {proviso}")).said
    assert asked == f"{ONLY_NOW}\nWhich account shall I take it from?"
    assert (await talk.say("current")).said.startswith("Shall I pay £50.00 from your current account to Anna")
    assert "Done" not in (await talk.say(f"yes {proviso}")).said


async def test_condition_within_a_running_transfer_is_answered(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("pay Anna £10")
    assert ONLY_NOW in (await talk.say("pay Anna £10 from current when my salary comes in")).said


@pytest.mark.parametrize("when", ["now", "right now", "today", "by friday", "this week"])
async def test_transfer_for_now_is_asked_about_without_a_note(assistant: Bot, when: str) -> None:
    assert (await talk_to(assistant, "12345678").say(f"{REQUEST} {when}")).said == f"{QUESTION}?"


@pytest.mark.parametrize(
    "answer",
    [
        "yes, tomorrow",
        "yes, on friday",
        "yes every month",
        "yes later",
        "yes in a bit",
        "yes but wait until monday",
        "can we do it tomorrow instead",
        "tomorrow",
        "next friday",
        "on friday",
        "each Friday",
        "every month",
        "weekly",
    ],
)
async def test_yes_for_another_time_moves_nothing_and_is_asked_again(assistant: Bot, answer: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say(REQUEST)
    answered = await talk.say(answer)
    assert answered.said == f"{ONLY_NOW}\n{QUESTION} now?"
    assert "action_transfer" not in answered.actions
    assert await confirm(talk)


@pytest.mark.parametrize("answer", ["yes", "yes, now", "yes please, today"])
async def test_plain_yes_for_now_moves_the_money(assistant: Bot, answer: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say(REQUEST)
    assert (await talk.say(answer)).said.startswith("Done:")


async def test_later_time_in_any_answer_is_noticed(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer")
    assert (await talk.say("£50 tomorrow")).said == f"{ONLY_NOW}\nWhich account shall I take it from?"
    assert (await talk.say("from current every month")).said == f"{ONLY_NOW}\nAnd where should it go?"
    assert (await talk.say("savings")).said == f"{QUESTION}?"


async def test_question_about_another_month_is_answered_within_a_transfer(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say(REQUEST)
    for question in ("what did I spend last month?", "and in September?"):
        answered = (await talk.say(question)).said
        assert answered.startswith("You spent")
        assert ONLY_NOW not in answered
    assert await confirm(talk)


async def test_time_of_another_question_in_the_message_puts_nothing_off(assistant: Bot) -> None:
    asked = await talk_to(assistant, "12345678").say("how much came in last month and move £50 from current to savings")
    assert ONLY_NOW not in asked.said
    assert asked.said.endswith(f"{QUESTION}?")


@pytest.mark.parametrize("start", [None, "tomorrow", "2026-11-04T00:00:00"])
async def test_time_without_readable_ends_counts_as_another_time(start: str | None) -> None:
    text = '/transfer_money{"time": "tomorrow"}'
    details = {"from": {"value": start}} if start else None
    time = make_entity(text, "tomorrow", "time", "tomorrow", details=details)
    assert wants_later(make_parse(text, intent="transfer_money", entities=[time]), NOW, answer=False)
