"""A plain yes moves money, and nothing else does, whatever its intent."""

from __future__ import annotations

import pytest

from actions.transfer.consent import consents
from bot.app.opening import Bot
from tests.assistant.conftest import talk_to

REQUEST = "transfer £1 from current to savings"
QUESTION = "Shall I move £1.00 from your current account to your savings account?"
SOURCE = {"nickname": "Everyday", "spoken": "current account"}
TARGET = {"nickname": "Rainy day", "spoken": "your savings account"}
PERSON = {"nickname": "Tom Okafor", "spoken": "Tom Okafor (account ending 0437)", "payee": True}

YES = [
    *(
        "yes",
        "Yes.",
        "y",
        "yess",
        "yesss!",
        "YES PLEASE",
        "yes yes yes",
        "yep do it",
        "yeah go on then",
        "sure",
        "ok",
        "k",
    ),
    *("okay thanks", "go ahead", "go", "confirm", "I confirm", "correct", "that’s right", "please do", "do it", "fine"),
    *("alright", "all right then", "perfect", "sounds good", "proceed", "continue", "send it", "move it", "just do it"),
    *(
        "thats right",
        "lets do it",
        "yes im sure",
        "oh yes",
        "yes it is",
        "that looks right",
        "go right ahead",
        "ye",
        "yeh",
    ),
    *("okey", "yesplease", "I said yes", "ok cool", "thats fine", "it's fine", "um yes", "well yes", "actually yes"),
    *(
        "yes exactly",
        "yes 🙂",
        "yes sir",
        "yep looks good to me",
        "yes go ahead and move it",
        "yes you can",
        "ok thanks",
    ),
    *("confirm the transfer", "do the transfer", "yes transfer", "yes please confirm", "yes that's fine thanks"),
    *("Yes, please do.", "yes please do it now", "yes do please", "Yes, do.", "yes i would like that"),
    *("Yes, move it", "Yes, pay it", "yes please and thank you", "yes, right now", "👍", "👍🏽", "✅", "✔️", "/affirm"),
]
NO_YES = [
    *(
        "incorrect",
        "that's incorrect",
        "I can't confirm",
        "I won't confirm",
        "ok that's wrong",
        "okay nope",
        "yeah nah",
    ),
    *(
        "unsure",
        "yeah right",
        "yes please cancel",
        "yes please stop",
        "yes abort",
        "confirm cancellation",
        "ok hold on",
    ),
    *("yes hang on", "ok let me think", "yes let me think about it", "please do nothing", "go ahead and delete it"),
    *("is that right?", "correct?", "yes?", "ok?", "do it?", "yes？", "what am I confirming?", "should I say yes?"),
    *("are you sure that's right", "you sure", "ok who is that", "ok what", "yes to what", "yes as long as it's free"),
    *("yes if it is free", "yes unless it costs something", "yes but half", "yes but make it double", "yes, 200"),
    *(
        "all good thanks",
        "fine thanks",
        "perfect, cheers",
        "that's ok thanks",
        "thats fine cheers",
        "alright mate",
        "all right ta",
    ),
    *("ok all good thanks", "please confirm", "please confirm that", "confirm please", "ok please confirm"),
    *("transfer", "transfer ok", "oh", "oh ok", "well fine", "and yes", "yes and", "yes well", "🙂", "yes 🙃", "cool"),
    *("do", "do please", "yes do not", "yes do i", "yes do nothing please", "do please confirm", "ok do i", "do yes"),
    *(
        "i would",
        "i am sure",
        "i would like that",
        "yes i would like",
        "yes i would like to see",
        "yes please do not",
        "yes please don't",
    ),
    *("you can", "it is", "ok we'll", "yes transfer more", "yes and not", "I said no", "looks good to Anna"),
    *("ok swap", "yes, the other way round", "yes and again", "ok twice", "yes but", "correct it please"),
    *(
        "👎",
        "🙅",
        "yes 👎",
        "yes/no",
        "",
        " ",
        "please",
        "thank you",
        "now",
        "/deny",
        '/affirm{"number": 30}',
        "yes " * 40,
    ),
]


