"""Replies about transfers say what happened: never "Done" twice, and nothing is "stopped" that was not under way."""

from __future__ import annotations

import pytest

from bot.app.opening import Bot
from bot.content import Domain
from tests.assistant.conftest import Talk, talk_to

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def moved(bot: Bot, amount: str = "£1") -> Talk:
    talk = talk_to(bot, "12345678")
    await talk.say(f"transfer {amount} from current to savings")
    assert (await talk.say("yes")).said.startswith("Done: I've moved")
    return talk


@pytest.mark.parametrize("again", ["yes", "do it again", "ok"])
async def test_a_second_yes_moves_nothing_more_and_says_so(assistant: Bot, again: str) -> None:
    said = (await (await moved(assistant)).say(again)).said
    assert said.startswith("That transfer is already made, and nothing more has moved: it was £1.00")


async def test_a_second_yes_after_a_payment_is_told_of_the_payment(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    for said in ("pay Anna £1 from current", "yes"):
        await talk.say(said)
    assert (await talk.say("yes")).said.startswith(
        "That payment is already made, and nothing more has been paid: it was"
    )


async def test_a_transfer_that_was_made_went_through(assistant: Bot) -> None:
    said = (await (await moved(assistant)).say("did it go through?")).said
    assert said == "Your last transfer went through: £1.00 from your current account to your savings account."


@pytest.mark.parametrize("payload", ['/deny{"merchant": "Tesco"}', '/cancel{"merchant": "Tesco"}'])
async def test_what_comes_too_late_is_told_of_the_transfer_whatever_is_named_beside(
    assistant: Bot, payload: str
) -> None:
    said = (await (await moved(assistant)).say(payload)).said
    assert "Your last transfer went through: £1.00" in said
    assert "Tesco" not in said


@pytest.mark.parametrize(
    "said",
    ["can you cancel my last transfer?", "reverse the transfer", "that was a mistake, send it back", "undo that"],
)
async def test_what_was_moved_is_not_taken_back(assistant: Bot, said: str) -> None:
    answer = (await (await moved(assistant)).say(said)).said
    assert "Done" not in answer
    assert "stopped" not in answer
    assert "can't" in answer


@pytest.mark.parametrize(
    "said", ["undo it", "undo that", "cancel that transfer", "can you undo the transfer", "go back"]
)
async def test_what_is_to_be_undone_is_said_to_be_done(assistant: Bot, said: str) -> None:
    answer = (await (await moved(assistant)).say(said)).said
    assert answer.startswith("Your last transfer went through: £1.00 from your current account")
    assert "I can't take back what has been moved" in answer


async def test_nothing_is_undone_where_nothing_was_moved(assistant: Bot) -> None:
    assert (await talk_to(assistant, "12345678").say("undo it")).said.startswith("I can't go back a step")
    assert (await talk_to(assistant, "12345678").say("undo that")).said.startswith("I can't stop a payment")


async def test_who_tells_of_a_payment_to_the_wrong_person_amid_another_is_helped(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("send Anna £50")
    answer = (await talk.say("I paid the wrong person last week")).said
    assert answer.startswith("All right, nothing has moved.\nI can't stop a payment or get one back")


@pytest.mark.parametrize("said", ["wrong person", "wrong account"])
async def test_a_wrong_person_amid_a_transfer_is_a_no(assistant: Bot, said: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("send Anna £50 from current")
    assert (await talk.say(said)).said == "All right, nothing has moved."


async def test_a_cancel_that_comes_too_late_is_told_so(assistant: Bot) -> None:
    answer = (await (await moved(assistant)).say("cancel that")).said
    assert answer.startswith("Your last transfer went through: £1.00")
    assert "can't take back what has been moved" in answer


@pytest.mark.parametrize("said", ["cancel my Netflix subscription", "cancel my gym membership", "cancel", "forget it"])
async def test_nothing_is_stopped_where_nothing_is_under_way(assistant: Bot, said: str) -> None:
    answer = (await talk_to(assistant, "12345678").say(said)).said
    assert "I've stopped" not in answer
    assert "can't" in answer or "can not" in answer


@pytest.mark.parametrize("said", ["no", "wrong", "that's the wrong person"])
async def test_a_no_right_after_a_transfer_is_told_that_it_comes_too_late(assistant: Bot, said: str) -> None:
    answer = (await (await moved(assistant)).say(said)).said
    assert answer.startswith("Your last transfer went through: £1.00")
    assert "can't take back what has been moved" in answer


async def test_a_stop_after_a_second_yes_means_the_transfer_that_was_made(assistant: Bot) -> None:
    talk = await moved(assistant)
    await talk.say("yes")
    assert (await talk.say("stop!!")).said.startswith("Your last transfer went through: £1.00")


@pytest.mark.parametrize("said", ["no thanks", "no, that's all"])
async def test_a_no_to_whatever_else_says_nothing_of_the_transfer(assistant: Bot, said: str) -> None:
    assert (await (await moved(assistant)).say(said)).said.startswith("All right. Is there anything else")


async def test_a_no_long_after_a_transfer_is_no_stop(assistant: Bot) -> None:
    talk = await moved(assistant)
    await talk.say("help")
    assert (await talk.say("no")).said.startswith("All right. Is there anything else")


async def test_a_transfer_under_way_is_stopped(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £1 from current to savings")
    assert (await talk.say("cancel")).said.startswith("No problem, I've stopped.")


@pytest.mark.parametrize("question", ["when will it arrive", "did it go through?"])
async def test_what_waits_for_a_yes_has_not_moved(assistant: Bot, question: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £1 from current to savings")
    said = (await talk.say(question)).said
    assert said.startswith("Nothing has moved yet")
    assert said.endswith("Shall I move £1.00 from your current account to your savings account?")
    assert (await talk.say("yes")).said.startswith("Done:")


@pytest.mark.parametrize("no", ["on second thoughts no", "actually no"])
async def test_a_no_after_all_moves_nothing(assistant: Bot, no: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £1 from current to savings")
    assert (await talk.say(no)).said == "All right, nothing has moved."


@pytest.mark.parametrize(
    "question", ["show my last 3 transactions", "show my transactions", "when did I last buy a coffee?"]
)
async def test_a_look_at_the_transactions_leaves_the_transfer_as_it_is(assistant: Bot, question: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £1 from current to savings")
    exchange = await talk.say(question)
    assert exchange.actions == ("transfer_form", "action_transactions_aside", "transfer_form")
    assert exchange.said.endswith("Shall I move £1.00 from your current account to your savings account?")
    assert (await talk.say("yes")).said.startswith("Done:")


async def test_a_wish_to_undo_an_earlier_transfer_is_told_that_it_was_made(assistant: Bot) -> None:
    talk = await moved(assistant)
    await talk.say("transfer £2 from current to savings")
    said = (await talk.say("can you cancel my last transfer?")).said
    assert said.startswith("All right, I'm not moving anything.\nYour last transfer went through: £1.00")
    assert "can't take back what has been moved" in said
    assert (await talk.say("yes")).said.startswith("I hadn't asked you to confirm anything.")


async def test_a_yes_typed_as_on_the_button_is_one_to_the_question_asked_now(assistant: Bot) -> None:
    talk = await moved(assistant, "£20")
    await talk.say("transfer £30 from current to savings")
    assert (await talk.say("Yes, move it")).said.startswith("Done: I've moved £30.00")
    await talk.say("pay Anna £5 from current")
    assert (await talk.say("Yes, pay it")).said.startswith("Done: I've paid £5.00")


async def test_the_titles_of_a_transfers_buttons_mean_what_the_buttons_mean(assistant: Bot) -> None:
    buttons = [
        button
        for name, variations in assistant_domain(assistant).responses.items()
        if name.startswith("utter_confirm_")
        for variation in variations
        for button in variation.buttons
    ]
    assert len(buttons) == 4
    for button in buttons:
        exchange = await talk_to(assistant, "12345678").say(button["title"])
        assert exchange.intent == button["payload"].removeprefix("/")


def assistant_domain(bot: Bot) -> Domain:
    return bot.project.content.domain
