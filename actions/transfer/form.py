"""The transfer form: how it interprets each message, and the questions it asks."""

from __future__ import annotations

from typing import Final

from bot import ActiveLoop, CallFailed, Turn, UserUttered

from ..bank import CustomerBank
from ..banking import bank_of, if_there
from ..conversation import REQUESTED_SLOT, message, say_what_waits, whole
from ..formatting import format_money
from ..questions.accounts import account_buttons
from ..signs import alarm
from ..signs.human import wants_human
from ..signs.pressure import is_pressed
from ..signs.typed_secrets import warn_of_secret
from ..text import pattern
from .again import repeat_last
from .amounts import amounts, asks_for_share
from .answers import Answer, adds_payment, hear_button, hear_change, is_yes, say_new_amount
from .checks import can_pay, can_receive, check, has_news, take_order
from .later import wants_later, without_later
from .outcome import status
from .payees import payee_button
from .payment import KIND, order_parameters
from .recipient import named, names_two
from .request import asks_after_payment, begins_order, collects, is_denied, is_no_order, moves_nothing, names_reference
from .sides import mentions, sides
from .slots import CHECKED_SLOTS, FORM, FORM_SLOTS, Refusal, asked_about, drop_said, is_unchecked

_REFERS: Final = pattern(r"\b(?:it|that|instead|rather|other way)\b|\A\W*(?:no|sorry|actually)\b")
"""What shows that a request is about the transfer in question."""


async def validate_form(turn: Turn) -> None:
    """Check the latest answer. On a sign of despair or fraud, without a login or a bank, say so and end the form.

    `confirmed` becomes true only here, and only by a plain yes to the last question.
    """
    running = not _just_began(turn)
    if not running:
        _forget_older_answers(turn)
    if warning := _warning(whole(turn).text):
        turn.drop_effect()
        _end(turn, warning)
        return
    bank = bank_of(turn)
    if bank is None:
        _end(turn, "utter_please_log_in")
        return
    if _is_order(turn) or not running:
        warn_of_secret(turn)
        say_what_waits(turn)
    if _is_order(turn) and is_denied(message(turn).text):
        turn.drop_effect()
        _end(turn, "utter_not_moving")
    elif running and is_yes(turn):
        turn.set("confirmed", True)
    elif _is_order(turn) and asks_after_payment(message(turn).text):
        await status(turn)
        _change_nothing(turn, running=running)
    elif refusal := await _refusal(turn, running=running):
        _pass_over(turn, refusal, running=running)
    else:
        await _hear(turn, bank, running=running)
    if running:
        _stay_with_question(turn)


async def ask_amount(turn: Turn) -> None:
    """Ask how much; when asking again, name the payee."""
    target = turn.slot("to_account") or {}
    asked_before = turn.slot_before(REQUESTED_SLOT) == "amount"
    if asked_before and target.get("payee"):
        turn.say("utter_ask_amount_for", target=target["spoken"])
    else:
        turn.say("utter_ask_amount")


async def ask_source(turn: Turn) -> None:
    """Ask where the money should come from, with a button for each possible account."""
    accounts, target = await if_there(turn, CustomerBank.accounts), turn.slot("to_account") or {}
    others = [account for account in accounts if can_pay(account) and account.id != target.get("id")]
    turn.say("utter_ask_from_account", buttons=account_buttons(others, accounts))


async def ask_target(turn: Turn) -> None:
    """Ask where the money should go, with a button for each other possible account and each payee.

    If the message named several payees, ask which of them.
    """
    payees = await if_there(turn, CustomerBank.payees)
    meant = named(turn, payees)
    payee_buttons = [payee_button(payee, payees) for payee in meant or payees]
    accounts, source = await if_there(turn, CustomerBank.accounts), turn.slot("from_account") or {}
    if meant and "to_account" not in sides(mentions(message(turn), accounts), None):
        share_name = len(meant) > 1 and not names_two(turn, payees)
        turn.say("utter_which_payee" if share_name else "utter_ask_to_account", buttons=payee_buttons)
        return
    others = [account for account in accounts if can_receive(account) and account.id != source.get("id")]
    turn.say("utter_ask_to_account", buttons=[*account_buttons(others, accounts), *payee_buttons])


async def ask_confirmation(turn: Turn) -> None:
    """Fix the transfer under its own key, read it out, and ask for a yes."""
    source, target, minor = turn.slot("from_account"), turn.slot("to_account"), turn.slot("amount")["minor"]
    assert turn.customer is not None, "the form ends where nobody is logged in"
    turn.prepare(KIND, order_parameters(turn.customer, source, target, minor, turn.now))
    question = "utter_confirm_payment" if target.get("payee") else "utter_confirm_transfer"
    amount = format_money(minor, source["currency"])
    now = " now" if wants_later(message(turn), turn.now, answer=True) else ""
    turn.say(question, amount=amount, source=source["spoken"], target=target["spoken"], now=now)


# --- answers -----------------------------------------------------------------


def _warning(text: str) -> str | None:
    """The response to a sign of despair, of fraud, or of somebody who is made to pay."""
    return alarm(text) or ("utter_fraud" if is_pressed(text) else None)


def _is_order(turn: Turn) -> bool:
    """Whether the message was understood as a request to move money."""
    return message(turn).intent_name == "transfer_money"


async def _refusal(turn: Turn, *, running: bool) -> Refusal | None:
    """Why nothing in the message is accepted; None if it may be read."""
    text = whole(turn).text
    if wants_human(text):
        return "utter_human"
    if (_is_order(turn) and is_no_order(message(turn).text)) or (running and collects(text)):
        return "utter_no_order"
    if not running and moves_nothing(message(turn)):
        return "utter_no_move"
    if running and await adds_payment(turn):
        return "utter_one_payment_first"
    return None


