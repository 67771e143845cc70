"""Single actions on hand-made turns, with the simulated bank."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from actions import balance, fallback, follow_up, spending, transactions
from actions.bank import BankClient
from actions.banking import for_customers
from actions.questions.periods import Period
from actions.questions.question import Filters, Question
from actions.transfer import form, outcome
from actions.transfer.again import repeat_last
from actions.transfer.payment import order_parameters
from bot import (
    ActionExecuted,
    ActiveLoop,
    Customer,
    Domain,
    EffectResult,
    Event,
    HttpClient,
    Parse,
    SlotSet,
    Sources,
    Turn,
    UserUttered,
)
from bot.dialogue.events import EffectPrepared
from bot.reading import read_project
from bot.testing.kit import SpentEffects, make_entity, make_parse, make_turn, replies, texts
from simulator.embedded import embedded
from tests.assistant.conftest import NOW

pytestmark = pytest.mark.asyncio(loop_scope="module")

AMARA = Customer("customer-1", "cust-3f8a41")
JONAS = Customer("customer-2", "cust-b20c97")


@pytest.fixture(scope="module")
def domain(project: Path) -> Domain:
    return read_project(project).content.domain


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bank(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BankClient]:
    folder = tmp_path_factory.mktemp("bank")
    async with (
        embedded(folder, now=lambda: NOW) as endpoint,
        HttpClient(endpoint.url, service="bank") as http,
    ):
        yield BankClient(http, endpoint.client_id, endpoint.secret, sources=Sources(now=lambda: NOW))


def ask(
    domain: Domain,
    bank: BankClient,
    text: str,
    marks: Mapping[str, tuple[str, str]] | None = None,
    *,
    customer: Customer | None = AMARA,
    intent: str | None = None,
    **more: Any,
) -> Turn:
    """A turn with a message in which `marks` are entities: name -> (words, value)."""
    entities = [make_entity(text, words, name, value) for name, (words, value) in (marks or {}).items()]
    parse = make_parse(text, intent=intent, entities=entities)
    return make_turn(parse, customer=customer, domain=domain, now=NOW, resources={"bank": bank}, **more)


# --- balances ----------------------------------------------------------------


async def test_balance_of_one_account_is_a_sentence(domain: Domain, bank: BankClient) -> None:
    turn = ask(domain, bank, "how much is in my savings", {"account": ("savings", "savings")})
    await for_customers(balance.balance)(turn)
    assert texts(turn) == ["Your savings account has £12,469.87."]
    assert turn.slot("question") == {"kind": "balance", "account": "savings"}


async def test_all_balances_are_a_table_in_text_and_as_data(domain: Domain, bank: BankClient) -> None:
    turn = ask(domain, bank, "what's my balance")
    await for_customers(balance.balance)(turn)
    (reply,) = replies(turn)
    assert reply.custom["type"] == "table"
    assert reply.custom["columns"][1] == {"title": "Balance", "align": "right"}
    assert reply.custom["rows"][1] == ["Rainy day (savings account)", "£12,469.87", "£12,469.87"]
    lines = (reply.text or "").splitlines()[2:]
    assert len({line.index("£") + len(line.split("£")[1].split()[0]) for line in lines[1:]}) == 1, "right-aligned"


async def test_overdrawn_account_is_named(domain: Domain, bank: BankClient) -> None:
    turn = ask(domain, bank, "am I overdrawn", customer=JONAS)
    await for_customers(balance.overdrawn)(turn)
    (reply,) = replies(turn)
    assert (reply.text or "").startswith("Yes")
    assert [row[0] for row in reply.custom["rows"]] == ["Main account (current account)"]


async def test_credit_card_debt_is_not_an_overdraft(domain: Domain, bank: BankClient) -> None:
    turn = ask(domain, bank, "is my card overdrawn", {"account": ("card", "credit card")})
    await for_customers(balance.overdrawn)(turn)
    assert texts(turn) == ["A card can't be overdrawn, but you owe £215.38 on your credit card."]


async def test_unknown_account_is_reported(domain: Domain, bank: BankClient) -> None:
    turn = ask(domain, bank, "how much is in my isa", {"account": ("isa", "isa")})
    await for_customers(balance.balance)(turn)
    assert texts(turn) == ["You don't have such an account with us."]


@pytest.mark.parametrize("action", [balance.balance, balance.overdrawn, transactions.transactions, spending.spending])
async def test_action_without_a_login_asks_for_one(domain: Domain, bank: BankClient, action: Any) -> None:
    turn = ask(domain, bank, "what's my balance", customer=None)
    await for_customers(action)(turn)
    assert texts(turn) == [
        "I can look at accounts only for customers who are logged in. Please log in, and ask me again."
    ]


# --- transactions and sums ---------------------------------------------------


async def test_request_without_filters_is_asked_for_the_account(domain: Domain, bank: BankClient) -> None:
    turn = ask(domain, bank, "show my transactions", intent="ask_transactions")
    await transactions.validate_form(turn)
    assert turn.slot("account") is None
    await transactions.ask_account(turn)
    (reply,) = replies(turn)
    assert [button["payload"] for button in reply.buttons] == [
        '/inform{"account": "current"}',
        '/inform{"account": "savings"}',
        '/inform{"account": "credit card"}',
        '/inform{"account": "all"}',
    ]


async def test_request_with_a_filter_covers_all_accounts(domain: Domain, bank: BankClient) -> None:
    turn = ask(domain, bank, "show Tesco", {"merchant": ("Tesco", "Tesco")}, intent="ask_transactions")
    await transactions.validate_form(turn)
    assert turn.slot("account") == "all"


async def test_form_ignores_messages_about_other_things(domain: Domain, bank: BankClient) -> None:
    turn = ask(domain, bank, "are you a bot", intent="ask_bot")
    await transactions.validate_form(turn)
    assert turn.events == ()


async def test_account_from_the_form_is_cleared_after_use(domain: Domain, bank: BankClient) -> None:
    slots = {"account": "savings", "question": Question("transactions").to_json()}
    turn = ask(domain, bank, "savings", slots=slots)
    await for_customers(transactions.transactions)(turn)
    assert turn.slot("account") is None
    assert turn.slot("question")["account"] == "savings"
    assert texts(turn)[0].startswith("Your last 10 transactions on your savings account:")


async def test_empty_list_says_how_far_back_it_searched(domain: Domain, bank: BankClient) -> None:
    turn = ask(domain, bank, "over £100,000")
    question = Question("transactions", Filters(at_least=10_000_001))
    await for_customers(lambda t, b: transactions.transactions(t, b, question))(turn)
    assert texts(turn) == ["I found no transactions over £100,000.00 since 4 Nov 2024."]


async def test_long_list_is_cut_and_says_so(domain: Domain, bank: BankClient) -> None:
    turn = ask(domain, bank, "show me all of them")
    question = Question("transactions", Filters(period=Period(date(2026, 1, 1), date(2027, 1, 1), "year")))
    await for_customers(lambda t, b: transactions.transactions(t, b, question))(turn)
    (reply,) = replies(turn)
    assert len(reply.custom["rows"]) == transactions.MOST_ROWS
    assert "here are the latest 25" in (reply.text or "")


@pytest.mark.parametrize("account", [1.5, False, {"a": 1}, ["savings"]])
async def test_account_slot_that_is_not_text_matches_no_account(
    domain: Domain, bank: BankClient, account: object
) -> None:
    turn = ask(domain, bank, "/ask_transactions", slots={"account": account})
    await for_customers(transactions.transactions)(turn)
    assert texts(turn) == ["You don't have such an account with us."]


async def test_sum_leaves_out_own_transfers_and_says_so(domain: Domain, bank: BankClient) -> None:
    turn = ask(domain, bank, "how much did I spend")
    october = Filters(period=Period(date(2026, 10, 1), date(2026, 11, 1), "month"))
    await for_customers(lambda t, b: spending.spending(t, b, Question("spending", october)))(turn)
    assert texts(turn) == [
        "You spent £2,159.81 in October 2026: 46 payments.",
        "I left out moves between your own accounts and into investments.",
    ]


async def test_incomplete_sentence_without_a_question_is_not_understood(domain: Domain, bank: BankClient) -> None:
    turn = ask(domain, bank, "and then?")
    await follow_up.run(turn)
    assert texts(turn) == ["Sorry, I didn't quite get that. Did you mean one of these?"]


async def test_account_name_alone_gets_its_balance(domain: Domain, bank: BankClient) -> None:
    turn = ask(domain, bank, "savings", {"account": ("savings", "savings")})
    await follow_up.run(turn)
    assert texts(turn) == ["Your savings account has £12,469.87."]


# --- not understood ----------------------------------------------------------


async def test_fallback_names_the_entities_and_offers_the_two_nearest_intents(domain: Domain) -> None:
    text = "blah Tesco last month"
    parse = make_parse(
        text,
        ranking=["nlu_fallback", "ask_spending", "inform", "ask_transactions", "ask_balance"],
        entities=[make_entity(text, "Tesco", "merchant"), make_entity(text, "last month", "time")],
    )
    turn = make_turn(parse, domain=domain)
    await fallback.run(turn)
    (reply,) = replies(turn)
    assert "“Tesco” and “last month”" in (reply.text or "")
    assert [button["payload"] for button in reply.buttons] == [
        '/ask_spending{"merchant": "Tesco"}',
        '/ask_transactions{"merchant": "Tesco"}',
    ]


async def test_fallback_answers_despair_before_a_typed_pin(domain: Domain) -> None:
    turn = make_turn("hm my pin is 1234 I want to die", domain=domain)
    await fallback.run(turn)
    assert [reply.response for reply in replies(turn)] == ["utter_in_crisis"]


async def test_second_fallback_in_a_row_is_worded_differently(domain: Domain) -> None:
    before: list[Event] = [UserUttered(Parse("blah")), ActionExecuted(fallback.NAME), ActionExecuted("action_listen")]
    turn = make_turn("blah again", domain=domain, before=before)
    await fallback.run(turn)
    (reply,) = replies(turn)
    assert (reply.text or "").startswith("I'm still not with you")
    assert "/ask_human" in [button["payload"] for button in reply.buttons]


async def test_fallback_after_an_understood_message_counts_as_the_first(domain: Domain) -> None:
    before: list[Event] = [
        UserUttered(Parse("blah")),
        ActionExecuted(fallback.NAME),
        UserUttered(Parse("hello")),
        ActionExecuted("utter_greet"),
    ]
    turn = make_turn("blah", domain=domain, before=before)
    await fallback.run(turn)
    assert texts(turn)[0].startswith("Sorry, I didn't quite get that.")


# --- transfers ---------------------------------------------------------------


def said_amount(text: str, minor: int) -> Parse:
    details = {"value": minor / 100, "unit": "£", "currency": "GBP", "minor": minor}
    entity = make_entity(text, text, "amount-of-money", minor / 100, details=details)
    return make_parse(text, intent="inform", entities=[entity])


async def checked(domain: Domain, bank: BankClient, parse: Parse, **slots: Any) -> Turn:
    """The turn after the form's checks of a message that filled these slots."""
    turn = make_turn(parse, customer=AMARA, domain=domain, now=NOW, resources={"bank": bank}, slots=slots)
    await form.validate_form(turn)
    return turn


