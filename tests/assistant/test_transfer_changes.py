"""The bot asks about what was meant: corrections, sides, several at once, negated requests, names of all kinds."""

from __future__ import annotations

import pytest

from actions.bank import Account, Payee
from actions.transfer.payees import full_name, named_payees, names_several
from actions.transfer.request import is_denied
from actions.transfer.sides import mentions, sides
from bot.app.opening import Bot
from bot.testing.kit import make_entity, make_parse
from tests.assistant.conftest import Talk, talk_to

REQUEST = "transfer £20 from current to savings"
ONE = "I can only make one payment at a time"
EVERYDAY = Account("1", "current", "Everyday", "GBP", number="1")
RAINY, FUND = (
    Account("2", "savings", "Rainy day", "GBP", number="2"),
    Account("3", "savings", "Fund", "GBP", number="3"),
)
ANNA, JONAS = Payee("1", "Anna Lindqvist", "1" * 14), Payee("2", "Jonas Whitfield", "2" * 14)
REID, OKAFOR = Payee("3", "Tom Reid", "3" * 14), Payee("4", "Tom Okafor", "4" * 14)
PAYEES = (ANNA, JONAS, REID, OKAFOR)

talking = pytest.mark.asyncio(loop_scope="module")


async def asked(bot: Bot, *said: str) -> str:
    """The reply to the last of the messages."""
    return (await tell(bot, *said)).exchanges[-1].said


async def tell(bot: Bot, *said: str) -> Talk:
    talk = talk_to(bot, "12345678")
    for text in said:
        await talk.say(text)
    return talk


# --- corrections -------------------------------------------------------------


@talking
@pytest.mark.parametrize(
    "answer",
    [
        *("yes make it 30", "yes but 30", "make it 30", "ok make it 30", "yes, 30", "can you make it 30 instead?"),
        *(
            "sure, 30 though",
            "no, 30",
            "no, make it £30",
            "change it to £30",
            "yes but only £30",
            "£30",
            "not £20 but £30",
        ),
    ],
)
async def test_corrected_amount_is_asked_about(assistant: Bot, answer: str) -> None:
    talk = await tell(assistant, REQUEST, answer)
    assert talk.exchanges[-1].said == "Shall I move £30.00 from your current account to your savings account?"
    assert (await talk.say("yes")).said.startswith("Done: I've moved £30.00")


@talking
@pytest.mark.parametrize(
    "answer", ["yes, the other way round", "ok swap", "swap them around", "no, from savings to current"]
)
async def test_swapped_accounts_are_asked_about(assistant: Bot, answer: str) -> None:
    said = await asked(assistant, REQUEST, answer)
    assert said == "Shall I move £20.00 from your savings account to your current account?"


@talking
@pytest.mark.parametrize(
    "answer", ["actually make it Tom Okafor", "not Anna, Tom Okafor", "yes, to Tom Okafor", "no, to Okafor"]
)
async def test_corrected_payee_is_asked_about(assistant: Bot, answer: str) -> None:
    said = await asked(assistant, "send £20 to Anna from current", answer)
    assert said.startswith("Shall I pay £20.00 from your current account to Tom Okafor")


@talking
@pytest.mark.parametrize(
    "answer", ["£6 to Tom Okafor", "yes £6 to Okafor", "no, £6 to Tom Okafor", "£6 not to Anna but Okafor"]
)
async def test_corrected_amount_and_payee_are_asked_about_together(assistant: Bot, answer: str) -> None:
    said = await asked(assistant, "send £20 to Anna from current", answer)
    assert said == "Shall I pay £6.00 from your current account to Tom Okafor (account ending 0437)?"


@talking
@pytest.mark.parametrize("answer", ["Anna? no, Jonas", "not Anna, Jonas", "Anna, sorry, Jonas", "Jonas, not Anna"])
async def test_payee_taken_back_in_an_answer_is_not_paid(assistant: Bot, answer: str) -> None:
    said = await asked(assistant, "transfer £20 from current", answer)
    assert said.startswith("Shall I pay £20.00 from your current account to Jonas Whitfield")


@talking
@pytest.mark.parametrize(
    "said",
    [
        "pay Anna £20 not £30 from current",
        "send £20, not £30, to Anna from current",
        "pay Anna not £30 but £20 from current",
    ],
)
async def test_denied_amount_is_not_taken(assistant: Bot, said: str) -> None:
    assert (await asked(assistant, said)).startswith("Shall I pay £20.00 from your current account to Anna")


@talking
async def test_two_alternative_amounts_are_not_taken(assistant: Bot) -> None:
    said = await asked(assistant, REQUEST, "make it £30 or £40")
    assert said.startswith(ONE)
    assert said.endswith("How much would you like to move?")


