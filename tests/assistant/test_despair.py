"""Somebody who wants to die is told where to find help, whatever else they ask; figures of speech do not count."""

from __future__ import annotations

import pytest

from actions.signs.despair import is_despair
from bot.app.opening import Bot
from tests.assistant.conftest import talk_to

talking = pytest.mark.asyncio(loop_scope="module")
HELP = "the Samaritans on 116 123"


@talking
@pytest.mark.parametrize("number", ["12345678", None])
@pytest.mark.parametrize(
    "said",
    [
        "i owe so much money i want to die",
        "how much do I owe on my card, I want to kill myself",
        "show my last 5 payments, I don't want to live",
        "i want to kms",
    ],
)
async def test_despair_is_answered_instead_of_the_question(assistant: Bot, said: str, number: str | None) -> None:
    exchange = await talk_to(assistant, number).say(said)
    assert HELP in exchange.said
    assert "£" not in exchange.said


@talking
@pytest.mark.parametrize("number", ["12345678", None])
async def test_despair_is_answered_instead_of_the_order(assistant: Bot, number: str | None) -> None:
    exchange = await talk_to(assistant, number).say("transfer £20 and then I want to die")
    assert HELP in exchange.said
    assert len(exchange.replies) == 1


@talking
@pytest.mark.parametrize(
    "said",
    [
        "I wish I had died",
        "I wish it was all over",
        "i want to be gone",
        "I want this pain to stop",
        "i wish for death",
    ],
)
async def test_despair_in_other_words_is_answered_with_help(assistant: Bot, said: str) -> None:
    assert HELP in (await talk_to(assistant, "12345678").say(said)).said


@talking
async def test_transfer_goes_on_after_a_greeting_without_its_space(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £20 from current to savings")
    assert "Shall I move £20.00" in (await talk.say("hithere")).said


@talking
@pytest.mark.parametrize(
    "said",
    [
        "I never shopped there",
        "never been there",
        "I've never used this card",
        "I can't see the point of this bot",
        "merci",
        "no way did I spend that",
        "hithere",
        "i wish to know my saldo",
        "i wish to know my konto",
        "I wish to speak about my account",
        "I want some lemonade",
        "I wish I had a dog",
    ],
)
async def test_ordinary_complaint_is_not_answered_as_despair(assistant: Bot, said: str) -> None:
    assert HELP not in (await talk_to(assistant, "12345678").say(said)).said


@pytest.mark.parametrize(
    "text",
    [
        "I want to die",
        "i wanna die",
        "I just want to be dead",
        "I'm going to kill myself",
        "thinking of hanging myself",
        "I feel suicidal",
        "I'm thinking about suicide",
        "I'm ending my life",
        "I'm going to end it tonight",
        "I want to end it all",
        "I don't want to live any more",
        "i dont want to be alive",
        "I'd be better off dead",
        "I'd rather be dead than owe this",
        "I wish I was dead",
        "I took an overdose",
    ],
)
def test_outright_despair_is_recognised(text: str) -> None:
    assert is_despair(text)


@pytest.mark.parametrize(
    "text",
    [
        "I don't want to live with my parents, how much is the rent",
        "suicide squad tickets at Odeon",
        "my phone is going to die",
        "end it",
        "kill the transfer",
        "I killed myself laughing",
        "how much did I spend at Die Hard",
        "I never shopped there",
        "take my money to savings",
    ],
)
def test_similar_wording_is_not_despair(text: str) -> None:
    assert not is_despair(text)
