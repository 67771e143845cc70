"""An order or a change is read completely or not at all: the last question states what was meant."""

from __future__ import annotations

from time import perf_counter

import pytest

from actions.transfer.amounts import amounts, refusal
from actions.transfer.changes import read_change
from actions.transfer.payees import named_payees, names_several, paid_first
from actions.transfer.request import ends_in_correction, is_no_order, moves_nothing, taken_back
from actions.transfer.sides import mentions, sides
from bot.app.opening import Bot
from bot.testing.kit import make_entity, make_parse
from tests.assistant.conftest import NOW, talk_to
from tests.assistant.test_transfer_changes import ANNA, EVERYDAY, JONAS, PAYEES, RAINY, REID, asked

ANNAS = "pay anna £20 from savings"
ONE = "I can only make one payment at a time, of one amount to one person or account"
TO_ANNA = "to Anna Lindqvist (account ending 3312)?"
TO_REID = "to Tom Reid (account ending 6685)?"
TO_JONAS = "to Jonas Whitfield (account ending 5562)?"

talking = pytest.mark.asyncio(loop_scope="module")


# --- accounts ----------------------------------------------------------------


@talking
async def test_account_that_replaces_a_denied_one_pays_and_the_payee_stays(assistant: Bot) -> None:
    said = await asked(assistant, "pay anna £20 not from savings but current")
    assert said == f"Shall I pay £20.00 from your current account {TO_ANNA}"


@talking
@pytest.mark.parametrize(
    "said",
    [
        *("pay anna £20 from current or savings", "pay anna £20 from current and savings"),
        *("pay jonas £20 with current or savings", "pay anna £10 from current and £10 from savings"),
        "pay anna £20 from savings, or from current",
    ],
)
async def test_two_accounts_for_one_side_are_asked_about(assistant: Bot, said: str) -> None:
    answered = await asked(assistant, said)
    assert answered.startswith(ONE)
    assert answered.endswith("Which account shall I take it from?")


@talking
async def test_half_from_each_account_is_not_an_amount(assistant: Bot) -> None:
    said = await asked(assistant, "pay anna £20 half from current half from savings")
    assert said.startswith("I can't work out shares")
    assert said.endswith("How much would you like to move?")


@talking
async def test_account_is_not_paid_in_place_of_a_person(assistant: Bot) -> None:
    assert (await asked(assistant, "pay anna £20 to savings from current")).startswith(ONE)
    assert (await asked(assistant, "pay anna £20 savings")).startswith("Shall I pay £20.00 from your savings account")


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("from Everyday or Rainy day", {"from_account": None}),
        ("not from Everyday but Rainy day", {"from_account": "Rainy day"}),
        ("from Everyday, no from Rainy day", {"from_account": "Rainy day"}),
        ("from Everyday, no wait, to Rainy day", {"from_account": "Everyday", "to_account": "Rainy day"}),
        ("between Everyday and Rainy day", {}),
    ],
)
def test_conflicting_accounts_leave_their_side_open(text: str, known: dict[str, str | None]) -> None:
    assert sides(mentions(make_parse(text), [EVERYDAY, RAINY]), None) == known


# --- people ------------------------------------------------------------------


@talking
@pytest.mark.parametrize(
    "people",
    [
        *("anna, jonas and tom reid", "anna & jonas", "anna, jonas", "anna / jonas", "anna with jonas", "anna + jonas"),
        *("anna and bob", "anna and her mum", "anna and the gardener", "anna, bob", "anna plus bob"),
    ],
)
async def test_order_for_several_people_drops_none_of_them(assistant: Bot, people: str) -> None:
    said = await asked(assistant, f"pay {people} £20 from current")
    assert said.startswith(ONE)
    assert said.endswith("And where should it go?")