async def test_valid_answer_is_kept_as_amount_and_account(domain: Domain, bank: BankClient) -> None:
    turn = await checked(domain, bank, said_amount("£12.50", 1_250), amount=12.5, from_account="current")
    assert turn.slot("amount") == {"minor": 1_250}
    assert turn.slot("from_account")["spoken"] == "current account"
    assert texts(turn) == []


@pytest.mark.parametrize(
    ("slots", "reply"),
    [
        ({"amount": {"from": 5, "to": None}}, "I need an amount in pounds and pence, such as £25 or £12.50."),
        ({"amount": 0}, "The amount has to be more than nothing."),
        ({"amount": 1.234}, "I need an amount in pounds and pence, such as £25 or £12.50."),
        ({"from_account": "credit card"}, "I can't take money from a credit card."),
        ({"from_account": "isa"}, "You don't have such an account with us."),
        ({"from_account": "all"}, "You have more than one of those."),
    ],
)
async def test_invalid_answer_is_explained_and_its_slot_emptied(
    domain: Domain, bank: BankClient, slots: dict[str, Any], reply: str
) -> None:
    turn = await checked(domain, bank, make_parse("x", intent="inform"), **slots)
    assert texts(turn) == [reply]
    assert all(turn.slot(name) is None for name in slots)


