"""Somebody who asks for a person is told how to reach one, whatever the topic."""

from __future__ import annotations

import pytest

from actions.signs.human import wants_human
from bot.app.opening import Bot
from tests.assistant.conftest import talk_to

talking = pytest.mark.asyncio(loop_scope="module")
WAY = "I can't put you through from this chat"

ASKS = [
    "Might I speak to a person about my overdraft charges?",
    "can i talk to someone about my last payment",
    "i need to speak to somebody about my credit card bill",
    "put me through to an agent about my balance",
    "how much is it, I'd rather talk to a real person",
    "is there anybody I can speak to about my savings",
]


@talking
@pytest.mark.parametrize("said", ASKS)
async def test_request_for_a_person_is_answered_before_its_topic(assistant: Bot, said: str) -> None:
    assert WAY in (await talk_to(assistant, "12345678").say(said)).said


@talking
async def test_request_for_a_person_keeps_the_pending_transfer(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    asked = (await talk.say("move £1 from current to savings")).said
    answer = (await talk.say("can I speak to someone about my savings account")).said
    assert WAY in answer
    assert answer.endswith(asked)


@pytest.mark.parametrize("text", [*ASKS, "speak to a human", "transfer me to a colleague", "can somebody ring me"])
def test_request_for_a_person_is_recognised(text: str) -> None:
    assert wants_human(text)


@pytest.mark.parametrize(
    "text",
    [
        *("I paid somebody £20", "talk to you later", "did I speak to somebody about my bill", "pay someone £5"),
        *("I don't want to talk to anybody, what's my balance", "transfer £5 to someone", "can I send someone £5"),
        *(
            "do I have to speak to somebody to close an account",
            "I spoke to a person",
            "show my balance without talking",
        ),
    ],
)
def test_other_mention_of_people_is_not_a_request_for_a_person(text: str) -> None:
    assert not wants_human(text)
