"""What is taken for the amount, the accounts and the payee of a transfer, and why something is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from bot import Entity, Turn

from .accounts import find_accounts, spoken
from .amounts import MONEY, bare_amount, counted, is_below_zero, is_worked_out, said_amount
from .bank import Account, CustomerBank
from .changes import changed_amounts, says_only
from .conversation import REQUESTED_SLOT
from .formatting import format_money
from .payees import find_payees
from .request import amounts, asks_for_share, says_several_amounts
from .said import minor, whole_pence
from .sides import Mention, mentions, names_unknown, sides
from .transfer_payees import MAY_NAME, check_payee, may_name_payee
from .transfer_slots import (
    CHECKED_SLOTS,
    Refusal,
    asked_about,
    checked,
    if_there,
    is_unchecked,
    keep_or_refuse,
    message,
)

_CURRENCY: Final = "GBP"
"""What amounts are said in."""

_SIDES: Final = ("from_account", "to_account")


def has_news(turn: Turn) -> bool:
    """Whether the message fills a slot, or may name an account or a payee in words."""
    parse = message(turn)
    asked = turn.slot(REQUESTED_SLOT) in _SIDES and any(entity.entity == "account" for entity in parse.entities)
    may_name = parse.intent_name in MAY_NAME and not parse.text.startswith("/")
    return asked or may_name or may_name_payee(turn) or any(is_unchecked(turn, slot) for slot in CHECKED_SLOTS)


async def check(turn: Turn, bank: CustomerBank) -> None:
    """Put what the slots mean in the place of what was said, or say why not and empty them.

    Raises CallFailed when the bank does not answer.
    """
    accounts = await bank.accounts()
    is_new = await _check_amount(turn)
    take_sides(turn, accounts)
    if names_unknown(message(turn).text, mentions(message(turn), accounts)):
        turn.say("utter_no_such_account")
    if is_unchecked(turn, "from_account"):
        _check_account(turn, "from_account", accounts, _refuse_source)
    if is_unchecked(turn, "to_account") and find_accounts(accounts, str(turn.slot("to_account"))):
        _check_account(turn, "to_account", accounts, _refuse_target)
    else:
        await check_payee(turn, bank)
    source, amount = turn.slot("from_account"), turn.slot("amount")
    if source and amount:
        await _check_funds(turn, bank, next(a for a in accounts if a.id == source["id"]), amount["minor"])
    elif amount and is_new:
        await _check_any_funds(turn, accounts, amount["minor"])


def take_sides(turn: Turn, accounts: Sequence[Account]) -> bool:
    """Fill the accounts with what the words say, whatever the roles of the entities; tells whether they say any.

    A message that may be about anything, by its intent, has to say nothing else.
    """
    found = mentions(message(turn), accounts)
    if message(turn).intent_name not in MAY_NAME and not says_only(message(turn).text, found):
        return False
    known = sides(found, _side_denied(turn, found, accounts) or turn.slot(REQUESTED_SLOT))
    unlike = known or len(found) > 1 or any(mention.denied for mention in found)
    entities = [e for e in message(turn).entities if any(m.start < e.end and e.start < m.end for m in found)]
    for slot in _SIDES:
        if slot in known:
            turn.set(slot, known[slot])
        elif unlike and any(entity.value == turn.slot(slot) for entity in entities):
            turn.set(slot, None)  # taken for this side, and said of the other one, of none, or denied
    return bool(known)


def _side_denied(turn: Turn, found: Sequence[Mention], accounts: Sequence[Account]) -> str | None:
    """The side that was taken for an account that the message denies: "not savings, current"."""
    denied = {account.id for mention in found if mention.denied for account in find_accounts(accounts, mention.said)}
    return next((slot for slot in _SIDES if (checked(turn, slot) or {}).get("id") in denied), None)


def can_pay(account: Account) -> bool:
    """Whether money may be moved out of the account: amounts are in pounds, and so is what they come from."""
    return account.kind != "credit_card" and can_receive(account)


def can_receive(account: Account) -> bool:
    """Whether the account has a number that pounds can be moved to."""
    return account.number is not None and account.currency == _CURRENCY


def heard_amount(turn: Turn) -> int | None:
    """The amount of the message in pence; None when it is none, or not in whole pence of pounds.

    Of several, it is the one that the slot took: "yes, not £60 but £50".
    """
    taken = turn.slot("amount")
    given = amounts(message(turn))
    if not given:
        return None if any(entity.entity == MONEY for entity in message(turn).entities) else whole_pence(taken)
    return minor(next((entity for entity in given if entity.value == taken), given[0]))


# --- amounts -----------------------------------------------------------------


def answered_amounts(turn: Turn) -> list[Entity]:
    """The amounts of an answer: one alone, whatever its intent, or another one beside a yes or a no."""
    parse, asked = message(turn), turn.slot(REQUESTED_SLOT)
    if asked == "confirmed":
        beside = parse.intent_name in ("affirm", "deny")
        return changed_amounts(parse) or (_other_amounts(turn) if beside else [])
    bare = bare_amount(parse, turn.now, numbers=asked == "amount") if asked else None
    return [bare] if bare else []


def _other_amounts(turn: Turn) -> list[Entity]:
    asked = asked_about(turn, "amount") or {}
    return [entity for entity in amounts(message(turn)) if minor(entity) != asked.get("minor")]


async def _check_amount(turn: Turn) -> bool:
    """Check an amount that was just said; tells whether there was one."""
    parse = message(turn)
    if not is_unchecked(turn, "amount"):
        asked = parse.intent_name == "transfer_money" or turn.slot(REQUESTED_SLOT) == "amount"
        if asked and turn.slot("amount") is None and asks_for_share(parse.text):
            keep_or_refuse(turn, "amount", None, "utter_no_share")
        return False
    answered = answered_amounts(turn)
    said = answered[0] if answered else said_amount(parse)
    if says_several_amounts(parse, turn.now):
        keep_or_refuse(turn, "amount", None, "utter_one_payment")
    elif said is None and parse.intent_name == "transfer_money":
        turn.set("amount", None)  # a number of something else: "between my two accounts"
    else:
        amount = heard_amount(turn)
        refusal = _refuse_amount(turn, said, amount)
        if refusal is None and said and not answered and await _counts_something(turn, said):
            refusal = "utter_bad_amount"
        keep_or_refuse(turn, "amount", {"minor": amount}, refusal)
    return True


async def _counts_something(turn: Turn, amount: Entity) -> bool:
    """Whether the number counts what is neither money nor a payee."""
    what = counted(message(turn), amount)
    return what is not None and not find_payees(await if_there(turn, CustomerBank.payees), what)


def _refuse_amount(turn: Turn, said: Entity | None, amount: int | None) -> Refusal | None:
    parse = message(turn)
    if said and is_worked_out(parse, said, changes=turn.slot(REQUESTED_SLOT) == "confirmed"):
        return "utter_no_share"
    if (amount is not None and amount <= 0) or (said and is_below_zero(parse, said)):
        return "utter_amount_too_small"
    return "utter_bad_amount" if amount is None else None


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
    """Refuse what no account has, before it is asked which; the bank's word on that is only of help."""
    payable = {account.id for account in accounts if can_pay(account)}
    balances = [b for b in await if_there(turn, CustomerBank.balances) if b.account_id in payable]
    most = max((b.minor + b.credit_line for b in balances), default=amount)
    if amount > most:
        turn.say("utter_more_than_any_account", amount=format_money(amount), available=format_money(max(most, 0)))
        turn.set("amount", None)