async def test_same_account_on_both_sides_is_refused(domain: Domain, bank: BankClient) -> None:
    turn = await checked(domain, bank, make_parse("x"), from_account="savings", to_account="savings")
    assert texts(turn) == ["That's the same account twice; it has to go to another one."]
    assert turn.slot("to_account") is None


async def test_amount_above_the_balance_is_refused(domain: Domain, bank: BankClient) -> None:
    turn = await checked(domain, bank, make_parse("x"), amount=999_999, from_account="savings")
    assert "£999,999.00" in texts(turn)[0]
    assert "£12,469.87" in texts(turn)[0]
    assert turn.slot("amount") is None


async def test_source_account_that_the_bank_no_longer_lists_is_asked_for_again(
    domain: Domain, bank: BankClient
) -> None:
    closed = READY["from_account"]
    turn = await checked(domain, bank, said_amount("£12.50", 1_250), amount=12.5, from_account=closed)
    assert texts(turn) == ["You don't have such an account with us."]
    assert (turn.slot("from_account"), turn.slot("amount")) == (None, {"minor": 1_250})


async def test_new_transfer_keeps_no_slot_and_no_yes_of_an_older_one(domain: Domain, bank: BankClient) -> None:
    stale = {**READY, "confirmed": True, "to_account": "savings"}
    turn = make_turn("save some", customer=AMARA, domain=domain, now=NOW, resources={"bank": bank}, slots=stale)
    turn.emit(ActiveLoop("transfer_form"))
    await form.validate_form(turn)
    assert [turn.slot(name) for name in ("amount", "confirmed")] == [None, None]
    assert turn.slot("to_account")["spoken"] == "your savings account", "said just now"
    assert turn.slot("from_account")["id"] != READY["from_account"]["id"], "the only one that can pay"


