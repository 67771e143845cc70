"""Only what was shown is moved: two payments at once, sums to work out, questions, unknown names."""

from __future__ import annotations

import pytest

from actions.questions.marks import bounded
from actions.signs.pressure import is_pressed
from actions.text import blanked, lead
from actions.transfer import amounts, form
from actions.transfer.amounts import amounts as said_amounts
from actions.transfer.amounts import is_worked_out
from actions.transfer.changes import adds_another, read_change
from actions.transfer.payees import named_payees, nearest_payees, said_name
from actions.transfer.request import is_no_order, names_reference
from actions.transfer.sides import mentions, names_unknown, sides
from bot import BotUttered, Entity
from bot.app.opening import Bot
from bot.app.projects import Project
from bot.testing.kit import make_entity, make_parse, make_turn
from tests.assistant.conftest import NOW
from tests.assistant.test_transfer_changes import ANNA, EVERYDAY, JONAS, OKAFOR, PAYEES, RAINY, REID, asked, tell
from tests.bank.kit import AMARA, CURRENT, SAVINGS, ScriptedBank, account

ONE = "I can only make one payment at a time"
HOW_MUCH = "How much would you like to move?"
PAY_ANNA = "pay anna £30 from current"
ANNAS = "Shall I pay £30.00 from your current account to Anna Lindqvist (account ending 3312)?"

talking = pytest.mark.asyncio(loop_scope="module")


# --- plain numbers -----------------------------------------------------------


@talking
async def test_plain_numbers_set_and_replace_the_amount(assistant: Bot) -> None:
    for number in (30, 40, 45, 60, 95):  # all except one of them read like a new request
        talk = await tell(assistant, "pay anna from savings", str(number), "£7", f"{number} please")
        question = f"Shall I pay £{number}.00 from your savings account to Anna Lindqvist (account ending 3312)?"
        assert [exchange.said for exchange in (talk.exchanges[1], talk.exchanges[3])] == [question, question]


def test_every_plain_number_is_read_as_an_amount() -> None:
    for number in range(1, 1001):
        parse = make_parse(
            str(number), intent="transfer_money", entities=[make_entity(str(number), str(number), "number", number)]
        )
        change = read_change(parse, (), (), NOW)
        assert ([entity.value for entity in change.amounts], change.rest) == ([number], [])


@talking
@pytest.mark.parametrize("answer", ["60", "actually 60", "60 please", "sure, 60 though"])
async def test_plain_number_replaces_the_amount_at_confirmation(assistant: Bot, answer: str) -> None:
    said = await asked(assistant, PAY_ANNA, answer)
    assert said == ANNAS.replace("30", "60")


# --- two payments ------------------------------------------------------------


@talking
@pytest.mark.parametrize(
    "answer",
    [
        *("yes and also pay tom reid £20", "ok and £20 to tom reid too", "yes, then another £20 to savings"),
        *("Yes, and £20 to Tom Reid", "yes and move £50 to savings", "and Tom Reid", "yes and pay £20 to anna as well"),
    ],
)
async def test_additional_payment_changes_nothing_about_the_pending_one(assistant: Bot, answer: str) -> None:
    talk = await tell(assistant, PAY_ANNA, answer)
    assert talk.exchanges[-1].said.startswith(ONE)
    assert "isn't made yet" in talk.exchanges[-1].said
    assert talk.exchanges[-1].said.endswith(ANNAS)
    assert (await talk.say("yes")).said.startswith("Done: I've paid £30.00 from your current account to Anna")


@talking
async def test_additional_payment_keeps_the_incomplete_first_one(assistant: Bot) -> None:
    talk = await tell(assistant, "pay anna £30", "current, and also pay tom reid £20")
    assert talk.exchanges[-1].said.startswith(ONE)
    assert (await talk.say("current")).said == ANNAS


@pytest.mark.parametrize(
    ("text", "adds"),
    [
        ("yes and £5 to Tom", True),
        ("£5 to Tom as well", True),
        ("and another £5", True),
        ("yes and make it £5", False),
        ("that's too much, £5", False),
        ("no, another account", False),
        ("from savings and not current", False),
    ],
)
def test_addition_is_distinguished_from_replacement(text: str, adds: bool) -> None:
    assert adds_another(text) is adds


