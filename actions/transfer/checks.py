"""Checks of a transfer's amount, accounts and payee: what is accepted, and why something is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from bot import Entity, Turn

from ..bank import Account, CustomerBank
from ..banking import if_there
from ..conversation import REQUESTED_SLOT, message
from ..formatting import format_money
from ..questions.accounts import account_numbers, find_accounts, numbered, says_sort_code, spoken
from ..questions.amounts import MONEY, pence
from ..text import is_payload, meets
from .amounts import amounts, asks_for_share, counted, refusal, says_groups
from .changes import says_only
from .payees import find_payees
from .recipient import MAY_NAME, check_payee, may_name, may_name_payee, pays_person
from .request import is_no_order
from .sides import OTHER, SIDES, Mention, Side, may_say_source, mentions, names_unknown, sides
from .slots import CHECKED_SLOTS, Refusal, asked_about, checked, is_unchecked, refuse

_CURRENCY: Final = "GBP"
"""The currency of amounts in messages."""


def has_news(turn: Turn) -> bool:
    """Whether the message fills a slot, or may name an account or a payee in its words."""
    parse, asked = message(turn), turn.slot(REQUESTED_SLOT)
    if may_name(parse) or may_name_payee(turn) or any(is_unchecked(turn, slot) for slot in CHECKED_SLOTS):
        return True
    if asked in SIDES:
        return any(entity.entity == "account" for entity in parse.entities)
    return asked == "amount" and asks_for_share(parse.text)


async def take_order(turn: Turn, bank: CustomerBank) -> None:
    """Fill the slots from the words of the message, wherever they stand, or say why not.

    Raises CallFailed when the bank does not answer.
    """
    accounts = await bank.accounts()
    await _take_amount(turn)
    found = await _take_sides(turn, accounts)
    if names_unknown(message(turn).text, found):
        turn.say("utter_no_such_account")
    pays_account = is_unchecked(turn, "to_account") and find_accounts(accounts, str(turn.slot("to_account")))
    if not pays_account:
        await check_payee(turn, bank)
    elif await pays_person(turn):
        refuse(turn, "to_account", "utter_one_payment")
    if turn.slot("to_account") is not None and await _names_another_number(turn, accounts):
        refuse(turn, "to_account", "utter_other_number")


async def _names_another_number(turn: Turn, accounts: Sequence[Account]) -> bool:
    """Whether the message names an account by a number that is neither the customer's nor a payee's."""
    text = message(turn).text
    if says_sort_code(text):
        return True
    endings = [said for said in account_numbers(text) if not numbered(said, accounts)]
    if not endings:
        return False
    payees = await if_there(turn, CustomerBank.payees)
    return not all(any(payee.number.endswith(ending) for payee in payees) for ending in endings)


async def check(turn: Turn, bank: CustomerBank) -> None:
    """Replace the words in the slots with what they mean, or say why not and empty them.

    Raises CallFailed when the bank does not answer.
    """
    accounts = await bank.accounts()
    text, found = message(turn).text, mentions(message(turn), accounts)
    for mention in found:
        if mention.misspelt:
            turn.say("utter_read_as", said=text[mention.start : mention.end], meant=mention.said)
    for slot in SIDES:
        if is_unchecked(turn, slot):
            _check_account(turn, slot, accounts)
    _take_only_source(turn, found, accounts)
    amount = turn.slot("amount")
    if amount and turn.slot("from_account"):
        await _check_funds(turn, bank, accounts)
    elif amount and amount != asked_about(turn, "amount"):
        await _check_any_funds(turn, accounts, amount["minor"])


def said_sides(
    turn: Turn, found: Sequence[Mention], accounts: Sequence[Account], *, person: bool
) -> Mapping[Side, str | None]:
    """What the mentions say for each side; "not savings, current" replaces the side that holds savings."""
    denied = {account.id for mention in found if mention.denied for account in find_accounts(accounts, mention.said)}
    replaced = next((slot for slot in SIDES if checked(turn, slot).get("id") in denied), None)
    return sides(found, replaced or turn.slot(REQUESTED_SLOT), person=person)


def keep_sides(turn: Turn, known: Mapping[Side, str | None]) -> None:
    """Fill the account slots with what was said, for `check` to resolve; say so if two were said for one side."""
    for slot, said in known.items():
        if said is None:
            refuse(turn, slot, "utter_one_payment")
        else:
            turn.set(slot, said)


def keep_amount(turn: Turn, found: Sequence[Entity]) -> None:
    """Keep the amount that was said, or say why it cannot be paid."""
    changes = turn.slot(REQUESTED_SLOT) == "confirmed"
    if why_not := refusal(message(turn), found, turn.now, changes=changes):
        refuse(turn, "amount", why_not)
    else:
        turn.set("amount", {"minor": pence(found[0])})


def can_pay(account: Account) -> bool:
    """Whether money can be moved out of the account: as amounts are in pounds, it must hold pounds."""
    return account.kind != "credit_card" and can_receive(account)


def can_receive(account: Account) -> bool:
    """Whether the account holds pounds and has a number to pay to."""
    return account.number is not None and account.currency == _CURRENCY


# --- what is said ------------------------------------------------------------


async def _take_amount(turn: Turn) -> None:
    """Keep the amount that the message gives, or say why it cannot be paid."""
    given = _given_amounts(turn)
    if not given:
        _take_no_amount(turn)
        return
    keep_amount(turn, given)
    if turn.slot("amount") and await _counts_something(turn, given[0]):
        refuse(turn, "amount", "utter_bad_amount")


def _given_amounts(turn: Turn) -> Sequence[Entity]:
    """The amounts in the message, or the one that the slot was filled with by something else."""
    parse, filled = message(turn), turn.slot("amount")
    if is_unchecked(turn, "amount") and all(entity.value != filled for entity in parse.entities):
        return [Entity(MONEY, filled, 0, 0)]
    return amounts(parse, numbers=_asks_amount(turn)) if _may_give_amount(turn) else []


def _take_no_amount(turn: Turn) -> None:
    """Empty the slot if the message only seems to give an amount, and say why that cannot be paid."""
    text = message(turn).text
    if _may_give_amount(turn) and says_groups(text):
        refuse(turn, "amount", "utter_bad_amount")
    elif is_unchecked(turn, "amount"):
        turn.set("amount", asked_about(turn, "amount"))  # a number that counts something: "between my two accounts"
    about_amount = _asks_amount(turn) or message(turn).intent_name == "transfer_money"
    if about_amount and turn.slot("amount") is None and asks_for_share(text):
        refuse(turn, "amount", "utter_no_share")


def _asks_amount(turn: Turn) -> bool:
    return bool(turn.slot(REQUESTED_SLOT) == "amount")


def _may_give_amount(turn: Turn) -> bool:
    """Whether amounts in the message are for the form: it asked for one, or the intent or a button allows it."""
    parse = message(turn)
    return _asks_amount(turn) or parse.intent_name in MAY_NAME or is_payload(parse.text)


async def _counts_something(turn: Turn, amount: Entity) -> bool:
    """Whether the number counts something that is neither money nor a payee: "20 bitcoin"."""
    noun = counted(message(turn), amount)
    return noun is not None and not find_payees(await if_there(turn, CustomerBank.payees), noun)


async def _take_sides(turn: Turn, accounts: Sequence[Account]) -> Sequence[Mention]:
    """Fill the account slots from the words, whatever the roles of the entities; return the accounts named.

    A message whose intent could be about anything must say nothing else.
    """
    parse = message(turn)
    found = mentions(parse, accounts)
    if parse.intent_name not in MAY_NAME and (is_no_order(parse.text) or not says_only(parse.text, found)):
        return found
    person = any(mention.side is None for mention in found) and await pays_person(turn)
    known = said_sides(turn, found, accounts, person=person)
    if known or len(found) > 1 or any(mention.denied for mention in found):
        named = [entity.value for entity in parse.entities if meets(entity, found)]
        for slot in SIDES:
            if slot not in known and turn.slot(slot) in named:
                turn.set(slot, None)  # filled for this side, but said of the other one, of neither, or denied
    keep_sides(turn, known)
    return found


# --- funds -------------------------------------------------------------------


async def _check_funds(turn: Turn, bank: CustomerBank, accounts: Sequence[Account]) -> None:
    """Refuse more than the paying account has, and say how much of its overdraft the payment would use."""
    source, amount = turn.slot("from_account"), turn.slot("amount")["minor"]
    paying = next((account for account in accounts if account.id == source["id"]), None)
    if paying is None:
        refuse(turn, "from_account", "utter_no_such_account")  # closed since it was chosen
        return
    balance = await bank.balance(paying)
    available = balance.minor + balance.credit_line
    if amount > available:
        said = format_money(amount, balance.currency)
        most = format_money(max(available, 0), balance.currency)
        turn.say("utter_insufficient_funds", amount=said, source=source["spoken"], available=most)
        turn.set("amount", None)
    elif amount > balance.minor:
        overdrawn = format_money(amount - balance.minor, balance.currency)
        turn.say("utter_into_overdraft", source=source["spoken"], overdrawn=overdrawn)


async def _check_any_funds(turn: Turn, accounts: Sequence[Account], amount: int) -> None:
    """Refuse more than any account has before asking which one; if the bank does not answer, this is skipped."""
    payable = {account.id for account in accounts if can_pay(account)}
    balances = await if_there(turn, CustomerBank.balances)
    most = max((b.minor + b.credit_line for b in balances if b.account_id in payable), default=amount)
    if amount > most:
        turn.say("utter_more_than_any_account", amount=format_money(amount), available=format_money(max(most, 0)))
        turn.set("amount", None)


# --- accounts ----------------------------------------------------------------


def _check_account(turn: Turn, slot: Side, accounts: Sequence[Account]) -> None:
    """Replace what was said with the account that is meant, or say why it is not accepted."""
    found = find_accounts(accounts, str(turn.slot(slot)))
    if len(found) != 1:
        refuse(turn, slot, "utter_which_account" if found else "utter_no_such_account")
        return
    account = found[0]
    if why_not := _account_refusal(turn, slot, account):
        refuse(turn, slot, why_not)
        return
    name = spoken(account, accounts)
    if slot == "to_account":
        name = f"your {name}"
    kept = {"id": account.id, "nickname": account.nickname, "currency": account.currency, "spoken": name}
    turn.set(slot, kept)


def _take_only_source(turn: Turn, found: Sequence[Mention], accounts: Sequence[Account]) -> None:
    """Fill in the paying account if only one can be meant; the question for a "yes" names it."""
    target = turn.slot("to_account")
    if target is None or turn.slot("from_account") is not None or may_say_source(message(turn).text):
        return
    named = {account.id for mention in found for account in find_accounts(accounts, mention.said)}
    able = [account for account in accounts if can_pay(account) and account.id != target["id"]]
    names_other = bool(named - {target["id"]})
    if len(able) == 1 and not names_other:
        turn.set("from_account", able[0].nickname)
        _check_account(turn, "from_account", accounts)


def _account_refusal(turn: Turn, slot: Side, account: Account) -> Refusal | None:
    """Why the account is not accepted for this side; None if it is."""
    if account.currency != _CURRENCY:
        return "utter_other_currency"
    if slot == "from_account" and not can_pay(account):
        return "utter_not_from_card"
    if not can_receive(account):
        return "utter_not_into_card"
    if checked(turn, OTHER[slot]).get("id") == account.id:
        return "utter_same_account"
    return None