async def test_amount_in_a_button_needs_no_details(domain: Domain, bank: BankClient) -> None:
    entity = make_entity("/transfer_money", "", "amount-of-money", 50)
    turn = await checked(domain, bank, make_parse("/transfer_money", entities=[entity]), amount=50)
    assert turn.slot("amount") == {"minor": 5_000}


async def test_transfer_form_ends_without_a_login(domain: Domain, bank: BankClient) -> None:
    turn = make_turn("move money", domain=domain, resources={"bank": bank})
    await form.validate_form(turn)
    assert SlotSet("requested_slot", None) in turn.events


READY = {
    "amount": {"minor": 5_000},
    "from_account": {"id": "a", "nickname": "Everyday", "currency": "GBP", "spoken": "current account"},
    "to_account": {"id": "b", "nickname": "Rainy day", "currency": "GBP", "spoken": "your savings account"},
}


PAYEE = {"id": "c", "nickname": "Anna Lindqvist", "spoken": "Anna Lindqvist (account ending 3312)", "payee": True}


async def confirmed_turn(
    domain: Domain, effects: SpentEffects, answer: bool | None, slots: Mapping[str, Any] = READY
) -> Turn:
    turn = make_turn("yes", customer=AMARA, domain=domain, now=NOW, slots=slots, spend=effects)
    await form.ask_confirmation(turn)
    turn.set("confirmed", answer)
    await outcome.run(turn)
    return turn


@pytest.mark.parametrize(
    ("result", "reply"),
    [
        (EffectResult("done"), "Done: I've moved £50.00 from your current account to your savings account."),
        (EffectResult("unknown"), "I am checking that"),
        (EffectResult("refused", {"reason": "insufficient_funds"}), "because there isn't enough in it"),
        (EffectResult("refused", {"reason": "too_late"}), "the yes came too late"),
        (EffectResult("refused", {"reason": "unreachable"}), "I couldn't reach the bank"),
        (EffectResult("refused", {"reason": "something new"}), "The bank refused"),
    ],
)
async def test_every_outcome_of_a_transfer_is_reported(domain: Domain, result: EffectResult, reply: str) -> None:
    effects = SpentEffects(result)
    turn = await confirmed_turn(domain, effects, True)
    assert reply in texts(turn)[-1]
    [(_, key, _)] = effects.spent
    noted = turn.slot("transfer")
    assert (noted["outcome"], noted["key"]) == (result.outcome, key)
    assert turn.slot("amount") is None


