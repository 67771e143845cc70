"""Which amount is to move: not the one to keep or to reach; and what is answered when it is asked about or changed."""

from __future__ import annotations

import pytest

from actions.transfer.amounts import amounts, counted, is_worked_out
from actions.transfer.changes import wants_share
from actions.transfer.sides import mentions
from bot.app.opening import Bot
from bot.testing.kit import make_entity, make_parse
from tests.assistant.test_transfer_changes import EVERYDAY, REQUEST, asked

MOVE_20 = "Shall I move £20.00 from your current account to your savings account?"
NO_SHARE = "I can't work out shares"

talking = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "text",
    [
        "move all but £100 to savings",
        "move everything in current except £100",
        "move the money apart from £100",
        "move current to savings leaving £100",
        "move the rest and keep at least £100",
        "move it until £100 is left",
        "top up savings to £100",
        "bring savings up to £100",
        "clear my savings account down to £100",
    ],
)
def test_amount_to_keep_or_to_reach_is_not_the_one_to_move(text: str) -> None:
    accounts = [make_entity(text, "savings", "account")] if "savings" in text else []
    amount = make_entity(text, "£100", "amount-of-money", 100)
    assert is_worked_out(make_parse(text, entities=[*accounts, amount]), amount, changes=False)


@pytest.mark.parametrize(
    "text",
    ["not £60 but £100", "top up savings with £100", "leave it at £100", "change it to £100", "nothing, but £100"],
)
def test_amount_beside_similar_words_is_the_one_to_move(text: str) -> None:
    accounts = [make_entity(text, "savings", "account")] if "savings" in text else []
    amount = make_entity(text, "£100", "amount-of-money", 100)
    assert not is_worked_out(make_parse(text, entities=[*accounts, amount]), amount, changes=False)


def test_account_that_goes_down_to_an_amount_pays() -> None:
    (mention,) = mentions(make_parse("clear Everyday down to £100"), [EVERYDAY])
    assert mention.side == "from_account"


@pytest.mark.parametrize("text", ["top up my savings with 20", "current to savings 20", "20 form current to savings"])
def test_plain_number_in_the_place_of_an_amount_is_one(text: str) -> None:
    entities = [make_entity(text, "savings", "account"), make_entity(text, "20", "number", 20)]
    parse = make_parse(text, entities=entities)
    assert [entity.value for entity in amounts(parse)] == [20]
    assert counted(parse, entities[1]) is None


@pytest.mark.parametrize("noun", ["cars", "bitcoin", "firms", "rounds"])
def test_word_that_is_no_slip_of_a_preposition_is_counted(noun: str) -> None:
    text = f"move 20 {noun} to savings"
    amount = make_entity(text, "20", "number", 20)
    assert counted(make_parse(text, entities=[amount]), amount) == noun


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("make it double", True),
        ("half of it", True),
        ("double that please", True),
        ("is that all", False),
        ("ok", False),
    ],
)
def test_share_alone_is_a_change_of_the_amount(text: str, wants: bool) -> None:
    assert wants_share(text) is wants


@talking
async def test_double_the_amount_is_asked_for_in_pounds(assistant: Bot) -> None:
    assert (await asked(assistant, REQUEST, "make it double")).startswith(NO_SHARE)


@talking
async def test_order_without_a_verb_is_asked_about(assistant: Bot) -> None:
    assert await asked(assistant, "from current to savings 20") == MOVE_20


@talking
async def test_name_is_taken_after_an_order_for_two_people(assistant: Bot) -> None:
    said = await asked(assistant, "send 20 each to Anna and Tom Reid", "Anna")
    assert said == "How much would you like to pay to Anna Lindqvist (account ending 3312)?"


@talking
async def test_changed_amount_is_said_while_something_else_is_asked(assistant: Bot) -> None:
    said = await asked(assistant, "send 20 to Anna", "no i mean 25")
    assert said == "All right, £25.00 it is.\nWhich account shall I take it from?"


@talking
async def test_other_payee_of_that_name_is_taken_while_the_account_is_asked(assistant: Bot) -> None:
    said = await asked(assistant, "transfer 10 to Tom", "Reid", "no the other Tom", "current")
    assert said.startswith("Shall I pay £10.00 from your current account to Tom Okafor")


@talking
async def test_no_after_hearing_that_nothing_can_be_undone_is_accepted(assistant: Bot) -> None:
    assert (await asked(assistant, REQUEST, "yes", "undo that", "no")).startswith("All right.")


@talking
@pytest.mark.parametrize("question", ["did I move £20 from current to savings", "how much did I just move"])
async def test_question_about_the_last_transfer_is_answered_by_it(assistant: Bot, question: str) -> None:
    assert (await asked(assistant, REQUEST, "yes", question)).startswith("Your last transfer went through: £20.00")


@talking
async def test_question_whether_it_has_moved_leaves_the_transfer_waiting(assistant: Bot) -> None:
    said = await asked(assistant, REQUEST, "did I move £20 from current to savings")
    assert said.startswith("Nothing has moved yet")
    assert said.endswith(MOVE_20)


@talking
@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        ("👎", "All right, nothing has moved."),
        ("maybe", "Take your time."),
        ("no worries go ahead", "I move money only"),
    ],
)
async def test_vague_answer_to_the_confirmation_moves_nothing(assistant: Bot, answer: str, reply: str) -> None:
    assert (await asked(assistant, REQUEST, answer)).startswith(reply)