@talking
@pytest.mark.parametrize("answer", ["no, from savings", "from savings", "no, to current", "from savings, not current"])
async def test_naming_the_account_of_the_other_side_swaps_the_accounts(assistant: Bot, answer: str) -> None:
    turned = "Shall I move £20.00 from your savings account to your current account?"
    assert await asked(assistant, REQUEST, answer) == turned


@talking
async def test_naming_the_source_as_target_does_not_make_the_payee_pay(assistant: Bot) -> None:
    assert "Shall I" not in await asked(assistant, "send £20 to anna from current", "no, to current")


@talking
async def test_bare_account_at_confirmation_changes_nothing(assistant: Bot) -> None:
    said = await asked(assistant, REQUEST, "savings")
    assert "nothing has moved" in said
    assert said.endswith("Shall I move £20.00 from your current account to your savings account?")


@talking
async def test_credit_card_as_the_new_source_is_refused(assistant: Bot) -> None:
    said = await asked(assistant, REQUEST, "actually from my credit card")
    assert said == "I can't take money from a credit card.\nWhich account shall I take it from?"


@talking
async def test_question_in_between_is_answered_and_changes_nothing(assistant: Bot) -> None:
    said = await asked(assistant, REQUEST, "what's my balance?")
    assert said.startswith("Here are your balances")
    assert said.endswith("Shall I move £20.00 from your current account to your savings account?")


@talking
async def test_what_about_another_account_changes_the_source(assistant: Bot) -> None:
    said = await asked(assistant, "send Anna £20 from current", "what about from savings?")
    assert said.startswith("Shall I pay £20.00 from your savings account to Anna")


@talking
@pytest.mark.parametrize("question", ["oh wait, what's in savings", "how's savings"])
async def test_question_about_an_account_does_not_choose_the_source(assistant: Bot, question: str) -> None:
    said = await asked(assistant, "send Anna £15", question)
    assert said.startswith("Your savings account has")
    assert said.endswith("Which account shall I take it from?")


@talking
@pytest.mark.parametrize(
    ("answer", "question"),
    [
        ("no, forget Anna, pay Jonas", "Shall I pay £15.00 from your current account to Jonas"),
        ("forget current, from savings", "Shall I pay £15.00 from your savings account to Anna"),
    ],
)
async def test_forgotten_payee_or_account_is_replaced(assistant: Bot, answer: str, question: str) -> None:
    assert (await asked(assistant, "send Anna £15 from current", answer)).startswith(question)


@talking
async def test_him_refers_to_the_payee_of_the_pending_payment(assistant: Bot) -> None:
    said = await asked(assistant, "pay jonas £15", "how much did I pay him this year")
    assert "Jonas Whitfield" in said
    assert "“him”" not in said


# --- sides -------------------------------------------------------------------


@talking
@pytest.mark.parametrize(
    "answer",
    [
        *("to savings", "into savings", "in savings", "to the savings account", "towards savings", "to Rainy day"),
        *("it should go to savings", "put it in savings", "onto my savings"),
    ],
)
async def test_only_other_account_becomes_the_source_when_the_target_is_named(assistant: Bot, answer: str) -> None:
    said = await asked(assistant, "transfer £20", answer)
    assert said == "Shall I move £20.00 from your current account to your savings account?"


@talking
@pytest.mark.parametrize(
    "said", ["transfer £20 to savings from my pension", "transfer £20 to savings, not from current"]
)
async def test_only_other_account_is_not_assumed_when_another_source_may_be_meant(assistant: Bot, said: str) -> None:
    assert (await asked(assistant, said)).endswith("Which account shall I take it from?")


@talking
@pytest.mark.parametrize(
    "said",
    [
        *(
            "transfer £20 from everyday to rainy day",
            "transfer £20 from Everyday to Rainy day",
            "move £20 current to savings",
        ),
        *("move £20 to my savings out of my current account", "transfer £20 from my Everyday account into Rainy day"),
    ],
)
async def test_accounts_are_known_by_their_nicknames(assistant: Bot, said: str) -> None:
    assert await asked(assistant, said) == "Shall I move £20.00 from your current account to your savings account?"


@talking
@pytest.mark.parametrize(
    "said", ["move £20 current savings", "transfer 20 current account savings account", "move £20 everyday rainy day"]
)
async def test_two_accounts_without_a_direction_are_asked_about(assistant: Bot, said: str) -> None:
    talk = await tell(assistant, said)
    assert talk.exchanges[-1].said == "Which account shall I take it from?"
    assert (await talk.say("current")).said == "And where should it go?"
    assert (await talk.say("savings")).said == "Shall I move £20.00 from your current account to your savings account?"


@talking
@pytest.mark.parametrize(
    "said",
    [
        *(
            "pay Anna £20 using savings",
            "pay Anna £20 with savings",
            "pay Anna £20 via savings",
            "use savings to pay Anna £20",
        ),
        "I'd rather not use current, send Anna £20 from savings",
    ],
)
async def test_account_named_with_using_or_via_pays(assistant: Bot, said: str) -> None:
    assert (await asked(assistant, said)).startswith("Shall I pay £20.00 from your savings account to Anna")