@talking
@pytest.mark.parametrize("answer", ["anna and tom reid", "anna and jonas"])
async def test_answer_with_two_people_asks_which_of_them(assistant: Bot, answer: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("pay £20 from current")
    exchange = await talk.say(answer)
    assert exchange.said.startswith(ONE)
    assert len(exchange.replies[-1]["buttons"]) == 2


@talking
@pytest.mark.parametrize(
    "said",
    [
        *("pay jonas, no anna, £20 from current", "pay jonas £20 from current, sorry anna"),
        *("pay jonas i mean anna £20 from current", "pay jonas no wait anna £20 from current"),
    ],
)
async def test_payee_taken_back_in_an_order_is_not_paid(assistant: Bot, said: str) -> None:
    assert await asked(assistant, said) == f"Shall I pay £20.00 from your current account {TO_ANNA}"


@talking
async def test_unknown_person_before_the_amount_is_not_dropped(assistant: Bot) -> None:
    said = await asked(assistant, "pay bob £20 to anna from current")
    assert said.startswith("I find no “bob”")
    assert said.endswith("And where should it go?")


@talking
async def test_unknown_payee_is_asked_for_next(assistant: Bot) -> None:
    said = await asked(assistant, "pay john 20 quid")
    assert said.startswith("I find no “john”")
    assert said.endswith("And where should it go?")


@pytest.mark.parametrize(
    "text",
    [
        *("pay anna 0 and take it from my 0", "pay anna 0 for lunch and drinks", "pay anna 0 no rush"),
        *("pay anna 0, thanks", "pay Tom Reid, to Tom", "pay anna for the gas and the water"),
    ],
)
def test_ordinary_words_after_a_name_are_not_a_second_payee(text: str) -> None:
    assert not names_several(PAYEES, text)


def test_all_people_named_in_a_list_are_found() -> None:
    assert named_payees(PAYEES, "pay anna, jonas and tom reid") == (ANNA, JONAS, REID)
    assert named_payees(PAYEES, "pay Tom Reid, to Tom") == (REID,)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("send Bob 0 to 0", "bob"),
        ("pay Bob and Anna Lindqvist 0", "bob"),
        ("pay 0 to anna", None),
        ("send money to anna", None),
        ("send money to Bob and Anna", None),
        ("pay Bob for lunch", None),
    ],
)
def test_name_between_verb_and_amount_is_paid_first(text: str, name: str | None) -> None:
    assert paid_first(text) == name


@talking
async def test_unknown_person_in_an_answer_is_not_dropped(assistant: Bot) -> None:
    assert (await asked(assistant, "pay £20 from current", "bob and anna")).startswith(ONE)


# --- changes -----------------------------------------------------------------


@talking
@pytest.mark.parametrize(
    ("answer", "question"),
    [
        ("£30 to tom reid from current", f"Shall I pay £30.00 from your current account {TO_REID}"),
        ("make it £30 to tom reid, from current", f"Shall I pay £30.00 from your current account {TO_REID}"),
        ("no 30 from current", f"Shall I pay £30.00 from your current account {TO_ANNA}"),
        ("make it 30 and from current", f"Shall I pay £30.00 from your current account {TO_ANNA}"),
        ("actually 30, from my current account", f"Shall I pay £30.00 from your current account {TO_ANNA}"),
        ("no, 30 to jonas", f"Shall I pay £30.00 from your savings account {TO_JONAS}"),
        ("no, to tom reid 6685", f"Shall I pay £20.00 from your savings account {TO_REID}"),
        ("not £20.50 but £30", f"Shall I pay £30.00 from your savings account {TO_ANNA}"),
    ],
)
async def test_all_changes_in_an_answer_are_asked_about(assistant: Bot, answer: str, question: str) -> None:
    assert await asked(assistant, ANNAS, answer) == question


@talking
@pytest.mark.parametrize(
    ("answer", "question"),
    [
        ("no, 30 to my card", "Shall I move £30.00 from your current account to your credit card?"),
        ("no, £30 the other way round", "Shall I move £30.00 from your savings account to your current account?"),
    ],
)
async def test_amount_and_accounts_change_in_one_answer(assistant: Bot, answer: str, question: str) -> None:
    assert await asked(assistant, "move £20 from current to savings", answer) == question


@talking
@pytest.mark.parametrize(
    ("said", "question"),
    [
        (["pay anna from savings", "20 to tom reid"], f"Shall I pay £20.00 from your savings account {TO_REID}"),
        (["pay anna £20", "from savings, and make it 30"], f"Shall I pay £30.00 from your savings account {TO_ANNA}"),
        (
            ["pay £20 from savings", "to anna, but make it 30"],
            f"Shall I pay £30.00 from your savings account {TO_ANNA}",
        ),
    ],
)
async def test_answer_may_change_other_details_than_the_one_asked_for(
    assistant: Bot, said: list[str], question: str
) -> None:
    assert await asked(assistant, *said) == question


@talking
@pytest.mark.parametrize(
    "answer", ["make it £30 for the gas", "£30 from current unless frozen", "no, 30 to bob", "30 to jonas and bob"]
)
async def test_partly_understood_change_changes_nothing(assistant: Bot, answer: str) -> None:
    said = await asked(assistant, ANNAS, answer)
    assert said.startswith("I ")
    assert said.endswith(f"Shall I pay £20.00 from your savings account {TO_ANNA}")


