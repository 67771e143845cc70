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
    answers = asked in SIDES and any(entity.entity == "account" for entity in parse.entities)
    answers |= asked == "amount" and asks_for_share(parse.text)
    return answers or may_name(parse) or may_name_payee(turn) or any(is_unchecked(turn, slot) for slot in CHECKED_SLOTS)


async def take_order(turn: Turn, bank: CustomerBank) -> None:
    """Fill the slots from the words of the message, wherever they stand, or say why not.

    Raises CallFailed when the bank does not answer.
    """
    accounts = await bank.accounts()
    await _take_amount(turn)
    found = await _take_sides(turn, accounts)
    if names_unknown(message(turn).text, found):
        turn.say("utter_no_such_account")
    if not (is_unchecked(turn, "to_account") and find_accounts(accounts, str(turn.slot("to_account")))):
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
    numbers = account_numbers(text)
    kept = [payee.number for payee in await if_there(turn, CustomerBank.payees)] if numbers else []
    return any(not numbered(said, accounts) and not any(n.endswith(said) for n in kept) for said in numbers)


async def check(turn: Turn, bank: CustomerBank) -> None:
    """Replace the words in the slots with what they mean, or say why not and empty them.

    Raises CallFailed when the bank does not answer.
    """
    accounts = await bank.accounts()
    found = mentions(message(turn), accounts)
    for mention in found:
        if mention.misspelt:
            turn.say("utter_read_as", said=message(turn).text[mention.start : mention.end], meant=mention.said)
    for slot in SIDES:
        if is_unchecked(turn, slot):
            _check_account(turn, slot, accounts)
    _take_only_source(turn, found, accounts)
    source, amount = turn.slot("from_account"), turn.slot("amount")
    if source and amount:
        await _check_funds(turn, bank, next(a for a in accounts if a.id == source["id"]), amount["minor"])
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
    parse, asked = message(turn), turn.slot(REQUESTED_SLOT) == "amount"
    may_say = asked or parse.intent_name in MAY_NAME or is_payload(parse.text)
    found = amounts(parse, numbers=asked) if may_say else []
    filled = turn.slot("amount") if is_unchecked(turn, "amount") else None
    if filled is not None and not any(entity.value == filled for entity in parse.entities):
        found = [Entity(MONEY, filled, 0, 0)]  # filled by something other than this message
    if found:
        keep_amount(turn, found)
        if turn.slot("amount") and await _counts_something(turn, found[0]):
            refuse(turn, "amount", "utter_bad_amount")
    elif may_say and says_groups(parse.text):
        refuse(turn, "amount", "utter_bad_amount")
    elif filled is not None:
        turn.set("amount", asked_about(turn, "amount"))  # a number that counts something: "between my two accounts"
    asked |= parse.intent_name == "transfer_money"
    if asked and not found and turn.slot("amount") is None and asks_for_share(parse.text):
        refuse(turn, "amount", "utter_no_share")


async def _counts_something(turn: Turn, amount: Entity) -> bool:
    """Whether the number counts something that is neither money nor a payee."""
    what = counted(message(turn), amount)
    return what is not None and not find_payees(await if_there(turn, CustomerBank.payees), what)


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
    unlike = known or len(found) > 1 or any(mention.denied for mention in found)
    entities = [e for e in parse.entities if meets(e, found)]
    for slot in SIDES:
        if unlike and slot not in known and any(entity.value == turn.slot(slot) for entity in entities):
            turn.set(slot, None)  # filled for this side, but said of the other one, of neither, or denied
    keep_sides(turn, known)
    return found


# --- funds -------------------------------------------------------------------


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
    elif amount > balance.minor:
        overdrawn = format_money(amount - balance.minor, balance.currency)
        turn.say("utter_into_overdraft", source=turn.slot("from_account")["spoken"], overdrawn=overdrawn)


async def _check_any_funds(turn: Turn, accounts: Sequence[Account], amount: int) -> None:
    """Refuse more than any account has before asking which one; if the bank does not answer, this is skipped."""
    payable = {account.id for account in accounts if can_pay(account)}
    balances = [b for b in await if_there(turn, CustomerBank.balances) if b.account_id in payable]
    most = max((b.minor + b.credit_line for b in balances), default=amount)
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
    kept = {
        "id": account.id,
        "nickname": account.nickname,
        "currency": account.currency,
        "spoken": spoken(account, accounts) if slot == "from_account" else f"your {spoken(account, accounts)}",
    }
    if refusal := _refusal(turn, slot, account):
        refuse(turn, slot, refusal)
    else:
        turn.set(slot, kept)


def _take_only_source(turn: Turn, found: Sequence[Mention], accounts: Sequence[Account]) -> None:
    """Fill in the paying account if only one can be meant; the question for a "yes" names it."""
    target = turn.slot("to_account")
    if target is None or turn.slot("from_account") is not None or may_say_source(message(turn).text):
        return
    named = {account.id for mention in found for account in find_accounts(accounts, mention.said)}
    able = [account for account in accounts if can_pay(account) and account.id != target["id"]]
    if len(able) == 1 and named <= {target["id"]}:
        turn.set("from_account", able[0].nickname)
        _check_account(turn, "from_account", accounts)


def _refusal(turn: Turn, slot: Side, account: Account) -> Refusal | None:
    """Why the account is not accepted for this side; None if it is."""
    if account.currency != _CURRENCY:
        return "utter_other_currency"
    if slot == "from_account" and not can_pay(account):
        return "utter_not_from_card"
    if not can_receive(account):
        return "utter_not_into_card"
    return "utter_same_account" if checked(turn, OTHER[slot]).get("id") == account.id else None