@talking
@pytest.mark.parametrize(
    ("said", "answer", "question"),
    [
        ("transfer £20 from current", "not savings", "And where should it go?"),
        ("transfer £20", "not from savings", "Which account shall I take it from?"),
        ("transfer £20", "don't use savings", "Which account shall I take it from?"),
    ],
)
async def test_denied_account_is_not_taken(assistant: Bot, said: str, answer: str, question: str) -> None:
    assert (await asked(assistant, said, answer)).endswith(question)


@talking
async def test_typed_button_title_chooses_the_account(assistant: Bot) -> None:
    said = await asked(assistant, "transfer £20", "Rainy day (savings account)", "Everyday (current account)")
    assert said == "Shall I move £20.00 from your savings account to your current account?"


@talking
async def test_the_first_one_chooses_the_first_button(assistant: Bot) -> None:
    talk = await tell(assistant, "pay Tom £5 from current", "the first one")
    assert "to Tom Reid (account ending 6685)?" in talk.exchanges[-1].said
    assert "the savings account?" not in await asked(assistant, "transfer £20", "the ninth one")


@talking
async def test_denied_account_is_replaced_by_the_corrected_one(assistant: Bot) -> None:
    said = await asked(assistant, "transfer £20 from savings", "not savings, current")
    assert said == "And where should it go?"
    assert "from your current account to your savings" in await asked(
        assistant, "transfer £20 from savings", "not savings, current", "savings"
    )


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("from Everyday to Rainy day", {"from_account": "Everyday", "to_account": "Rainy day"}),
        ("Everyday -> Fund", {"from_account": "Everyday", "to_account": "Fund"}),
        ("out of my rainy day please", {"from_account": "Rainy day"}),
        ("in Fund", {"to_account": "Fund"}),
        ("not Fund, from Rainy day", {"from_account": "Rainy day"}),
        ("Fundamentals", {}),
    ],
)
def test_words_before_an_account_decide_its_side(text: str, known: dict[str, str]) -> None:
    assert sides(mentions(make_parse(text), [EVERYDAY, RAINY, FUND]), None) == known


@pytest.mark.parametrize("text", ["move £5 to savings from current", "current to savings £5"])
def test_words_override_learned_roles(text: str) -> None:
    wrong = {"savings": "from", "current": "to"}
    entities = [make_entity(text, word, "account", word, role=role) for word, role in wrong.items()]
    found = mentions(make_parse(text, intent="transfer_money", entities=entities), [EVERYDAY, RAINY])
    assert sides(found, None) == {"from_account": "current", "to_account": "savings"}


# --- one at a time -----------------------------------------------------------


@talking
@pytest.mark.parametrize(
    "said",
    [
        *(
            "send Anna £10 and Jonas £20 from current",
            "pay Anna and Jonas £10 each from current",
            "send Anna 10 and Tom 20",
        ),
        *("pay Anna £10 or £20 from current", "pay Anna £10 + £5 from current", "pay Anna £10 twice from current"),
        *(
            "pay Anna 2 x £10 from current",
            "pay Anna three lots of £10 from current",
            "pay Anna £20 pounds and 30 pence",
        ),
    ],
)
async def test_several_payments_in_one_order_are_not_taken_as_one(assistant: Bot, said: str) -> None:
    answer = await asked(assistant, said)
    assert answer.startswith(ONE)
    assert answer.count(ONE) == 1
    assert answer.endswith("How much would you like to move?")


@talking
async def test_order_for_two_people_is_not_taken_as_one(assistant: Bot) -> None:
    said = await asked(assistant, "pay Anna and Jonas £10 from current")
    assert said.startswith(ONE)
    assert said.endswith("And where should it go?")


@talking
@pytest.mark.parametrize("said", ["move half of my savings to current", "move everything from savings to current"])
async def test_share_of_an_account_is_asked_for_in_pounds(assistant: Bot, said: str) -> None:
    assert (await asked(assistant, said)).startswith("I can't work out shares")


# --- not really requests -----------------------------------------------------


@talking
@pytest.mark.parametrize(
    "said",
    [
        *("don't send £20 to Anna from current", "do not transfer £20 from current to savings"),
        *("never transfer £20 from current to savings", "I don't want to transfer £20 from current to savings"),
        *(
            "why did you move £20 from current to savings",
            "I moved £20 to savings yesterday",
            "I have sent £20 to Anna",
        ),
    ],
)
async def test_unwanted_transfer_is_not_offered(assistant: Bot, said: str) -> None:
    talk = await tell(assistant, said)
    assert talk.exchanges[-1].said == "All right, I'm not moving anything."
    assert (await talk.say("yes")).said.startswith("I hadn't asked you to confirm anything.")