# --- accounts ----------------------------------------------------------------


def _check_account(
    turn: Turn, slot: str, accounts: Sequence[Account], refuse: Callable[[Turn, Account], Refusal | None]
) -> None:
    found = find_accounts(accounts, str(turn.slot(slot)))
    if len(found) != 1:
        keep_or_refuse(turn, slot, None, "utter_which_account" if found else "utter_no_such_account")
        return
    account = found[0]
    kept = {
        "id": account.id,
        "nickname": account.nickname,
        "currency": account.currency,
        "spoken": spoken(account, accounts) if slot == "from_account" else f"your {spoken(account, accounts)}",
    }
    keep_or_refuse(turn, slot, kept, refuse(turn, account))


def _refuse_source(turn: Turn, account: Account) -> Refusal | None:
    if account.currency != _CURRENCY:
        return "utter_other_currency"
    if not can_pay(account):
        return "utter_not_from_card"
    target = checked(turn, "to_account") or {}
    return "utter_same_account" if target.get("id") == account.id else None


def _refuse_target(turn: Turn, account: Account) -> Refusal | None:
    if account.currency != _CURRENCY:
        return "utter_other_currency"
    if not can_receive(account):
        return "utter_not_into_card"
    source = turn.slot("from_account") or {}
    return "utter_same_account" if source.get("id") == account.id else None