# --- sums to work out --------------------------------------------------------


@talking
@pytest.mark.parametrize(
    "said",
    [
        *("pay anna half of £60 from current", "pay anna 3/4 of £100 from current"),
        *("pay anna £20 less than last time from current", "put 10% of my salary into savings"),
        "pay anna 10 percent of my savings from savings",
    ],
)
async def test_amount_that_needs_arithmetic_is_not_taken(assistant: Bot, said: str) -> None:
    answer = await asked(assistant, said)
    assert answer.startswith("I can't work out")
    assert answer.endswith(HOW_MUCH)


@talking
@pytest.mark.parametrize("answer", ["add a fiver", "£10 less"])
async def test_change_by_an_amount_is_not_a_change_to_that_amount(assistant: Bot, answer: str) -> None:
    said = await asked(assistant, PAY_ANNA, answer)
    assert said.startswith("I can't work out")
    assert said.endswith(HOW_MUCH)


@talking
async def test_number_of_something_other_than_money_is_not_taken(assistant: Bot) -> None:
    assert (await asked(assistant, "transfer 20 bitcoin to anna from current")).endswith(HOW_MUCH)
    assert "£20.00" not in await asked(assistant, "transfer 20 bitcoin to anna from current")


@talking
async def test_number_before_a_payee_is_an_amount(assistant: Bot) -> None:
    assert HOW_MUCH not in await asked(assistant, "send 20 anna from current")


@talking
async def test_all_of_it_is_not_an_amount(assistant: Bot) -> None:
    assert (await asked(assistant, "pay anna from current", "all of it")).startswith("I can't work out")


@pytest.mark.parametrize("text", ["add £15 to savings", "a payment of £15", "increase it to £15", "£15 from current"])
def test_stated_amount_needs_no_arithmetic(text: str) -> None:
    amount = make_entity(text, "£15", "amount-of-money", 15)
    assert not is_worked_out(make_parse(text, entities=[amount]), amount, changes=False)


# --- questions ---------------------------------------------------------------


@talking
@pytest.mark.parametrize(
    "said",
    [
        *("anna owes me £20", "I want to request £20 from Anna", "get £20 back from anna from current"),
        *("whats the most i can transfer", "what happens if I send £20 to Anna from current"),
        *("should I pay anna £20 from current", "if I pay anna £100 from current how much will I have left"),
    ],
)
async def test_question_is_not_an_order_to_pay(assistant: Bot, said: str) -> None:
    talk = await tell(assistant, said)
    assert talk.exchanges[-1].said.startswith("I take that for a question")
    assert (await talk.say("yes")).said.startswith("I hadn't asked you to confirm anything.")


@talking
async def test_request_to_reverse_a_payment_pays_nothing(assistant: Bot) -> None:
    talk = await tell(assistant, "reverse the £33.40 trainline payment")
    assert "take it from" not in talk.exchanges[-1].said
    assert "Shall I pay" not in (await talk.say("yes")).said


@talking
async def test_question_about_a_payment_lists_it_and_pays_nothing(assistant: Bot) -> None:
    talk = await tell(assistant, "whats the £67.25 payment")
    assert talk.exchanges[-1].said.startswith("1 transaction of £67.25")
    assert (await talk.say("yes")).said.startswith("I hadn't asked you to confirm anything.")


@talking
async def test_hypothetical_question_keeps_the_pending_payment(assistant: Bot) -> None:
    said = await asked(assistant, PAY_ANNA, "should I pay jonas £50 from savings")
    assert said.startswith("I take that for a question")
    assert said.endswith(ANNAS)


@talking
async def test_other_question_in_a_request_is_named(assistant: Bot) -> None:
    said = await asked(assistant, "I want to transfer money but first how much do I have in savings?")
    assert "“how much do I have in savings” next" in said


@talking
async def test_possible_scam_is_warned_about_and_moves_nothing(assistant: Bot) -> None:
    talk = await tell(assistant, "Tom says I should send £20 to Anna from current, is that a scam")
    assert "159" in talk.exchanges[-1].said
    assert "Done" not in (await talk.say("yes")).said


