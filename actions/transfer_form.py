"""The form of a transfer: what is taken for an amount, an account or a payee, and the questions it asks.

A slot that was checked holds a mapping; one that was only just filled holds what was said.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from bot import Action, ActiveLoop, CallFailed, Parse, Turn, UserUttered, hookimpl

from .accounts import choice, find_accounts, spoken, written
from .amounts import MONEY, bare_amount, is_below_zero, said_amount
from .bank import Account, CustomerBank, Payee
from .banking import bank_of
from .conversation import heard, say_what_waits
from .formatting import format_money
from .later import wants_later
from .payees import find_payees, may_name_somebody, named_payees, payee_button, spoken_payee
from .payment import KIND, order_parameters
from .said import minor, whole_pence
from .transactions import account_button

T = TypeVar("T")

FORM: Final = "transfer_form"
FORM_SLOTS: Final = ("amount", "from_account", "to_account", "confirmed")
REQUESTED_SLOT: Final = "requested_slot"

_MAY_NAME: Final = ("transfer_money", "inform", "nlu_fallback")
"""The intents of messages that may name a payee among other words; a name alone is like no intent at all."""

Refusal: TypeAlias = str
"""The response that says why an answer is not taken."""


async def validate_form(turn: Turn) -> None:
    """Check what was just answered; without a login or a bank, say so and end the form."""
    bank = bank_of(turn)
    if bank is None:
        _end(turn, "utter_please_log_in")
        return
    running = not _just_began(turn)
    if not running:
        _forget_older_answers(turn)
        say_what_waits(turn)
    elif _is_new_request(turn):
        _forget_older_answers(turn)
    elif _answered_instead(turn, "deny"):
        turn.set("confirmed", False)
        _end(turn, "utter_transfer_not_made")
        return
    elif _answered_instead(turn, "affirm"):
        turn.set("confirmed", None)  # an answer to the form, if not to its question, which is asked again
    if running:
        _hear_answer(turn)
    if wants_later(heard(turn), turn.now, answer=running):
        turn.say("utter_only_now")
        turn.set("confirmed", None)
    if _may_name_payee(turn) or any(_unchecked(turn, slot) for slot in ("amount", "from_account", "to_account")):
        try:
            await _check(turn, bank)
        except CallFailed:
            _end(turn, "utter_bank_unavailable")


async def ask_source(turn: Turn) -> None:
    """Ask where the money comes from, with a button for each account that it may come from."""
    accounts, target = await _if_there(turn, CustomerBank.accounts), turn.slot("to_account") or {}
    others = [a for a in accounts if can_pay(a) and a.id != target.get("id")]
    turn.say("utter_ask_from_account", buttons=_buttons(others, accounts))


async def ask_target(turn: Turn) -> None:
    """Ask where the money goes, with a button for each other account that it may go to, and for each payee.

    Where the message named several payees, ask which of them.
    """
    payees = await _if_there(turn, CustomerBank.payees)
    named = _named_payees(turn, payees)
    people = [payee_button(payee, payees) for payee in named or payees]
    if named:
        turn.say("utter_which_payee", buttons=people)
        return
    accounts, source = await _if_there(turn, CustomerBank.accounts), turn.slot("from_account") or {}
    others = [a for a in accounts if can_receive(a) and a.id != source.get("id")]
    turn.say("utter_ask_to_account", buttons=[*_buttons(others, accounts), *people])


async def ask_confirmation(turn: Turn) -> None:
    """Fix the transfer under a key of its own, say what it is, and ask for a yes."""
    source, target, amount = turn.slot("from_account"), turn.slot("to_account"), turn.slot("amount")["minor"]
    assert turn.customer is not None, "the form ends where nobody is logged in"
    turn.prepare(KIND, order_parameters(turn.customer, source, target, amount, turn.now))
    said = format_money(amount, source["currency"])
    question = "utter_confirm_payment" if target.get("payee") else "utter_confirm_transfer"
    now = " now" if wants_later(heard(turn), turn.now, answer=True) else ""
    turn.say(question, amount=said, source=source["spoken"], target=target["spoken"], now=now)


def can_pay(account: Account) -> bool:
    """Whether money may be moved out of the account."""
    return account.kind != "credit_card" and account.number is not None


def can_receive(account: Account) -> bool:
    """Whether the account has a number that money can be moved to."""
    return account.number is not None


def heard_amount(turn: Turn) -> int | None:
    """The amount of the message in pence; None when it is none, or not in whole pence of pounds.

    Of several, it is the one that the slot took: "yes, not £60 but £50".
    """
    parse, taken = turn.tracker.parse or Parse(""), turn.slot("amount")
    amounts = [entity for entity in parse.entities if entity.entity == MONEY]
    if not amounts:
        return whole_pence(taken)
    return minor(next((entity for entity in amounts if entity.value == taken), amounts[0]))


# --- checks ------------------------------------------------------------------


def _hear_answer(turn: Turn) -> None:
    """Take what no mapping of a slot does: an amount alone, whatever its intent, or another one beside a yes.

    The form's own request, said again, answers nothing: its question is asked again, as after a yes.
    """
    parse = turn.tracker.parse or Parse("")
    amount = bare_amount(parse, turn.now, numbers=turn.slot(REQUESTED_SLOT) == "amount")
    if amount is None and parse.intent_name == "affirm":
        others = (e for e in parse.entities if e.entity == MONEY and {"minor": minor(e)} != turn.slot("amount"))
        amount = next(others, None)
    if amount is not None:
        turn.set("amount", amount.value)
    if amount is not None or parse.intent_name == "transfer_money":
        turn.set("confirmed", None)


async def _check(turn: Turn, bank: CustomerBank) -> None:
    accounts = await bank.accounts()
    is_new = _unchecked(turn, "amount")
    if is_new:
        _check_amount(turn)
    if _unchecked(turn, "from_account"):
        _check_account(turn, "from_account", accounts, _refuse_source)
    if _unchecked(turn, "to_account") and find_accounts(accounts, str(turn.slot("to_account"))):
        _check_account(turn, "to_account", accounts, _refuse_target)
    else:
        await _check_payee(turn, bank)
    source, amount = turn.slot("from_account"), turn.slot("amount")
    if source and amount:
        await _check_funds(turn, bank, next(a for a in accounts if a.id == source["id"]), amount["minor"])
    elif amount and is_new:
        await _check_any_funds(turn, accounts, amount["minor"])


def _check_amount(turn: Turn) -> None:
    parse = turn.tracker.parse or Parse("")
    said, amount = said_amount(parse), heard_amount(turn)
    if said is None and parse.intent_name == "transfer_money":
        turn.set("amount", None)  # a number of something else: "between my two accounts"
        return
    nothing = (amount is not None and amount <= 0) or (said is not None and is_below_zero(parse, said))
    refusal = "utter_amount_too_small" if nothing else "utter_bad_amount" if amount is None else None
    _take(turn, "amount", {"minor": amount}, refusal)


def _check_account(
    turn: Turn, slot: str, accounts: Sequence[Account], refuse: Callable[[Turn, Account], Refusal | None]
) -> None:
    found = find_accounts(accounts, str(turn.slot(slot)))
    if len(found) != 1:
        _take(turn, slot, None, "utter_which_account" if found else "utter_no_such_account")
        return
    account = found[0]
    checked = {
        "id": account.id,
        "nickname": account.nickname,
        "currency": account.currency,
        "spoken": spoken(account, accounts) if slot == "from_account" else f"your {spoken(account, accounts)}",
    }
    _take(turn, slot, checked, refuse(turn, account))


async def _check_payee(turn: Turn, bank: CustomerBank) -> None:
    """Take whom the message names among the payees; where it names several, ask that next."""
    said = turn.slot("to_account")
    if not _may_name_payee(turn) and not _unchecked(turn, "to_account"):
        return
    payees = await _if_there(turn, CustomerBank.payees) if said is None else await bank.payees()
    found = _named_payees(turn, payees)
    if len(found) == 1:
        payee = found[0]
        target = {"id": payee.id, "nickname": payee.name, "spoken": spoken_payee(payee), "payee": True}
        turn.set("to_account", target)
    elif found:
        turn.set("to_account", None)
        turn.set(REQUESTED_SLOT, "to_account")
    elif said is not None:
        turn.set("to_account", None)
        turn.say("utter_no_such_payee", said=str(said))


def _named_payees(turn: Turn, payees: Sequence[Payee]) -> Sequence[Payee]:
    """Whom the message names, in a sentence, as all of it, or as an entity."""
    parse = turn.tracker.parse or Parse("")
    asked = turn.slot(REQUESTED_SLOT) == "to_account"
    found = named_payees(payees, parse.text, answer=asked) if parse.intent_name in _MAY_NAME else ()
    marked = [str(entity.value) for entity in parse.entities if entity.entity == "payee"]
    return found or next((some for said in [parse.text, *marked] if (some := find_payees(payees, said))), ())


def _refuse_source(turn: Turn, account: Account) -> Refusal | None:
    if not can_pay(account):
        return "utter_not_from_card"
    target = {} if _unchecked(turn, "to_account") else turn.slot("to_account") or {}
    return "utter_same_account" if target.get("id") == account.id else None


def _refuse_target(turn: Turn, account: Account) -> Refusal | None:
    if not can_receive(account):
        return "utter_not_into_card"
    source = turn.slot("from_account") or {}
    return "utter_same_account" if source.get("id") == account.id else None


async def _check_funds(turn: Turn, bank: CustomerBank, source: Account, amount: int) -> None:
    balance = await bank.balance(source)
    available = balance.minor + balance.credit_line
    if amount > available:
        turn.say(
            "utter_insufficient_funds",
            amount=format_money(amount, balance.currency),
            source=turn.slot("from_account")["spoken"],
            available=format_money(max(available, 0), balance.currency),
        )
        turn.set("amount", None)


async def _check_any_funds(turn: Turn, accounts: Sequence[Account], amount: int) -> None:
    """Refuse what no account has, before it is asked which; the bank's word on that is only of help."""
    payable = {account.id for account in accounts if can_pay(account)}
    balances = [b for b in await _if_there(turn, CustomerBank.balances) if b.account_id in payable]
    most = max((b.minor + b.credit_line for b in balances), default=amount)
    if amount > most:
        turn.say("utter_more_than_any_account", amount=format_money(amount), available=format_money(max(most, 0)))
        turn.set("amount", None)


