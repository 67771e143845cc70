"""Paying people: whom a message names, what is asked if that is not clear, and where the money goes."""

from __future__ import annotations

import pytest

from actions.bank import Payee
from actions.transfer.payees import find_payees, named_payees, names_several, payee_button
from bot.app.opening import Bot
from tests.assistant.conftest import talk_to

ANNA = Payee("1", "Anna Lindqvist", "20457355773312")
REID, OKAFOR = Payee("2", "Tom Reid", "11009941206685"), Payee("3", "Tom Okafor", "40181672950437")
BRIEN, ZOE, WILL = Payee("4", "Sean O'Brien", "1" * 14), Payee("5", "Zoë Marsh", "2" * 14), Payee("6", "Will", "3" * 14)
PAYEES = (ANNA, REID, OKAFOR, BRIEN, ZOE, WILL)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("send £50 to Anna", (ANNA,)),
        ("pay anna lindqvist £50", (ANNA,)),
        ("£50 for Anna's birthday, to Lindqvist", (ANNA,)),
        ("send Tom £5", (REID, OKAFOR)),
        ("send Tom Reid £5", (REID,)),
        ("tom okafor gets £5 from me", (OKAFOR,)),
        ("pay O’Brien", (BRIEN,)),
        ("give Zoe £5", (ZOE,)),
        ("pay Will £5", (WILL,)),
        ("Will you send £50", ()),
        ("Anna sent me £50", ()),
        ("send £50 to savings", ()),
        ("", ()),
    ],
)
def test_payees_named_in_a_message_are_found(text: str, named: tuple[Payee, ...]) -> None:
    assert named_payees(PAYEES, text) == named


def test_bare_name_counts_only_in_an_answer() -> None:
    assert named_payees(PAYEES, "Anna, please") == ()
    assert named_payees(PAYEES, "Anna, please", answer=True) == (ANNA,)


def test_payee_is_found_by_words_of_the_name_only() -> None:
    assert find_payees(PAYEES, "lindqvist") == (ANNA,)
    assert find_payees(PAYEES, "Anna Smith") == ()
    assert find_payees(PAYEES, "") == ()


def test_button_distinguishes_two_payees_of_one_name() -> None:
    twin = Payee("7", ANNA.name, "20457355770001")
    said = payee_button(twin, [ANNA, twin])
    assert said == {"title": "Anna Lindqvist 0001", "payload": '/inform{"payee": "Anna Lindqvist 0001"}'}
    assert find_payees([ANNA, twin], said["title"]) == (twin,)
    assert payee_button(ANNA, [ANNA])["title"] == "Anna Lindqvist"


@pytest.mark.parametrize(
    ("text", "several"),
    [
        *(("send Anna £20 or so from savings", False), ("send Anna £20, and ask me again tomorrow", False)),
        *(("pay Anna £10 and the gardener", True), ("send Anna £20 and remind her", False)),
    ],
)
def test_verb_after_a_name_is_not_a_second_payee(text: str, several: bool) -> None:
    assert names_several(PAYEES, text) is several


talking = pytest.mark.asyncio(loop_scope="module")


@talking
async def test_payee_is_paid_after_a_yes_and_the_account_number_stays_masked(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    asked = await talk.say("send £50 to Anna from my current account")
    assert asked.said == "Shall I pay £50.00 from your current account to Anna Lindqvist (account ending 3312)?"
    done = await talk.say("yes")
    assert done.said == "Done: I've paid £50.00 from your current account to Anna Lindqvist (account ending 3312)."
    listed = (await talk.say("show my transactions of today from current")).said
    assert "Anna Lindqvist   -£50.00" in listed
    assert (await talk.say("how much did I pay Anna this month?")).said.startswith("You paid £50.00 to Anna")


@talking
async def test_question_for_the_target_offers_accounts_and_payees(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("transfer £12")
    asked = await talk.say("from current")
    titles = [button["title"] for button in asked.replies[0]["buttons"]]
    assert titles[:1] == ["Rainy day (savings account)"]
    assert titles[-4:] == ["Anna Lindqvist", "Tom Reid", "Tom Okafor", "Jonas Whitfield"]
    assert "to Jonas Whitfield (account ending 5562)?" in (await talk.say("Jonas")).said


@talking
@pytest.mark.parametrize("said", ["transfer £20 from current, Anna Lindqvist", "£20 Anna Lindqvist from current"])
async def test_full_name_anywhere_in_an_order_is_the_payee(assistant: Bot, said: str) -> None:
    asked = await talk_to(assistant, "12345678").say(said)
    assert asked.said == "Shall I pay £20.00 from your current account to Anna Lindqvist (account ending 3312)?"


@talking
@pytest.mark.parametrize("answer", ["Tom Okafor", "Okafor", '/inform{"payee": "Tom Okafor"}'])
async def test_shared_first_name_asks_which_payee_is_meant(assistant: Bot, answer: str) -> None:
    talk = talk_to(assistant, "12345678")
    asked = await talk.say("pay Tom £5 from current")
    assert asked.said.startswith("You have more than one payee of that name.")
    assert [button["title"] for button in asked.replies[0]["buttons"]] == ["Tom Reid", "Tom Okafor"]
    assert "to Tom Okafor (account ending 0437)?" in (await talk.say(answer)).said


@talking
@pytest.mark.parametrize(
    ("said", "name"), [("send £5 to Zebedee from current", "Zebedee"), ("pay Netflix £10 from current", "Netflix")]
)
async def test_unknown_payee_is_not_paid(assistant: Bot, said: str, name: str) -> None:
    asked = await talk_to(assistant, "12345678").say(said)
    assert f"no “{name}” among your accounts and your payees" in asked.said
    assert "Shall I" not in asked.said


@talking
async def test_number_after_a_name_is_the_amount(assistant: Bot) -> None:
    asked = await talk_to(assistant, "12345678").say("send Anna 20 from current")
    assert asked.said.startswith("Shall I pay £20.00 from your current account to Anna Lindqvist")


@talking
async def test_payee_of_another_customer_is_unknown(assistant: Bot) -> None:
    asked = await talk_to(assistant, "12345678").say("send £5 to Lena from current")
    assert "no “Lena”" in asked.said


@talking
async def test_list_of_payees_needs_a_login_and_masks_account_numbers(assistant: Bot) -> None:
    listed = (await talk_to(assistant, "87654321").say("who can I pay?")).said
    assert "Lena Fischer  ending 3094" in listed
    assert "23076418823094" not in listed
    assert "no payees yet" in (await talk_to(assistant, "00123456").say("who can I pay?")).said
    assert "log in" in (await talk_to(assistant, None).say("who can I pay?")).said