@talking
async def test_unwanted_transfer_drops_the_pending_confirmation(assistant: Bot) -> None:
    talk = await tell(assistant, REQUEST, "don't transfer £20 from current to savings")
    assert "not moving anything" in talk.exchanges[-1].said or "nothing has moved" in talk.exchanges[-1].said
    assert "Done" not in (await talk.say("yes")).said


@pytest.mark.parametrize(
    "text",
    [
        *(
            "can't you move £20 to savings",
            "move £20 from savings, I don't have enough in current",
            "do send £5 to Anna",
        ),
        *("why don't you move £20 to savings", "won't you send Anna £5", "move £20 to savings, don't move more"),
        *("I don't want to transfer £20, I want to transfer £30", "I never pay on time, so send Anna £5"),
    ],
)
def test_negation_of_something_else_does_not_deny_the_transfer(text: str) -> None:
    assert not is_denied(text)


@talking
async def test_wanted_transfer_beside_an_unwanted_one_is_asked_about(assistant: Bot) -> None:
    said = await asked(assistant, "I don't want to transfer £20, I want to transfer £30 from current to savings")
    assert said == "Shall I move £30.00 from your current account to your savings account?"


@talking
@pytest.mark.parametrize(
    "said",
    [
        "don't pay Anna £20, pay Jonas £30 from current",
        "pay Jonas £30 from current, don't take it from savings",
        "I paid Anna £20 already, pay Jonas £30 from current",
    ],
)
async def test_order_beside_a_denied_or_past_payment_is_taken_alone(assistant: Bot, said: str) -> None:
    assert (await asked(assistant, said)).startswith("Shall I pay £30.00 from your current account to Jonas Whitfield")


# --- names -------------------------------------------------------------------


@talking
@pytest.mark.parametrize("name", ["Anna Smith", "Jonas Brothers", "anna smith"])
async def test_first_name_with_another_surname_is_not_paid(assistant: Bot, name: str) -> None:
    said = await asked(assistant, f"send £20 to {name}")
    assert said.endswith("And where should it go?")


@pytest.mark.parametrize("text", ["send Anna Smith £5", "send £5 to Anna Smith", "to anna Smith-Jones please"])
def test_first_name_with_another_surname_matches_no_payee(text: str) -> None:
    assert named_payees(PAYEES, text) == ()


@pytest.mark.parametrize("text", ["pay Anna for lunch", "send Anna 20", "to Anna, please", "Anna Lindqvist gets £5"])
def test_ordinary_words_may_follow_a_name(text: str) -> None:
    assert named_payees(PAYEES, text) == (ANNA,)


@pytest.mark.parametrize(
    "text",
    [
        "pay Anna Lindquist £5",
        "send Anna L £5",
        "£5 to anna lindqvst",
        "£5 to Anna one more time",
        "pay Anna using savings",
    ],
)
def test_misspelt_or_abbreviated_surname_matches_the_payee(text: str) -> None:
    assert named_payees(PAYEES, text) == (ANNA,)


@pytest.mark.parametrize("text", ["pay Anna R £5", "pay Anna Lund £5", "pay Tom Reed £5", "pay Lindqvist Anne £5"])
def test_different_surname_or_initial_matches_no_payee(text: str) -> None:
    assert named_payees(PAYEES, text) == ()


@pytest.mark.parametrize(
    ("text", "several"),
    [
        ("pay Anna and Jonas", True),
        ("send Anna £10 and Jonas £20", True),
        ("pay Tom", False),
        ("pay Tom Reid, to Tom", False),
        ("not to Anna but to Jonas", True),
        ("nobody", False),
    ],
)
def test_two_people_are_distinguished_from_one_shared_name(text: str, several: bool) -> None:
    assert names_several(PAYEES, text) is several


@pytest.mark.parametrize(("text", "name"), [("Anna Smith £5", "Anna Smith"), ("Anna please", "Anna"), ("Anna", "Anna")])
def test_full_name_includes_the_next_word_unless_it_is_ordinary(text: str, name: str) -> None:
    assert full_name(text, 0, 4) == name


# --- funds -------------------------------------------------------------------


@talking
async def test_use_of_the_overdraft_is_announced_before_the_confirmation(assistant: Bot) -> None:
    talk = talk_to(assistant, "87654321")
    said = (await talk.say("transfer £20 from Main account to Holiday fund")).said
    assert said.startswith(
        "Please note that this takes your current account £1,962.22 into its overdraft.\nShall I move £20.00"
    )


@talking
async def test_no_is_answered_only_once(assistant: Bot) -> None:
    talk = await tell(assistant, "move £100 from savings to current", "move £99999 from savings to current", "no")
    assert talk.exchanges[-1].said == "All right, nothing has moved."
