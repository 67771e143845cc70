"""What is taken for the amount, the accounts and the payee of a transfer, and why something is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from bot import BotUttered, Turn

from .accounts import find_accounts, spoken
from .amounts import MONEY, is_below_zero, said_amount
from .bank import Account, CustomerBank, Payee
from .changes import says_only
from .formatting import format_money
from .payees import find_payees, full_name, may_name_somebody, named_payees, names_several, spoken_payee
from .request import amounts, asks_for_share, says_several_amounts, without_denied
from .said import minor, whole_pence
from .sides import Mention, mentions, sides
from .transfer_slots import CHECKED_SLOTS, REQUESTED_SLOT, checked, if_there, is_unchecked, message

_MAY_NAME: Final = ("transfer_money", "inform", "nlu_fallback")
"""The intents of messages that may name accounts and payees among other words; a name alone is like no intent."""

_SIDES: Final = ("from_account", "to_account")

Refusal: TypeAlias = str
"""The response that says why an answer is not taken."""


def has_news(turn: Turn) -> bool:
    """Whether the message fills a slot, or may name an account or a payee in words."""
    parse = message(turn)
    asked = turn.slot(REQUESTED_SLOT) in _SIDES and any(entity.entity == "account" for entity in parse.entities)
    may_name = parse.intent_name in _MAY_NAME and not parse.text.startswith("/")
    return asked or may_name or may_name_payee(turn) or any(is_unchecked(turn, slot) for slot in CHECKED_SLOTS)


def may_name_payee(turn: Turn) -> bool:
    """Whether the message may say whom to pay, and no slot tells yet where the money goes.

    Where that was asked, a bare name may be taken for anything: "Okafor" for an okay.
    """
    if turn.slot("to_account") is not None or turn.tracker.parse is None:
        return False
    if turn.slot(REQUESTED_SLOT) == "to_account":
        return True
    return message(turn).intent_name in _MAY_NAME and may_name_somebody(message(turn).text)


async def check(turn: Turn, bank: CustomerBank) -> None:
    """Put what the slots mean in the place of what was said, or say why not and empty them.

    Raises CallFailed when the bank does not answer.
    """
    accounts = await bank.accounts()
    is_new = _check_amount(turn)
    take_sides(turn, accounts)
    if is_unchecked(turn, "from_account"):
        _check_account(turn, "from_account", accounts, _refuse_source)
    if is_unchecked(turn, "to_account") and find_accounts(accounts, str(turn.slot("to_account"))):
        _check_account(turn, "to_account", accounts, _refuse_target)
    else:
        await _check_payee(turn, bank)
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
    if message(turn).intent_name not in _MAY_NAME and not says_only(message(turn).text, found):
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
    """Whether money may be moved out of the account."""
    return account.kind != "credit_card" and account.number is not None


def can_receive(account: Account) -> bool:
    """Whether the account has a number that money can be moved to."""
    return account.number is not None


def heard_amount(turn: Turn) -> int | None:
    """The amount of the message in pence; None when it is none, or not in whole pence of pounds.

    Of several, it is the one that the slot took: "yes, not £60 but £50".
    """
    taken = turn.slot("amount")
    given = amounts(message(turn))
    if not given:
        return None if any(entity.entity == MONEY for entity in message(turn).entities) else whole_pence(taken)
    return minor(next((entity for entity in given if entity.value == taken), given[0]))


def named(turn: Turn, payees: Sequence[Payee]) -> Sequence[Payee]:
    """Whom the message names, in a sentence, as all of it, or as an entity."""
    parse = message(turn)
    asked = turn.slot(REQUESTED_SLOT) == "to_account"
    found = named_payees(payees, _read_aside(turn), answer=asked) if parse.intent_name in _MAY_NAME else ()
    marked = [_full_name(turn, str(entity.value)) for entity in parse.entities if entity.entity == "payee"]
    return found or next((some for said in [parse.text, *marked] if (some := find_payees(payees, said))), ())


def take_payees(turn: Turn, found: Sequence[Payee]) -> None:
    """Keep the payee; where several are meant, ask which of them next."""
    if len(found) == 1:
        payee = found[0]
        target = {"id": payee.id, "nickname": payee.name, "spoken": spoken_payee(payee), "payee": True}
        turn.set("to_account", target)
    else:
        turn.set("to_account", None)
        turn.set(REQUESTED_SLOT, "to_account")


# --- amounts -----------------------------------------------------------------


def _check_amount(turn: Turn) -> bool:
    """Check an amount that was just said; tells whether there was one."""
    parse = message(turn)
    if not is_unchecked(turn, "amount"):
        if parse.intent_name == "transfer_money" and turn.slot("amount") is None and asks_for_share(parse.text):
            turn.say("utter_no_share")
        return False
    said, amount = said_amount(parse), heard_amount(turn)
    if says_several_amounts(parse, turn.now):
        _take(turn, "amount", None, "utter_one_payment")
    elif said is None and parse.intent_name == "transfer_money":
        turn.set("amount", None)  # a number of something else: "between my two accounts"
    else:
        nothing = (amount is not None and amount <= 0) or (said is not None and is_below_zero(parse, said))
        refusal = "utter_amount_too_small" if nothing else "utter_bad_amount" if amount is None else None
        _take(turn, "amount", {"minor": amount}, refusal)
    return True


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
        _take(turn, slot, None, "utter_which_account" if found else "utter_no_such_account")
        return
    account = found[0]
    kept = {
        "id": account.id,
        "nickname": account.nickname,
        "currency": account.currency,
        "spoken": spoken(account, accounts) if slot == "from_account" else f"your {spoken(account, accounts)}",
    }
    _take(turn, slot, kept, refuse(turn, account))


def _refuse_source(turn: Turn, account: Account) -> Refusal | None:
    if not can_pay(account):
        return "utter_not_from_card"
    target = checked(turn, "to_account") or {}
    return "utter_same_account" if target.get("id") == account.id else None


def _refuse_target(turn: Turn, account: Account) -> Refusal | None:
    if not can_receive(account):
        return "utter_not_into_card"
    source = turn.slot("from_account") or {}
    return "utter_same_account" if source.get("id") == account.id else None


# --- payees ------------------------------------------------------------------


async def _check_payee(turn: Turn, bank: CustomerBank) -> None:
    """Take whom the message names among the payees; where it names several, ask that next."""
    said = turn.slot("to_account")
    if not may_name_payee(turn) and not is_unchecked(turn, "to_account"):
        return
    payees = await if_there(turn, CustomerBank.payees) if said is None else await bank.payees()
    found = named(turn, payees) or (find_payees(payees, _full_name(turn, str(said))) if said is not None else ())
    if names_several(payees, _read_aside(turn)):
        _take(turn, "to_account", None, "utter_one_payment")
    elif found:
        take_payees(turn, found)
    elif said is not None:
        turn.set("to_account", None)
        turn.say("utter_no_such_payee", said=_full_name(turn, str(said)))


def _read_aside(turn: Turn) -> str:
    """What is wanted, with a number in the place of whatever else was read, so that it is not taken for a name."""
    text, read = without_denied(message(turn).text), {"time", MONEY, "number", "account"}
    for entity in sorted(message(turn).entities, key=lambda e: e.start, reverse=True):
        if entity.entity in read and not text.startswith("/"):
            text = f"{text[: entity.start]} 0 {text[entity.end :]}"
    return text


def _full_name(turn: Turn, said: str) -> str:
    """The name as the message has it, with what was not read as a part of it."""
    text = message(turn).text
    at = -1 if text.startswith("/") else text.find(said)
    return said if at < 0 else full_name(text, at, at + len(said))


def _take(turn: Turn, slot: str, value: Mapping[str, Any] | None, refusal: Refusal | None) -> None:
    """Keep a checked value, or say why not, once, and empty the slot, so that the form asks again."""
    if refusal and not any(isinstance(e, BotUttered) and e.reply.response == refusal for e in turn.events):
        turn.say(refusal)
    turn.set(slot, None if refusal else value)