def _take(turn: Turn, slot: str, value: Mapping[str, Any] | None, refusal: Refusal | None) -> None:
    """Keep a checked value, or say why not and empty the slot, so that the form asks again."""
    if refusal:
        turn.say(refusal)
    turn.set(slot, None if refusal else value)


def _may_name_payee(turn: Turn) -> bool:
    """Whether the message may say whom to pay, and no slot tells yet where the money goes.

    Where that was asked, a bare name may be taken for anything: "Okafor" for an okay.
    """
    parse = turn.tracker.parse
    if parse is None or turn.slot("to_account") is not None:
        return False
    if turn.slot(REQUESTED_SLOT) == "to_account":
        return True
    return parse.intent_name in _MAY_NAME and may_name_somebody(parse.text)


def _is_new_request(turn: Turn) -> bool:
    """Whether the message asks for a transfer of its own, with amount and account, while another thing was asked."""
    parse = turn.tracker.parse or Parse("")
    if parse.intent_name != "transfer_money" or turn.slot(REQUESTED_SLOT) == "amount":
        return False
    return said_amount(parse) is not None and any(entity.entity in ("account", "payee") for entity in parse.entities)


def _answered_instead(turn: Turn, intent: str) -> bool:
    """Whether the message is a plain yes or no, though the form did not ask for one."""
    parse = turn.tracker.parse
    return parse is not None and parse.intent_name == intent and turn.slot(REQUESTED_SLOT) != "confirmed"