@pytest.mark.parametrize(
    ("result", "reply", "later"),
    [
        (
            EffectResult("done"),
            "Done: I've paid £50.00 from your current account to Anna",
            "Your last payment went thr",
        ),
        (EffectResult("unknown"), "I've asked the bank to pay £50.00 from", "I've asked the bank to pay £50.00 from"),
        (
            EffectResult("refused", {"reason": "insufficient_funds"}),
            "The bank didn't pay £50.00",
            "The bank didn't pay",
        ),
        (EffectResult("refused", {"reason": "too_late"}), "I didn't pay £50.00 from", "I didn't pay £50.00 from"),
        (EffectResult("refused", {"reason": "unreachable"}), "I couldn't reach the bank", "I couldn't reach the bank"),
        (
            EffectResult("refused", {"reason": "something new"}),
            "The bank refused to pay £50.00",
            "The bank refused to pay",
        ),
    ],
)
async def test_every_outcome_of_a_payment_is_worded_as_a_payment(
    domain: Domain, result: EffectResult, reply: str, later: str
) -> None:
    turn = await confirmed_turn(domain, SpentEffects(result), True, {**READY, "to_account": PAYEE})
    assert texts(turn)[-1].startswith(reply)
    await outcome.status(turn)
    assert texts(turn)[-1].startswith(later)


@pytest.mark.parametrize(("target", "news"), [(READY["to_account"], "transfer"), (PAYEE, "payment")])
async def test_late_outcome_is_announced_as_transfer_or_payment(
    domain: Domain, target: Mapping[str, Any], news: str
) -> None:
    parameters = order_parameters(AMARA, READY["from_account"], target, 5_000, NOW)
    effect = {"key": "k-1", "parameters": parameters, "outcome": "done", "result": None}
    turn = make_turn("/settled", customer=AMARA, domain=domain, now=NOW, metadata={"effect": effect})
    await outcome.settled(turn)
    assert texts(turn)[0] == f"About the {news} I was checking:"


async def test_no_spends_nothing(domain: Domain) -> None:
    effects = SpentEffects()
    turn = await confirmed_turn(domain, effects, False)
    assert texts(turn)[-1] == "All right, nothing has moved."
    assert effects.spent == []
    assert turn.tracker.effect is None


async def test_form_that_ended_early_spends_nothing_and_stays_silent(domain: Domain) -> None:
    effects = SpentEffects()
    turn = await confirmed_turn(domain, effects, None)
    assert len(texts(turn)) == 1, "only the question"
    assert effects.spent == []


@pytest.mark.parametrize("customer", [None, JONAS])
async def test_transfer_of_another_customer_is_not_made(domain: Domain, customer: Customer | None) -> None:
    parameters = order_parameters(AMARA, READY["from_account"], READY["to_account"], 5_000, NOW)
    note = {"key": "k-1", "outcome": "unknown", "reason": "other", "amount": "£50.00", "source": "a", "target": "b"}
    for action in (outcome.run, outcome.status):
        effects = SpentEffects()
        slots = {"confirmed": True, "transfer": note}
        turn = make_turn("yes", customer=customer, domain=domain, now=NOW, slots=slots, spend=effects)
        turn.emit(EffectPrepared("transfer", "k-1", parameters))
        await action(turn)
        assert effects.spent == []
        assert "log in" in texts(turn)[-1]


@pytest.mark.parametrize(
    ("customer", "result", "is_repeated"), [(AMARA, "done", True), (AMARA, "refused", False), (JONAS, "done", False)]
)
async def test_only_the_customers_own_made_transfer_is_repeated(
    domain: Domain, bank: BankClient, customer: Customer, result: str, *, is_repeated: bool
) -> None:
    order = {"customer": AMARA.bank_customer_id, "debtor": "a", "creditor": "b", "minor": 5_000}
    slots = {"transfer": {"outcome": result, "order": order}}
    turn = ask(domain, bank, "the same again", customer=customer, intent="transfer_money", slots=slots)
    await repeat_last(turn)
    assert (SlotSet("amount", {"minor": 5_000}) in turn.events) == is_repeated


async def test_yes_without_a_question_is_explained(domain: Domain) -> None:
    turn = make_turn("yes", customer=AMARA, domain=domain)
    await outcome.nothing_to_confirm(turn)
    assert texts(turn)[0].startswith("I hadn't asked you")


async def test_repeated_yes_reports_the_outcome_again(domain: Domain) -> None:
    note = {"key": "k", "outcome": "done", "reason": "other", "amount": "£1.00", "source": "a", "target": "b"}
    before: list[Event] = [UserUttered(Parse("yes")), SlotSet("transfer", note), ActionExecuted("action_listen")]
    turn = make_turn("yes", customer=AMARA, domain=domain, before=before)
    await outcome.nothing_to_confirm(turn)
    assert "already made, and nothing more has moved: it was £1.00 from your a to b" in texts(turn)[0]
