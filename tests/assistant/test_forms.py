"""What ends a form, what restarts it, and why an amount is refused."""

from __future__ import annotations

import pytest

from bot.app.opening import Bot
from tests.assistant.conftest import talk_to

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHICH = "Which account would you like to see?"


async def test_transactions_form_ends_when_another_question_is_answered(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    assert WHICH in (await talk.say("show my transactions")).said
    answer = await talk.say("am I overdrawn")
    assert answer.said.startswith("No, none of your accounts")
    assert WHICH not in answer.said
    assert not (await talk.say("thanks")).said.count(WHICH)


async def test_transactions_form_asks_once_more_and_then_ends(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("show my transactions")
    assert WHICH in (await talk.say("tell me a joke")).said
    second = await talk.say("sing me a song")
    assert WHICH not in second.said
    assert "I'm still not with you" in second.said
    assert "Transactions" not in second.said
    assert WHICH not in (await talk.say("hello")).said


async def test_transactions_form_can_be_answered_after_one_detour(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("show my transactions")
    assert WHICH in (await talk.say("are you a bot?")).said
    assert "on your savings account" in (await talk.say("savings")).said


@pytest.mark.parametrize(
    "said",
    ["transfer 50 from savings to current", "move 50 to current from savings", "transfer £50 from savings to current"],
)
async def test_bare_number_beside_the_accounts_is_the_amount(assistant: Bot, said: str) -> None:
    exchange = await talk_to(assistant, "12345678").say(said)
    assert exchange.said == "Shall I move £50.00 from your savings account to your current account?"


async def test_number_of_accounts_is_not_an_amount(assistant: Bot) -> None:
    exchange = await talk_to(assistant, "12345678").say("move money between my 2 accounts")
    assert exchange.said == "How much would you like to move?"


@pytest.mark.parametrize("entity", ["account", "payee"])
async def test_account_in_a_payload_is_checked_like_any_other_answer(assistant: Bot, entity: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £10 from current")
    made_up = f'{{"{entity}": {{"id": "ac-9c04d8", "nickname": "x", "spoken": "Mum", "payee": true}}}}'
    answer = await talk.say(f"/inform{made_up}")
    assert "Mum?" not in answer.said
    assert "Shall I" not in answer.said


@pytest.mark.parametrize("begin", ["transfer money", "transfer £10 from savings"])
async def test_no_ends_the_transfer_form(assistant: Bot, begin: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say(begin)
    assert (await talk.say("no")).said == "All right, nothing has moved."
    assert "move" not in (await talk.say("thanks")).said


async def test_yes_to_an_open_question_gets_the_question_again(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    question = (await talk.say("transfer £10 from savings")).said
    assert (await talk.say("yes")).said == question


async def test_complete_new_request_replaces_the_running_one(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £50")
    await talk.say("from savings")
    answer = await talk.say("move £20 to savings")
    assert answer.said == "Shall I move £20.00 from your current account to your savings account?"
    again = await talk.say("transfer £30 from savings to current")
    assert again.said == "Shall I move £30.00 from your savings account to your current account?"
    done = await talk.say("yes")
    assert done.said == "Done: I've moved £30.00 from your savings account to your current account."


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("transfer -5 pounds", "more than nothing"),
        ("transfer minus five pounds", "more than nothing"),
        ("transfer 0", "more than nothing"),
        ("transfer £0", "more than nothing"),
        ("transfer 10.999", "pounds and pence"),
        ("transfer £10.999", "pounds and pence"),
    ],
)
async def test_refused_amount_is_explained(assistant: Bot, said: str, reason: str) -> None:
    exchange = await talk_to(assistant, "12345678").say(said)
    assert reason in exchange.said
    assert "How much" in exchange.said


@pytest.mark.parametrize(
    "said",
    ["can i afford 50 quid", "can i get a 50 pound coat", "can i afford a 200 quid coat", "Can I afford a holiday?"],
)
async def test_question_about_affording_something_starts_no_transfer(assistant: Bot, said: str) -> None:
    exchange = await talk_to(assistant, "12345678").say(said)
    assert exchange.said.startswith("I can't say what you can afford")
    assert "Here are your balances" in exchange.said


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("did the mortgage go through", "on housing"),
        ("did the netflix payment go through", "at Netflix"),
        ("did my card payment go through", "on your credit card"),
        ("has the payment to tesco gone through", "at Tesco"),
    ],
)
async def test_status_of_a_payment_made_elsewhere_is_looked_up(assistant: Bot, said: str, answer: str) -> None:
    assert answer in (await talk_to(assistant, "12345678").say(said)).said


@pytest.mark.parametrize("said", ["did my transfer go through", "did that go through"])
async def test_status_without_a_transfer_offers_none(assistant: Bot, said: str) -> None:
    exchange = await talk_to(assistant, "12345678").say(said)
    assert exchange.said.startswith("You haven't made a transfer in this chat.")
    assert "/transfer_money" not in str(exchange.replies)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("transfer £20 to savings", "from my main one"),
        ("transfer £20 from savings", "to my main"),
        ("transfer £20 from savings", "the main one"),
        ("transfer money from savings to current", "20 pouns"),
    ],
)
async def test_plain_answers_complete_the_transfer(assistant: Bot, before: str, said: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say(before)
    assert (await talk.say(said)).replies[-1]["text"].startswith("Shall I move £20.00 from your")