def _just_began(turn: Turn) -> bool:
    """Whether the form starts with this message."""
    for event in reversed(turn.tracker.events):
        if isinstance(event, UserUttered):
            return False
        if isinstance(event, ActiveLoop) and event.name == FORM:
            return True
    return False


def _forget_older_answers(turn: Turn) -> None:
    """Empty what an earlier transfer left behind when it was cancelled or broken off; above all its yes."""
    for slot in FORM_SLOTS:
        if turn.slot(slot) is not None and (slot == "confirmed" or not _unchecked(turn, slot)):
            turn.set(slot, None)


def _unchecked(turn: Turn, slot: str) -> bool:
    """Whether the slot holds something that was not checked: an interval of amounts is a mapping, too.

    So is whatever a button's payload makes of an entity: what comes with the message is never checked yet.
    """
    value, parse = turn.slot(slot), turn.tracker.parse or Parse("")
    if value is None:
        return False
    comes_now = any(entity.value == value for entity in parse.entities)
    return comes_now or not (isinstance(value, Mapping) and ("minor" in value or "id" in value))


def _end(turn: Turn, response: str) -> None:
    turn.say(response)
    turn.set(REQUESTED_SLOT, None)


# --- questions ---------------------------------------------------------------


async def _if_there(turn: Turn, ask: Callable[[CustomerBank], Awaitable[Sequence[T]]]) -> Sequence[T]:
    """What the bank says; nothing when it is away, where what it says is only of help: for buttons, say."""
    bank = bank_of(turn)
    try:
        return await ask(bank) if bank else ()
    except CallFailed:
        return ()


def _buttons(offered: Sequence[Account], accounts: Sequence[Account]) -> list[dict[str, str]]:
    return [account_button(written(account), choice(account, accounts)) for account in offered]


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Offer the form's checks and questions."""
    register("validate_transfer_form", validate_form)
    register("action_ask_transfer_form_from_account", ask_source)
    register("action_ask_transfer_form_to_account", ask_target)
    register("action_ask_transfer_form_confirmed", ask_confirmation)
