"""Replies about transfers say what happened: never "Done" twice, and nothing is "stopped" that was not under way."""

from __future__ import annotations

import pytest

from bot.app.opening import Bot
from bot.content import Domain
from tests.assistant.conftest import Talk, talk_to

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def talk_after_transfer(bot: Bot, amount: str = "£1") -> Talk:
    talk = talk_to(bot, "12345678")
    await talk.say(f"transfer {amount} from current to savings")
    assert (await talk.say("yes")).said.startswith("Done: I've moved")
    return talk


@pytest.mark.parametrize("again", ["yes", "do it again", "ok"])
async def test_second_yes_reports_the_transfer_and_moves_nothing_more(assistant: Bot, again: str) -> None:
    said = (await (await talk_after_transfer(assistant)).say(again)).said
    assert said.startswith("That transfer is already made, and nothing more has moved: it was £1.00")


async def test_second_yes_reports_the_payment_and_pays_nothing_more(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    for said in ("pay Anna £1 from current", "yes"):
        await talk.say(said)
    assert (await talk.say("yes")).said.startswith(
        "That payment is already made, and nothing more has been paid: it was"
    )


async def test_status_of_a_made_transfer_is_that_it_went_through(assistant: Bot) -> None:
    said = (await (await talk_after_transfer(assistant)).say("did it go through?")).said
    assert said == "Your last transfer went through: £1.00 from your current account to your savings account."


@pytest.mark.parametrize("payload", ['/deny{"merchant": "Tesco"}', '/cancel{"merchant": "Tesco"}'])
async def test_late_denial_reports_the_transfer_and_ignores_other_names(assistant: Bot, payload: str) -> None:
    said = (await (await talk_after_transfer(assistant)).say(payload)).said
    assert "Your last transfer went through: £1.00" in said
    assert "Tesco" not in said


@pytest.mark.parametrize(
    "said",
    ["can you cancel my last transfer?", "reverse the transfer", "that was a mistake, send it back", "undo that"],
)
async def test_request_to_reverse_a_made_transfer_is_declined(assistant: Bot, said: str) -> None:
    answer = (await (await talk_after_transfer(assistant)).say(said)).said
    assert "Done" not in answer
    assert "stopped" not in answer
    assert "can't" in answer


@pytest.mark.parametrize(
    "said", ["undo it", "undo that", "cancel that transfer", "can you undo the transfer", "go back"]
)
async def test_request_to_undo_reports_the_made_transfer(assistant: Bot, said: str) -> None:
    answer = (await (await talk_after_transfer(assistant)).say(said)).said
    assert answer.startswith("Your last transfer went through: £1.00 from your current account")
    assert "I can't take back what has been moved" in answer


async def test_undo_without_a_transfer_explains_that_it_cannot(assistant: Bot) -> None:
    assert (await talk_to(assistant, "12345678").say("undo it")).said.startswith("I can't go back a step")
    assert (await talk_to(assistant, "12345678").say("undo that")).said.startswith("I can't stop a payment")


async def test_report_of_an_earlier_wrong_payment_stops_the_transfer_and_gets_help(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("send Anna £50")
    answer = (await talk.say("I paid the wrong person last week")).said
    assert answer.startswith("All right, nothing has moved.\nI can't stop a payment or get one back")


@pytest.mark.parametrize("said", ["wrong person", "wrong account"])
async def test_wrong_person_or_account_stops_the_transfer(assistant: Bot, said: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("send Anna £50 from current")
    assert (await talk.say(said)).said == "All right, nothing has moved."


async def test_cancel_after_a_made_transfer_reports_that_it_is_too_late(assistant: Bot) -> None:
    answer = (await (await talk_after_transfer(assistant)).say("cancel that")).said
    assert answer.startswith("Your last transfer went through: £1.00")
    assert "can't take back what has been moved" in answer


@pytest.mark.parametrize("said", ["cancel my Netflix subscription", "cancel my gym membership", "cancel", "forget it"])
async def test_cancel_without_a_transfer_does_not_claim_to_stop_anything(assistant: Bot, said: str) -> None:
    answer = (await talk_to(assistant, "12345678").say(said)).said
    assert "I've stopped" not in answer
    assert "can't" in answer or "can not" in answer


@pytest.mark.parametrize("said", ["no", "wrong", "that's the wrong person"])
async def test_no_right_after_a_transfer_reports_that_it_is_too_late(assistant: Bot, said: str) -> None:
    answer = (await (await talk_after_transfer(assistant)).say(said)).said
    assert answer.startswith("Your last transfer went through: £1.00")
    assert "can't take back what has been moved" in answer


async def test_stop_after_a_second_yes_refers_to_the_made_transfer(assistant: Bot) -> None:
    talk = await talk_after_transfer(assistant)
    await talk.say("yes")
    assert (await talk.say("stop!!")).said.startswith("Your last transfer went through: £1.00")


@pytest.mark.parametrize("said", ["no thanks", "no, that's all"])
async def test_declining_further_help_does_not_mention_the_transfer(assistant: Bot, said: str) -> None:
    assert (await (await talk_after_transfer(assistant)).say(said)).said.startswith("All right. Is there anything else")


async def test_no_after_another_turn_does_not_mention_the_transfer(assistant: Bot) -> None:
    talk = await talk_after_transfer(assistant)
    await talk.say("help")
    assert (await talk.say("no")).said.startswith("All right. Is there anything else")


async def test_cancel_stops_a_pending_transfer(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £1 from current to savings")
    assert (await talk.say("cancel")).said.startswith("No problem, I've stopped.")


@pytest.mark.parametrize("question", ["when will it arrive", "did it go through?"])
async def test_status_of_a_pending_transfer_is_that_nothing_has_moved(assistant: Bot, question: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £1 from current to savings")
    said = (await talk.say(question)).said
    assert said.startswith("Nothing has moved yet")
    assert said.endswith("Shall I move £1.00 from your current account to your savings account?")
    assert (await talk.say("yes")).said.startswith("Done:")


@pytest.mark.parametrize("no", ["on second thoughts no", "actually no"])
async def test_second_thoughts_stop_the_transfer(assistant: Bot, no: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £1 from current to savings")
    assert (await talk.say(no)).said == "All right, nothing has moved."


@pytest.mark.parametrize(
    "question", ["show my last 3 transactions", "show my transactions", "when did I last buy a coffee?"]
)
async def test_listing_transactions_keeps_the_pending_transfer(assistant: Bot, question: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £1 from current to savings")
    exchange = await talk.say(question)
    assert exchange.actions == ("transfer_form", "action_transactions_aside", "transfer_form")
    assert exchange.said.endswith("Shall I move £1.00 from your current account to your savings account?")
    assert (await talk.say("yes")).said.startswith("Done:")


async def test_transactions_of_all_accounts_are_listed_during_a_transfer(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £1 from current to savings")
    said = (await talk.say("show my transactions in September")).said
    assert "Everyday (current account)" in said
    assert "Rainy day (savings account)" in said


async def test_cancelling_the_last_transfer_drops_the_pending_one_and_reports_the_last(assistant: Bot) -> None:
    talk = await talk_after_transfer(assistant)
    await talk.say("transfer £2 from current to savings")
    said = (await talk.say("can you cancel my last transfer?")).said
    assert said.startswith("All right, I'm not moving anything.\nYour last transfer went through: £1.00")
    assert "can't take back what has been moved" in said
    assert (await talk.say("yes")).said.startswith("I hadn't asked you to confirm anything.")


async def test_typed_button_title_confirms_the_current_question(assistant: Bot) -> None:
    talk = await talk_after_transfer(assistant, "£20")
    await talk.say("transfer £30 from current to savings")
    assert (await talk.say("Yes, move it")).said.startswith("Done: I've moved £30.00")
    await talk.say("pay Anna £5 from current")
    assert (await talk.say("Yes, pay it")).said.startswith("Done: I've paid £5.00")


async def test_confirmation_button_titles_have_the_intents_of_their_payloads(assistant: Bot) -> None:
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