@talking
async def test_account_joined_to_a_person_is_not_taken_as_the_source(assistant: Bot) -> None:
    said = await asked(assistant, "transfer £20 from current", "savings and anna")
    assert said.startswith("I don't understand all of that")
    assert said.endswith("And where should it go?")


@talking
async def test_share_at_confirmation_moves_nothing(assistant: Bot) -> None:
    assert (await asked(assistant, ANNAS, "all of my savings")).startswith("I move money only on a plain “yes”")


@talking
async def test_yes_followed_by_another_order_makes_neither_payment(assistant: Bot) -> None:
    said = await asked(assistant, ANNAS, "yes. pay jonas £10")
    assert "the first isn't made yet" in said
    assert said.endswith(f"Shall I pay £20.00 from your savings account {TO_ANNA}")


@talking
async def test_partly_understood_change_after_another_question_changes_nothing(assistant: Bot) -> None:
    said = await asked(assistant, "how much did I spend last month", ANNAS, "no, 30 to bob")
    assert said.endswith(f"Shall I pay £20.00 from your savings account {TO_ANNA}")


@talking
async def test_condition_on_a_change_is_answered(assistant: Bot) -> None:
    said = await asked(assistant, ANNAS, "make it 30 once I'm paid")
    assert said.startswith("I can only move money straight away")
    assert said.endswith("Shall I pay £30.00 from your savings account to Anna Lindqvist (account ending 3312) now?")


@talking
@pytest.mark.parametrize("question", ["is that £30?", "why savings?"])
async def test_question_about_the_details_changes_nothing(assistant: Bot, question: str) -> None:
    said = await asked(assistant, ANNAS, question)
    assert said.endswith(f"Shall I pay £20.00 from your savings account {TO_ANNA}")


@talking
async def test_partly_understood_answer_is_explained(assistant: Bot) -> None:
    said = await asked(assistant, "pay anna £20", "from savings and make it 30 for the gas")
    assert said == (
        "I don't understand all of that, so I've changed nothing. Please tell me one thing at a time.\n"
        "Which account shall I take it from?"
    )


@pytest.mark.parametrize(
    ("text", "rest"), [("yes but 30", []), ("30 for the gas", ["gas"]), ("no, 30 to jonas", []), ("30 each", ["each"])]
)
def test_unread_words_of_a_change_are_returned(text: str, rest: list[str]) -> None:
    parse = make_parse(text, entities=[make_entity(text, "30", "number", 30)])
    assert read_change(parse, [EVERYDAY, RAINY], PAYEES, NOW).rest == rest or not rest


@talking
async def test_payee_and_account_as_targets_are_both_offered(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    exchange = await talk.say("send Anna £20 from everyday to rainy day")
    assert exchange.said.startswith(ONE)
    titles = [button["title"] for button in exchange.replies[-1]["buttons"]]
    assert titles[0] == "Rainy day (savings account)"
    assert titles[-1] == "Anna Lindqvist"


# --- amounts -----------------------------------------------------------------


@talking
@pytest.mark.parametrize(
    "said",
    [
        *("pay anna 1 000 from current", "transfer 2 000 from current to savings"),
        *("transfer 1'000 from current to savings", "transfer 1.000 from current to savings"),
    ],
)
async def test_grouped_digits_are_not_shortened(assistant: Bot, said: str) -> None:
    assert (await asked(assistant, said)).startswith("I need an amount in pounds and pence")


@talking
async def test_number_joined_to_money_is_another_amount(assistant: Bot) -> None:
    assert (await asked(assistant, "transfer 10 or 20 pounds from current to savings")).startswith(ONE)


def test_number_of_something_else_is_not_an_amount_beside_money() -> None:
    text = "pay tom reid 6685 £20 for 2 tickets"
    numbers = [make_entity(text, "6685", "number", 6685), make_entity(text, "2", "number", 2)]
    parse = make_parse(text, entities=[*numbers, make_entity(text, "£20", "amount-of-money", 20)])
    found = amounts(parse)
    assert [entity.value for entity in found] == [20]
    assert refusal(parse, found, NOW, changes=False) is None


@talking
@pytest.mark.parametrize("answer", ["make it 20", "no make it 20", "20", "sorry 20"])
async def test_bare_number_changes_the_amount_at_any_question(assistant: Bot, answer: str) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("send £50 to Anna")
    exchange = await talk.say(answer)
    assert exchange.said == "All right, £20.00 it is.\nWhich account shall I take it from?"
    assert exchange.actions == ("transfer_form",)
    assert (await talk.say("current")).said == f"Shall I pay £20.00 from your current account {TO_ANNA}"


@talking
async def test_number_after_a_name_may_be_the_end_of_the_account(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("pay tom £5 from current")
    assert "£5.00" in (await talk.say("tom okafor 0437")).said


# --- new requests ------------------------------------------------------------


@talking
@pytest.mark.parametrize("again", ["transfer all my savings to current", "transfer money from savings to current"])
async def test_new_request_forgets_the_older_amount(assistant: Bot, again: str) -> None:
    assert (await asked(assistant, "send anna 15 quid", again)).endswith("How much would you like to move?")


@talking
async def test_question_for_the_amount_names_the_payee(assistant: Bot) -> None:
    assert await asked(assistant, "pay", "anna") == f"How much would you like to pay {TO_ANNA}"


# --- words that take something back ------------------------------------------


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("not £60 but £50", "£50"),
        ("not £12.50, £10", "£10"),
        ("pay £20 not £30 from current", "pay £20 from current"),
        ("don't use savings, send £20", "send £20"),
        ("can't you move £20 to savings", "can't you move £20 to savings"),
        ("not Tom Reid, Anna", "Anna"),
        ("pay jonas instead of anna £20", "pay jonas £20"),
        ("send it to anna rather than jonas", "send it to anna"),
        ("I do not have £20 in savings", "I do not have £20 in savings"),
    ],
)
def test_only_the_denied_words_are_taken_back(text: str, left: str) -> None:
    kept = "".join(c for at, c in enumerate(text) if not any(start <= at < end for start, end in taken_back(text)))
    assert " ".join(kept.split()) == left