@pytest.mark.parametrize(
    "text",
    ["is there a fee for transfers", "what do I pay for Spotify", "how do I pay in cash", "do you know if I paid"],
)
def test_questions_and_suppositions_are_not_orders(text: str) -> None:
    assert is_no_order(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "can you pay Anna £20",
            "is it possible to send £20 to Anna",
            "pay Anna £20 if you can",
            "why don't you pay Anna",
        ),
        *("what about sending £20 to Anna", "pay Anna back £20", "I want to pay Anna back", "pay Anna £20?"),
        *("send £20 to Anna and let me know when it's done", "get £30 back into current from savings"),
    ],
)
def test_polite_requests_are_orders(text: str) -> None:
    assert not is_no_order(text)


def test_scam_is_recognised_as_a_whole_word_only() -> None:
    assert is_pressed("is that a scam?")
    assert not is_pressed("send £20 to Scampi House")


@talking
async def test_goodbye_ends_the_transfer(assistant: Bot) -> None:
    talk = await tell(assistant, PAY_ANNA, "ok thanks bye")
    assert talk.exchanges[-1].said.startswith("All right, nothing has moved.")
    assert "Shall I" not in talk.exchanges[-1].said
    assert "Done" not in (await talk.say("yes")).said


# --- names -------------------------------------------------------------------


@talking
@pytest.mark.parametrize(
    ("said", "name", "near"),
    [
        ("pay dave £40", "dave", None),
        ("pay annna £40", "annna", "Anna Lindqvist"),
        ("pay anne £40", "anne", "Anna Lindqvist"),
        ("send £40 to anna smith", "anna smith", "Anna Lindqvist"),
        ("pay thomas reid £40", "thomas reid", "Tom Reid"),
        ("pay £40 to tom smith", "tom smith", "Tom Reid or Tom Okafor"),
        ("pay Sarah Jones £5", "Jones", None),
    ],
)
async def test_unknown_name_is_repeated_with_the_nearest_payee(
    assistant: Bot, said: str, name: str, near: str | None
) -> None:
    answer = await asked(assistant, said)
    assert f"{name}” among your accounts and your payees" in answer
    assert (f"the nearest is {near}." in answer) if near else ("nearest" not in answer)


@talking
async def test_unknown_replacement_payee_leaves_the_target_open(assistant: Bot) -> None:
    assert (await asked(assistant, PAY_ANNA, "pay dave instead")).endswith("And where should it go?")


@talking
async def test_unknown_kind_of_account_is_reported(assistant: Bot) -> None:
    assert (await asked(assistant, "transfer £10 from my joint account to savings")).startswith(
        "You don't have such an account"
    )


@talking
@pytest.mark.parametrize(
    ("said", "question"),
    [
        (["I want to pay someone", "Anna", "£5", "current"], "Shall I pay £5.00 from your current account to Anna"),
        (["I owe Tom twenty quid", "Tom Reid", "current"], "Shall I pay £20.00 from your current account to Tom Reid"),
        (["transfer £5", "Anna, from current"], "Shall I pay £5.00 from your current account to Anna Lindqvist"),
        (
            ["pay dave £40", "from current", "fine, pay anna then"],
            "Shall I pay £40.00 from your current account to Anna",
        ),
        (
            ["pay tom £5 from current", "not okafor the other one"],
            "Shall I pay £5.00 from your current account to Tom Reid",
        ),
        (["pay not anna but jonas £20 from savings"], "Shall I pay £20.00 from your savings account to Jonas"),
        (["pay my brother tom £5 from current"], "You have more than one payee of that name."),
        (["pay anna £20 from current no savings"], "Shall I pay £20.00 from your savings account to Anna"),
        (["put 50 in the rainy day pot from current"], "Shall I move £50.00 from your current account to your savings"),
    ],
)
async def test_payee_named_at_any_step_is_taken(assistant: Bot, said: list[str], question: str) -> None:
    assert (await asked(assistant, *said)).startswith(question)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("pay dave 0", "dave"),
        ("send 0 to anna smith", "anna smith"),
        ("I want to transfer money", None),
        ("pay someone", None),
        ("pay my brother", None),
    ],
)
def test_name_of_a_recipient_is_found_in_an_order(text: str, name: str | None) -> None:
    assert said_name(text) == name