@pytest.mark.parametrize("text", YES)
def test_plain_yes_is_consent(text: str) -> None:
    assert consents(text, SOURCE, TARGET)


@pytest.mark.parametrize("text", NO_YES)
def test_anything_but_a_plain_yes_is_not_consent(text: str) -> None:
    assert not consents(text, SOURCE, TARGET)


@pytest.mark.parametrize(
    "text",
    ["yes, to savings", "ok from current to savings", "yes from my current account", "sure, Everyday to Rainy day"],
)
def test_yes_may_repeat_source_and_target(text: str) -> None:
    assert consents(text, SOURCE, TARGET)


@pytest.mark.parametrize(
    "text",
    ["yes from savings", "yes savings to current", "ok to current", "yes to Anna", "to savings", "yes savings current"],
)
def test_yes_that_swaps_or_changes_the_accounts_is_not_consent(text: str) -> None:
    assert not consents(text, SOURCE, TARGET)


@pytest.mark.parametrize(
    ("text", "is_one"), [("yes, to Tom", True), ("ok pay Okafor", True), ("yes, to Tom Reid", False)]
)
def test_yes_may_name_the_payee_but_nobody_else(text: str, is_one: bool) -> None:
    assert consents(text, SOURCE, PERSON) is is_one


talking = pytest.mark.asyncio(loop_scope="module")


@talking
@pytest.mark.parametrize(
    "answer",
    [
        *(
            "yes to savings",
            "yes from current to savings",
            "yes to savings from current",
            "yes move £1 from current to savings",
            "yes to Rainy day",
        ),
        *("yes send £1 to savings", "yes, to my savings account"),
    ],
)
async def test_yes_that_repeats_the_details_moves_the_money(assistant: Bot, answer: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say(REQUEST)
    assert (await talk.say(answer)).said.startswith("Done: I've moved £1.00 from your current account to your savings")


@talking
@pytest.mark.parametrize(
    "answer",
    [
        *("yes from savings to current", "yes to current", "yes move £2 from current to savings", "yes from savings"),
        *("yes move £1 from savings to current", "yes send £1 to Anna", "yes to savings?"),
    ],
)
async def test_yes_with_other_details_moves_nothing(assistant: Bot, answer: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say(REQUEST)
    assert "Done" not in (await talk.say(answer)).said


@talking
@pytest.mark.parametrize("answer", YES)
async def test_plain_yes_of_any_intent_moves_the_money(assistant: Bot, answer: str) -> None:
    talk = talk_to(assistant, "12345678")
    assert (await talk.say(REQUEST)).said == QUESTION
    assert (await talk.say(answer)).said.startswith("Done: I've moved £1.00 from your current account")


@talking
@pytest.mark.parametrize("answer", [text for text in NO_YES if text.strip()])
async def test_answer_other_than_a_plain_yes_moves_nothing_whatever_its_intent(assistant: Bot, answer: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say(REQUEST)
    answered = await talk.say(answer)
    assert "Done" not in answered.said
    assert "transfer" not in answered.slots


@talking
async def test_conditional_yes_is_explained_and_the_question_repeated(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say(REQUEST)
    said = (await talk.say("yes as long as it's free")).said
    assert said.startswith("I move money only on a plain “yes”, so nothing has moved.")
    assert said.endswith(QUESTION)
    assert (await talk.say("yes")).said.startswith("Done:")


@talking
async def test_hesitant_yes_is_explained_and_the_question_repeated(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say(REQUEST)
    exchange = await talk.say("yes I suppose so")
    assert exchange.intent == "affirm"
    assert exchange.said.startswith("I move money only on a plain “yes”, so nothing has moved.")
    assert exchange.said.endswith(QUESTION)


@talking
async def test_yes_after_a_cancelled_transfer_moves_nothing(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say(REQUEST)
    await talk.say("cancel")
    assert (await talk.say("yes")).said.startswith("I hadn't asked you to confirm anything.")