async def _hear(turn: Turn, bank: CustomerBank, *, running: bool) -> None:
    """Read what the message says about the transfer."""
    begins = not running or await _is_new_request(turn)
    if begins:
        _forget_older_answers(turn)
    if message(turn).intent_name in ("transfer_money", "affirm", "inform") and names_reference(message(turn).text):
        turn.say("utter_no_reference")
    if not running:
        await repeat_last(turn)
    answer: Answer = "no change" if begins else await _hear_answer(turn)
    if answer in ("change", "no change"):
        await _fill_and_check(turn, bank, running=running, filled=answer == "change")


def _pass_over(turn: Turn, response: str, *, running: bool) -> None:
    """Say why nothing in the message is accepted; a running form keeps what it has and asks again."""
    turn.say(response)
    _change_nothing(turn, running=running)


def _change_nothing(turn: Turn, *, running: bool) -> None:
    """Take nothing from the message: a running form keeps what it has and asks again, and a new one ends."""
    if not running:
        turn.set(REQUESTED_SLOT, None)
        return
    for slot in CHECKED_SLOTS:
        turn.set(slot, asked_about(turn, slot))
    turn.set("confirmed", None)


async def _hear_answer(turn: Turn) -> Answer:
    """Apply the changes in the message, or end on a no; if it was understood only in part, change nothing.

    A yes that is not a plain one, or comes when something else was asked, gets the question again. So does the
    request for a transfer, if it is repeated.
    """
    intent, asked = message(turn).intent_name, turn.slot(REQUESTED_SLOT)
    chose_button = hear_button(turn)
    answer: Answer = "no change" if chose_button else await hear_change(turn)
    changes = chose_button or answer == "change"
    later = wants_later(message(turn), turn.now, answer=True)
    if answer == "unclear":
        _pass_over(turn, "utter_only_now" if later else _why_unclear(turn), running=True)
        return answer
    if intent == "deny" and not changes and not later:
        _stop(turn)
        return "no"
    if intent == "affirm" and not changes and not later and asked == "confirmed":
        turn.say("utter_only_a_yes")
    if changes or intent in ("affirm", "transfer_money"):
        turn.set("confirmed", None)
    return answer


def _why_unclear(turn: Turn) -> Refusal:
    """Why an answer that was understood only in part is not accepted."""
    if begins_order(message(turn).text):
        return "utter_one_payment_first"
    return "utter_only_a_yes" if turn.slot(REQUESTED_SLOT) == "confirmed" else "utter_not_all_read"


async def _fill_and_check(turn: Turn, bank: CustomerBank, *, running: bool, filled: bool) -> None:
    """Fill the slots from the message, unless they are `filled` already, and check them.

    If the message asks for a later time, say that money moves only now.
    """
    parse = message(turn)
    postpones = filled and without_later(parse, turn.now) != parse.text
    if postpones or wants_later(parse, turn.now, answer=running):
        turn.say("utter_only_now")
        turn.set("confirmed", None)
    if not (filled or has_news(turn)):
        return
    try:
        if not filled:
            _drop_unheard(turn)
            await take_order(turn, bank)
        await check(turn, bank)
        if filled:
            say_new_amount(turn)
    except CallFailed:
        _end(turn, "utter_bank_unavailable")


def _drop_unheard(turn: Turn) -> None:
    """Restore the slots that were filled by entities of another request in the same message."""
    heard = [entity.value for entity in message(turn).entities]
    drop_said(turn, [entity.value for entity in whole(turn).entities if entity.value not in heard])


async def _is_new_request(turn: Turn) -> bool:
    """Whether the message asks for a new transfer instead of answering the question.

    It then names an amount and an account, both accounts, or a share of one.
    """
    parse = message(turn)
    if parse.intent_name != "transfer_money" or not begins_order(parse.text) or _REFERS.search(parse.text):
        return False
    known = sides(mentions(parse, await if_there(turn, CustomerBank.accounts)), None)
    if amounts(parse) and turn.slot(REQUESTED_SLOT) != "amount":
        return any(entity.entity in ("account", "payee") for entity in parse.entities)
    return len(known) > 1 or (bool(known) and asks_for_share(parse.text))


def _stay_with_question(turn: Turn) -> None:
    """Ask the same question again if the message changed nothing: it need not be about the first empty slot."""
    asked = turn.slot(REQUESTED_SLOT)
    if asked in CHECKED_SLOTS and all(turn.slot(slot) == asked_about(turn, slot) for slot in CHECKED_SLOTS):
        turn.set(REQUESTED_SLOT, asked)


def _just_began(turn: Turn) -> bool:
    """Whether the form starts with this message."""
    for event in reversed(turn.tracker.events):
        if isinstance(event, UserUttered):
            return False
        if isinstance(event, ActiveLoop) and event.name == FORM:
            return True
    return False


def _forget_older_answers(turn: Turn) -> None:
    """Clear the slots left by an earlier, cancelled or interrupted transfer, above all its "yes"."""
    for slot in FORM_SLOTS:
        if turn.slot(slot) is not None and (slot == "confirmed" or not is_unchecked(turn, slot)):
            turn.set(slot, None)


def _stop(turn: Turn) -> None:
    """End the form with a "no", to which action_transfer responds."""
    turn.set("confirmed", False)
    turn.set(REQUESTED_SLOT, None)


def _end(turn: Turn, response: str) -> None:
    turn.say(response)
    turn.set(REQUESTED_SLOT, None)
