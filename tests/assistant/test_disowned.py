"""A payment that the customer did not make is a matter for the fraud team, whatever else the message says."""

from __future__ import annotations

import pytest

from actions.signs.disowned import disowns
from bot.app.opening import Bot
from tests.assistant.conftest import talk_to

talking = pytest.mark.asyncio(loop_scope="module")
WARNING = "Please don't move any money now"

DISOWNED = [
    "theres a payment I dont know, John Lewis £45",
    "Why bank take from me 42 pounds?",
    "i didnt make the john lewis one",
    "I never bought anything at john lewis",
    "somebody has bought something at John Lewis with my card",
    "I don't recognise John Lewis £45",
]


@talking
@pytest.mark.parametrize("said", DISOWNED)
async def test_disowned_payment_is_warned_about_and_starts_no_transfer(assistant: Bot, said: str) -> None:
    talk = talk_to(assistant, "12345678")
    exchange = await talk.say(said)
    assert exchange.said.startswith(WARNING)
    assert not (await talk.say("yes")).said.startswith("Done")


@talking
@pytest.mark.parametrize("said", ["never been there", "that wasn't me", "i didnt make the john lewis one"])
async def test_payment_disowned_after_a_list_is_warned_about(assistant: Bot, said: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("show my last payments")
    assert (await talk.say(said)).said.startswith(WARNING)


@talking
async def test_payment_disowned_without_a_login_is_warned_about(assistant: Bot) -> None:
    exchange = await talk_to(assistant, None).say("theres a payment I dont know, John Lewis £45")
    assert exchange.said.startswith(WARNING)


@talking
async def test_disowned_payment_ends_a_running_transfer(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("pay Anna £10 from current")
    assert (await talk.say("I didn't make the john lewis one")).said.startswith(WARNING)
    assert not (await talk.say("yes")).said.startswith("Done")


@pytest.mark.parametrize(
    "text",
    [
        *DISOWNED,
        "I never shopped there",
        "it wasnt me",
        "that's not mine",
        "I didn't authorise that",
        "there are payments I did not make",
        "who took £30 out of my account",
        "someone used my card at Tesco",
        "I haven't made that payment",
        "the £45 one isn't mine",
        "I cant recognise that charge",
    ],
)
def test_denying_a_payment_disowns_it(text: str) -> None:
    assert disowns(text)


@pytest.mark.parametrize(
    "text",
    [
        "I don't know how much I spent at Tesco",
        "I didn't spend that much, did I",
        "I haven't been to Tesco this month",
        "did I buy anything at John Lewis",
        "show the payments to John Lewis",
        "pay Anna £10 from current",
        "not mine, Anna's account",
        "take £5 from my savings",
        "who paid into my account",
        "somebody paid me £20",
        "I haven't made the payment yet",
        "no, not that one",
        "I have not paid Anna",
        "I didn't make a transfer today",
    ],
)
def test_question_about_own_payments_disowns_nothing(text: str) -> None:
    assert not disowns(text)


@pytest.mark.parametrize(
    "said",
    [
        *("I haven't done this before", "I've never used this before", "I can't make this work"),
        "I have never made a payment before, how do I do it",
        "why does it take so long to move money from my account",
        "I don't know the payment date of my rent",
    ],
)
def test_inexperience_with_payments_disowns_nothing(said: str) -> None:
    assert not disowns(said)
