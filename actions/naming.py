"""What accounts and people are called beside their names: by a number, misspelt, or as the one who was paid last."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot import Turn

from .bank import Account, CustomerBank
from .questions.accounts import KIND_WORDS
from .questions.names import nearest

_NUMBER: Final = re.compile(
    r"(?<![\d£€$.,/-])\b(\d{8})\b(?![.,/-]?\d)"
    r"|\b(?:account|card)(?: number| no\.?)?(?: (?:that )?end(?:s|ing)?(?: in| with)?)? (\d{4,})\b",
    re.IGNORECASE,
)
_SORT_CODE: Final = re.compile(r"\bsort\s?codes?\b|(?<![\d-])\d\d-\d\d-\d\d(?![\d-])", re.IGNORECASE)
_AROUND: Final = re.compile(r"\A(?:my|the) | (?:acc|acct|accounts?|accont|acount|card|balance|pot)\Z", re.IGNORECASE)
_KINDS: Final[Mapping[str, str]] = {
    **{word: word for word in KIND_WORDS},
    "saving": "savings",
    "saver": "savings",
    "everyday": "current",
    "credit": "credit card",
    "card": "credit card",
}


def account_numbers(text: str) -> list[str]:
    """The numbers by which a message names accounts: of eight digits, or behind "account" and "ending in"."""
    return [] if text.startswith("/") else [found.group(1) or found.group(2) for found in _NUMBER.finditer(text)]


def says_sort_code(text: str) -> bool:
    """Whether the text holds a sort code, such as 20-45-73: payments go by names, and never by one."""
    return bool(_SORT_CODE.search(text))


def numbered(said: str, accounts: Sequence[Account]) -> list[Account]:
    """The accounts whose number ends like this."""
    return [account for account in accounts if account.number and account.number.endswith(said)]


def near_account(said: str, nicknames: Sequence[str]) -> str | None:
    """The account that a misspelt name means, as the entity `account` has it; None where none is near."""
    word = _AROUND.sub("", said)
    name = nearest(word, [*nicknames, *_KINDS])
    return _KINDS.get(name, name) if name else None


async def people(bank: CustomerBank) -> list[str]:
    """The names of the customer's payees, without those who share a first name: "Tom" would be either."""
    names = [payee.name for payee in await bank.payees()]
    first = Counter(name.casefold().split()[0] for name in names if name.split())
    return [name for name in names if name.split() and first[name.casefold().split()[0]] == 1]


async def last_paid(turn: Turn, bank: CustomerBank) -> str | None:
    """The payee whom the customer who is logged in is about to pay, or paid last, in this conversation."""
    last: Mapping[str, Any] = turn.slot("transfer") or {}
    order: Mapping[str, Any] = last.get("order") or {}
    theirs = last.get("outcome") == "done" and order.get("customer") == bank.customer
    target = turn.slot("to_account")
    asked = target.get("id") if isinstance(target, Mapping) and target.get("payee") else None
    wanted = asked or (order.get("creditor") if theirs else None)
    return next((payee.name for payee in await bank.payees() if payee.id == wanted), None) if wanted else None
