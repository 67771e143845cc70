"""The form of a transfer: what it makes of each message, and the questions it asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot import Action, ActiveLoop, CallFailed, Turn, UserUttered, hookimpl

from .accounts import choice, written
from .amounts import said_amount
from .bank import Account, CustomerBank
from .banking import bank_of
from .conversation import REQUESTED_SLOT, heard, say_what_waits
from .formatting import format_money
from .later import wants_later
from .payees import payee_button
from .payment import KIND, order_parameters
from .pressure import is_pressed
from .request import is_denied, is_no_order, names_reference
from .transactions import account_button
from .transfer_again import repeat_last
from .transfer_answers import adds_payment, hear_button, hear_change, is_yes
from .transfer_checks import can_pay, can_receive, check, has_news
from .transfer_payees import named, names_two
from .transfer_slots import (
    CHECKED_SLOTS,
    FORM,
    FORM_SLOTS,
    asked_about,
    if_there,
    is_unchecked,
    message,
)


async def validate_form(turn: Turn) -> None:
    """Check what was just answered; without a login or a bank, say so and end the form.

    Only here, and only by a plain yes to the question asked last, does `confirmed` become true.
    """
    bank = bank_of(turn)
    if bank is None:
        _end(turn, "utter_please_log_in")
        return
    running = not _just_began(turn)
    if not running:
        _forget_older_answers(turn)
        say_what_waits(turn)
    orders = message(turn).intent_name == "transfer_money"
    if is_pressed(message(turn).text):
        turn.drop_effect()
        _end(turn, "utter_fraud")
    elif orders and is_denied(heard(turn).text):
        turn.drop_effect()
        _end(turn, "utter_not_moving")
    elif running and is_yes(turn):
        turn.set("confirmed", True)
    elif orders and is_no_order(heard(turn).text):
        _pass_over(turn, "utter_no_order", running=running)
    elif running and await adds_payment(turn):
        _pass_over(turn, "utter_one_payment_first", running=True)
    else:
        await _hear(turn, bank, running=running)


async def ask_source(turn: Turn) -> None:
    """Ask where the money comes from, with a button for each account that it may come from."""
    accounts, target = await if_there(turn, CustomerBank.accounts), turn.slot("to_account") or {}
    others = [a for a in accounts if can_pay(a) and a.id != target.get("id")]
    turn.say("utter_ask_from_account", buttons=_buttons(others, accounts))


async def ask_target(turn: Turn) -> None:
    """Ask where the money goes, with a button for each other account that it may go to, and for each payee.

    Where the message named several payees, ask which of them.
    """
    payees = await if_there(turn, CustomerBank.payees)
    meant = named(turn, payees)
    people = [payee_button(payee, payees) for payee in meant or payees]
    if meant:
        one_name = len(meant) > 1 and not names_two(turn, payees)
        turn.say("utter_which_payee" if one_name else "utter_ask_to_account", buttons=people)
        return
    accounts, source = await if_there(turn, CustomerBank.accounts), turn.slot("from_account") or {}
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


# --- answers -----------------------------------------------------------------


async def _hear(turn: Turn, bank: CustomerBank, *, running: bool) -> None:
    """Take what the message says of the transfer."""
    if running and _is_new_request(turn):
        _forget_older_answers(turn)
    if message(turn).intent_name in ("transfer_money", "affirm", "inform") and names_reference(message(turn).text):
        turn.say("utter_no_reference")
    if not running:
        await repeat_last(turn)
    if not running or await _goes_on(turn):
        await _take_answers(turn, bank, running=running)


def _pass_over(turn: Turn, response: str, *, running: bool) -> None:
    """Say why nothing of the message is taken; a form that is running keeps what it had, and asks again."""
    if not running:
        _end(turn, response)
        return
    turn.say(response)
    for slot in CHECKED_SLOTS:
        turn.set(slot, asked_about(turn, slot))
    turn.set("confirmed", None)


async def _goes_on(turn: Turn) -> bool:
    """Hear what the message changes; False where it said no to all of it, and the form ended.

    A yes that is no plain one, or answers another question than for a yes, gets the question again. So does the
    form's own request, said again.
    """
    intent, asked = message(turn).intent_name, turn.slot(REQUESTED_SLOT)
    changed = hear_button(turn) or await hear_change(turn)
    later = wants_later(heard(turn), turn.now, answer=True)
    if intent == "deny" and not changed and not later:
        _stop(turn)
        return False
    if intent == "affirm" and not changed and not later and asked == "confirmed":
        turn.say("utter_only_a_yes")
    if changed or intent in ("affirm", "transfer_money"):
        turn.set("confirmed", None)
    return True


async def _take_answers(turn: Turn, bank: CustomerBank, *, running: bool) -> None:
    """Check what the message says about the transfer, and that it is not for later."""
    if wants_later(heard(turn), turn.now, answer=running):
        turn.say("utter_only_now")
        turn.set("confirmed", None)
    if has_news(turn):
        try:
            await check(turn, bank)
        except CallFailed:
            _end(turn, "utter_bank_unavailable")


def _is_new_request(turn: Turn) -> bool:
    """Whether the message asks for a transfer of its own, with amount and account, while another thing was asked."""
    parse = message(turn)
    if parse.intent_name != "transfer_money" or turn.slot(REQUESTED_SLOT) == "amount":
        return False
    return said_amount(parse) is not None and any(entity.entity in ("account", "payee") for entity in parse.entities)


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
        if turn.slot(slot) is not None and (slot == "confirmed" or not is_unchecked(turn, slot)):
            turn.set(slot, None)


def _stop(turn: Turn) -> None:
    """End the form with a no, of which action_transfer speaks."""
    turn.set("confirmed", False)
    turn.set(REQUESTED_SLOT, None)


def _end(turn: Turn, response: str) -> None:
    turn.say(response)
    turn.set(REQUESTED_SLOT, None)


# --- questions ---------------------------------------------------------------


def _buttons(offered: Sequence[Account], accounts: Sequence[Account]) -> list[dict[str, str]]:
    return [account_button(written(account), choice(account, accounts)) for account in offered]


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Offer the form's checks and questions."""
    register("validate_transfer_form", validate_form)
    register("action_ask_transfer_form_from_account", ask_source)
    register("action_ask_transfer_form_to_account", ask_target)
    register("action_ask_transfer_form_confirmed", ask_confirmation)