def test_nearest_payees_have_a_similar_first_or_last_name() -> None:
    assert nearest_payees(PAYEES, "tom smith") == (REID, OKAFOR)
    assert nearest_payees(PAYEES, "sarah jones") == ()
    assert nearest_payees(PAYEES, "whitfeld") == (JONAS,)


@pytest.mark.parametrize("text", ["pay A Lindqvist £5", "pay my friend anna £5", "I owe Anna £5"])
def test_name_may_follow_an_initial_or_a_relation(text: str) -> None:
    assert named_payees(PAYEES, text) == (ANNA,)


def test_corrected_account_replaces_the_one_before() -> None:
    text = "from Everyday, no Rainy day"
    assert sides(mentions(make_parse(text), [EVERYDAY, RAINY]), None) == {"from_account": "Rainy day"}


def test_found_account_is_not_reported_as_unknown() -> None:
    text = "from my current account"
    parse = make_parse(text, entities=[make_entity(text, "current", "account", "current")])
    assert not names_unknown(text, mentions(parse, [EVERYDAY]))
    assert names_unknown("from my joint account", [])


# --- more than a payment -----------------------------------------------------


@talking
async def test_requested_reference_is_declined(assistant: Bot) -> None:
    said = await asked(assistant, "pay anna £30 from current with reference birthday")
    assert said.startswith("I can't send a reference")
    assert said.endswith(ANNAS)
    assert not names_reference("pay anna with savings")


@talking
async def test_same_again_is_asked_about_and_made_after_a_yes(assistant: Bot) -> None:
    talk = await tell(assistant, "pay anna £3 from current", "yes", "same again")
    assert talk.exchanges[-1].said == ANNAS.replace("30.00", "3.00")
    assert (await talk.say("yes")).said.startswith("Done: I've paid £3.00")
    assert (await talk.say("same again but £5")).said.startswith("Shall I pay £5.00 from your current account to Anna")


@talking
async def test_same_again_after_a_cancelled_payment_starts_afresh(assistant: Bot) -> None:
    assert await asked(assistant, "pay anna £3 from current", "no", "same again") == HOW_MUCH


# --- long messages -----------------------------------------------------------


def test_only_the_first_entities_of_a_kind_are_read() -> None:
    numbers = [Entity("number", at, at + 1, 1) for at in range(0, 4000, 2)]
    money = Entity("amount-of-money", 4000, 4002, 5)
    kept = bounded(make_parse("1 " * 2000 + "£5", entities=[*numbers, money])).entities
    assert kept == (*numbers[:50], money)


def test_only_a_short_text_before_each_amount_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    monkeypatch.setattr(amounts, "lead", lambda text, at: lengths.append(len(said := lead(text, at))) or said)
    text = "1 " * 2000
    said_amounts(make_parse(text, entities=[Entity("number", at, at + 1, 1) for at in range(0, 4000, 2)]))
    assert len(lengths) == 2000
    assert max(lengths) < 100


def test_blanking_keeps_all_positions() -> None:
    assert blanked("pay Anna £5", [(4, 8), (9, 99)]) == "pay        "


# --- currencies --------------------------------------------------------------


@talking
@pytest.mark.parametrize("slot", ["from_account", "to_account"])
async def test_account_in_another_currency_is_refused_on_either_side(assistant_project: Project, slot: str) -> None:
    bank = ScriptedBank()
    bank.answers["/accounts"]["Data"]["Account"] = [account(CURRENT, Currency="EUR"), account(SAVINGS)]
    turn = make_turn(
        make_parse("current", intent="inform"),
        customer=AMARA,
        domain=assistant_project.content.domain,
        now=NOW,
        resources={"bank": bank.client()},
        slots={"amount": {"minor": 500}, slot: "current", "requested_slot": slot},
    )
    await form.validate_form(turn)
    assert turn.slot(slot) is None
    said = [event.reply.response for event in turn.events if isinstance(event, BotUttered)]
    assert said == ["utter_other_currency"]
