"""Answers to the transfer form: amounts of any size, the request repeated, two different accounts, and no answers."""

from __future__ import annotations

import pytest

from actions.transfer import form
from bot import Customer
from bot.app.opening import Bot
from bot.app.projects import Project
from bot.testing.kit import make_parse, make_turn
from tests.assistant.conftest import NOW, talk_to
from tests.bank.kit import ScriptedBank

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOW_MUCH = "How much would you like to move?"
SOURCE = "Which account shall I take it from?"
TARGET = "And where should it go?"
SAME = "That's the same account twice; it has to go to another one."


@pytest.mark.parametrize("answer", ["£999999999", "£1000000", "1000000", "just £1000000, please"])
async def test_amount_above_every_balance_is_asked_for_again(assistant: Bot, answer: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer")
    said = (await talk.say(answer)).said
    assert said.startswith("I can't move £")
    assert "the most that you have available in one account is £12," in said
    assert said.endswith(HOW_MUCH)
    assert (await talk.say("£20")).said == SOURCE


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("£0.001", "pounds and pence"),
        ("£0", "more than nothing"),
        ("minus £5", "more than nothing"),
        ("-5", "more than nothing"),
    ],
)
async def test_zero_negative_or_fractional_amount_is_asked_for_again(assistant: Bot, answer: str, reason: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer")
    said = (await talk.say(answer)).said
    assert reason in said
    assert said.endswith(HOW_MUCH)


async def test_amount_above_the_balance_is_asked_for_again_at_confirmation(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £10 from current to savings")
    said = (await talk.say("£999999999")).said
    assert "I can't move £999,999,999.00: your current account has" in said
    assert said.endswith(HOW_MUCH)
    assert "Shall I move £20.00" in (await talk.say("£20")).said


@pytest.mark.parametrize("again", ["transfer", "move money"])
async def test_repeated_request_gets_the_same_question(assistant: Bot, again: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer")
    for answer, question in [
        (again, HOW_MUCH),
        ("£5", SOURCE),
        (again, SOURCE),
        ("current", "And where should it go?"),
    ]:
        exchange = await talk.say(answer)
        assert (exchange.said, exchange.actions) == (question, ("transfer_form",))
    question = (await talk.say("savings")).said
    assert (await talk.say(again)).said == question


@pytest.mark.parametrize("said", ["yes", "ok", "thanks", "hmm", "what's my balance?"])
async def test_message_without_an_answer_gets_the_same_question(assistant: Bot, said: str) -> None:
    talk = talk_to(assistant, "12345678")
    assert (await talk.say("transfer 30 to Grace")).said.endswith(TARGET)
    for _ in range(2):
        assert (await talk.say(said)).said.endswith(TARGET)
    assert (await talk.say("to Anna")).said == SOURCE


async def test_newly_refused_amount_is_asked_for_before_the_open_question(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer 30 to Grace")
    assert (await talk.say("no, £0")).said.endswith(HOW_MUCH)


@pytest.mark.parametrize("request_", ["pay Anna £30 from current", "transfer £30 from current to savings"])
async def test_the_other_one_without_an_alternative_changes_nothing(assistant: Bot, request_: str) -> None:
    talk = talk_to(assistant, "12345678")
    question = (await talk.say(request_)).said
    said = (await talk.say("the other one")).said
    assert said.startswith("I move money only on a plain “yes”")
    assert said.endswith(question)


async def test_repeated_request_with_an_amount_is_taken_as_the_answer(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer")
    exchange = await talk.say("transfer £5")
    assert (exchange.said, exchange.actions) == (SOURCE, ("transfer_form",))


async def test_target_account_cannot_become_the_source(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £50 from current to savings")
    asked = await talk.say("yes from savings")
    assert asked.said == f"{SAME}\n{SOURCE}"
    assert [button["title"] for button in asked.replies[-1]["buttons"]] == ["Everyday (current account)"]
    assert "from your current account to your savings account?" in (await talk.say("current")).said


async def test_source_and_target_can_be_swapped_in_one_answer(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £50 from current to savings")
    asked = await talk.say("no, from savings to current")
    assert "from your savings account to your current account?" in asked.said


async def test_message_asks_the_bank_for_the_payees_only_once(assistant_project: Project) -> None:
    bank = ScriptedBank()
    turn = make_turn(
        make_parse("to somebody", intent="inform"),
        customer=Customer("c-1", "cust-3f8a41"),
        domain=assistant_project.content.domain,
        now=NOW,
        resources={"bank": bank.client()},
        slots={"amount": {"minor": 500}, "requested_slot": "to_account"},
    )
    await form.validate_form(turn)
    await form.ask_target(turn)
    assert bank.paths().count("beneficiaries") == 1


@pytest.mark.parametrize("said", ["payments between £10 and £20", "payments between £20 and £10"])
async def test_payments_between_two_amounts_are_listed_not_made(assistant: Bot, said: str) -> None:
    exchange = await talk_to(assistant, "12345678").say(said)
    assert "payments between £10.00 and £20.00:" in exchange.said
    assert "transfer_form" not in exchange.actions


@pytest.mark.parametrize("answer", ["go ahead with £20", "yes please £20", "sure, £20 is fine", "yes, not £50 but £20"])
async def test_yes_with_another_amount_moves_nothing_and_asks_again(assistant: Bot, answer: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £50 from current to savings")
    assert (await talk.say(answer)).said == "Shall I move £20.00 from your current account to your savings account?"
    assert (await talk.say("yes, go ahead with £20")).said.startswith("Done: I've moved £20.00")