@pytest.mark.parametrize(("before", "is_one"), [("anna, no wait, ", True), ("anna, no rush ", False), ("", False)])
def test_correction_before_a_name_is_recognised(before: str, is_one: bool) -> None:
    assert ends_in_correction(before) is is_one


@pytest.mark.parametrize("text", ["not " + "." * 4000, ", " * 2000, "not to " * 600, "anna and " * 450])
def test_long_message_is_read_within_a_second(text: str) -> None:
    began = perf_counter()
    is_no_order(text)
    names_several(PAYEES, text, answer=True)
    read_change(make_parse(text), [EVERYDAY, RAINY], PAYEES, NOW)
    assert perf_counter() - began < 1


# --- remarks next to an order --------------------------------------------------


@talking
@pytest.mark.parametrize(
    "beside",
    ["account ending 9999", "account 12345678", "sort code 11-22-33 account 99999999", "sort code 20-45-73"],
)
async def test_account_number_that_is_not_the_payees_is_refused(assistant: Bot, beside: str) -> None:
    said = await asked(assistant, f"pay Anna £20 from savings to {beside}")
    assert "I pay people by their names alone" in said
    assert "Shall I pay" not in said


@talking
async def test_own_account_number_of_the_payee_is_accepted(assistant: Bot) -> None:
    assert (await asked(assistant, "pay Anna £20 from savings to account ending 3312")).endswith(TO_ANNA)


@talking
@pytest.mark.parametrize(
    "said", ["pay Anna £20 from current, then I want to die", "pay Anna £20 and I will kill myself"]
)
async def test_despair_is_answered_before_an_order(assistant: Bot, said: str) -> None:
    answered = await asked(assistant, said)
    assert "Samaritans" in answered
    assert "Shall I pay" not in answered


@talking
@pytest.mark.parametrize(
    "waits",
    [
        *("only when Anna asks", "the moment I get paid", "depending on my balance", "subject to my salary coming in"),
        *("while there's enough", "only after checking with me", "but don't go overdrawn"),
    ],
)
async def test_conditional_order_is_told_that_money_moves_straight_away(assistant: Bot, waits: str) -> None:
    assert "straight away" in await asked(assistant, f"pay Anna £20 from savings {waits}")


@talking
async def test_amount_is_changed_when_a_weekday_is_named(assistant: Bot) -> None:
    assert "Shall I pay £30.00" in await asked(assistant, ANNAS, "make it £30 on Friday")


@talking
async def test_amount_with_a_grouping_dot_is_refused(assistant: Bot) -> None:
    assert "I need an amount in pounds and pence" in await asked(assistant, "pay Anna £1.000 from savings")


@pytest.mark.parametrize(
    ("text", "moves"),
    [
        ("can I get a 50 pound coat", False),
        ("I'd like to buy it for 50 pound", False),
        ("50 pound please", True),
        ("I owe Tom 50 pound", True),
    ],
)
def test_price_of_a_purchase_is_not_an_amount_to_move(text: str, moves: bool) -> None:
    amount = make_entity(text, "50 pound", "amount-of-money", 50)
    assert moves_nothing(make_parse(text, entities=[amount])) is not moves
