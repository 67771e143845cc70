"""Transfers that take many turns, and short answers: the transfer in question stays, and nothing is ignored."""

from __future__ import annotations

import pytest

from actions.questions.halves import split
from actions.transfer.changes import wants_other
from actions.transfer.request import begins_order, collects
from bot.app.opening import Bot
from bot.testing.kit import make_parse
from tests.assistant.conftest import Talk, talk_to

talking = pytest.mark.asyncio(loop_scope="module")

TURNS = 7
"""More turns than a conversation remembers."""
PAY = "pay anna £1 from current"
QUESTION = "Shall I pay £1.00 from your current account to Anna Lindqvist (account ending 3312)?"
SOURCE = "Which account shall I take it from?"


async def talk_with(bot: Bot, *said: str) -> Talk:
    talk = talk_to(bot, "12345678")
    for text in said:
        await talk.say(text)
    return talk


@talking
async def test_yes_confirms_after_many_other_questions(assistant: Bot) -> None:
    talk = await talk_with(assistant, PAY, *["help"] * TURNS)
    assert (await talk.say("yes")).said.startswith("Done: I've paid £1.00")


@talking
async def test_yes_confirms_after_many_changes_of_the_amount(assistant: Bot) -> None:
    talk = await talk_with(assistant, PAY, *[f"make it {pounds}" for pounds in range(2, 2 + TURNS)])
    assert (await talk.say("make it 1")).said == QUESTION
    assert (await talk.say("yes")).said.startswith("Done: I've paid £1.00")


@talking
async def test_yes_with_another_payee_moves_nothing_after_many_turns(assistant: Bot) -> None:
    talk = await talk_with(assistant, PAY, *["help"] * TURNS)
    answered = await talk.say("yes, but to Jonas")
    assert "Done" not in answered.said
    assert "to Jonas Whitfield" in answered.said


@talking
async def test_second_payment_has_to_wait_after_many_turns(assistant: Bot) -> None:
    talk = await talk_with(assistant, PAY, *["help"] * TURNS)
    said = (await talk.say("and also pay Jonas £5")).said
    assert "one payment at a time" in said
    assert said.endswith(QUESTION)


@talking
async def test_same_again_repeats_the_last_payment_after_many_turns(assistant: Bot) -> None:
    talk = await talk_with(assistant, PAY, "yes", *["help"] * TURNS)
    assert (await talk.say("same again")).said == QUESTION


@talking
@pytest.mark.parametrize("answer", ["ok £10 then", "£10 then", "well, £10"])
async def test_amount_among_filler_words_is_taken(assistant: Bot, answer: str) -> None:
    talk = await talk_with(assistant, "transfer")
    assert (await talk.say(answer)).said == SOURCE


@talking
async def test_as_much_as_possible_is_not_an_amount(assistant: Bot) -> None:
    talk = await talk_with(assistant, "transfer")
    assert "I need the amount itself" in (await talk.say("ok the most I can")).said


@talking
@pytest.mark.parametrize("answer", ["no wait, 60", "hold on, £60"])
async def test_amount_corrected_after_a_wait_is_asked_about(assistant: Bot, answer: str) -> None:
    talk = await talk_with(assistant, PAY)
    assert (await talk.say(answer)).said.startswith("Shall I pay £60.00 from your current account to Anna")


@talking
@pytest.mark.parametrize("answer", ["savings please", "no the savings account", "savings then"])
async def test_bare_account_replaces_the_source_of_a_payment_to_a_person(assistant: Bot, answer: str) -> None:
    talk = await talk_with(assistant, PAY)
    assert (await talk.say(answer)).said.startswith("Shall I pay £1.00 from your savings account to Anna")


@talking
async def test_bare_number_changes_the_amount_when_the_account_is_asked(assistant: Bot) -> None:
    talk = await talk_with(assistant, "pay anna £10")
    assert (await talk.say("fifty")).said == f"All right, £50.00 it is.\n{SOURCE}"
    assert (await talk.say("current")).said.startswith("Shall I pay £50.00")


@talking
async def test_the_other_one_is_the_other_payee_of_that_first_name(assistant: Bot) -> None:
    talk = await talk_with(assistant, "pay tom £1 from current", "tom reid")
    assert "to Tom Okafor" in (await talk.say("no, the other one")).said
    assert "to Tom Reid" in (await talk.say("no, the other tom")).said


@talking
async def test_payee_can_be_chosen_by_position_in_the_list_just_shown(assistant: Bot) -> None:
    talk = await talk_with(assistant, "who can I pay")
    assert (await talk.say("pay the first one £15")).said == SOURCE
    assert "£15.00 from your current account to Anna" in (await talk.say("current")).said


@talking
async def test_split_amount_is_not_taken_as_one_payment(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    assert "one payment at a time" in (await talk.say("split £90 between savings and my credit card")).said


@talking
@pytest.mark.parametrize("said", ["from anna to me £20", "ask Tom to pay me £10"])
async def test_request_to_collect_money_keeps_the_running_transfer(assistant: Bot, said: str) -> None:
    talk = await talk_with(assistant, "pay anna £10")
    answered = (await talk.say(said)).said
    assert "I can't say what a payment would lead to, or ask others for money" in answered
    assert answered.endswith(SOURCE)
    assert (await talk.say("current")).said.startswith("Shall I pay £10.00")


@talking
async def test_customer_without_payees_is_told_so_at_once(assistant: Bot) -> None:
    exchange = await talk_to(assistant, "00123456").say("pay someone £20")
    assert exchange.said.startswith("You have no payees yet")
    assert SOURCE not in exchange.said


@talking
@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Tranfser £5 frm current too savings", ""),
        ("move £5 from curent to savings", "I read “curent” as current.\n"),
        ("move £5 to savigns from current", "I read “savigns” as savings.\n"),
    ],
)
async def test_misspelt_account_is_corrected_and_the_correction_is_said(assistant: Bot, said: str, read: str) -> None:
    question = "Shall I move £5.00 from your current account to your savings account?"
    assert (await talk_to(assistant, "12345678").say(said)).said == read + question


@talking
async def test_second_payment_in_one_message_has_to_wait(assistant: Bot) -> None:
    said = (await talk_to(assistant, "12345678").say("move £20 from current to savings and pay anna £10")).said
    assert said.startswith("I can only do one thing at a time: please ask me “pay anna £10” next.")
    assert "one payment at a time" not in said
    assert said.endswith("Shall I move £20.00 from your current account to your savings account?")


@talking
async def test_waiting_question_is_offered_as_a_button(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    exchange = await talk.say("move £5 from current to savings and how much came in last month")
    told = next(reply for reply in exchange.replies if "one thing at a time" in reply["text"])
    assert told["buttons"] == [{"title": "how much came in last month", "payload": "how much came in last month"}]
    assert exchange.said.endswith("to your savings account?")


@pytest.mark.parametrize(
    ("text", "intent", "waits"),
    [
        ("what's on my card and pay it off", "ask_balance", "pay it off"),
        ("pay £1 to my card then show my balance", "ask_balance", "pay £1 to my card"),
        ("pay £50 off my card and tell me what's left", "transfer_money", "tell me what's left"),
        ("take £60 from current and move it to savings", "transfer_money", None),
        ("take £60 from current, then put it into savings", "transfer_money", None),
    ],
)
def test_message_with_two_requests_is_split(text: str, intent: str, waits: str | None) -> None:
    assert split(make_parse(text, intent=intent))[1] == waits


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("no, the other one", True),
        ("not him, the other Tom", True),
        ("the other account", False),
        ("another one", False),
    ],
)
def test_only_a_reference_to_the_other_person_is_recognised(text: str, other: bool) -> None:
    assert wants_other(text, "Tom Reid") is other


def test_order_begins_with_its_verb() -> None:
    assert begins_order("ok please pay Anna £10")
    assert not begins_order("£10 to pay Anna")


@pytest.mark.parametrize("text", ["from my savings to me", "tell me to pay Anna", "can you send £20 to Anna"])
def test_outgoing_payment_is_not_a_collection(text: str) -> None:
    assert not collects(text)
