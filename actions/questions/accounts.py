"""Which account is meant, by kind, name or number, and what it is called: pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ..bank import Account, AccountKind
from ..text import is_payload, pattern
from .names import nearest
from .question import ALL_ACCOUNTS

_KINDS: Final[dict[str, AccountKind]] = {"current": "current", "savings": "savings", "credit card": "credit_card"}
KIND_WORDS: Final = tuple(_KINDS)
"""What a kind of account is called by customers."""

_NAMES: Final[dict[AccountKind, str]] = {
    "current": "current account",
    "savings": "savings account",
    "credit_card": "credit card",
}
_NUMBER: Final = pattern(
    r"(?<![\d£€$.,/-])\b(\d{8})\b(?![.,/-]?\d)"
    r"|\b(?:account|card)(?: number| no\.?)?(?: (?:that )?end(?:s|ing)?(?: in| with)?)? (\d{4,})\b"
)
_SORT_CODE: Final = pattern(r"\bsort\s?codes?\b|(?<![\d-])\d\d-\d\d-\d\d(?![\d-])")
_AROUND: Final = pattern(r"\A(?:my|the) | (?:acc|acct|accounts?|accont|acount|card|balance|pot)\Z")
_OTHER_WORDS: Final[Mapping[str, str]] = {
    **{word: word for word in KIND_WORDS},
    "saving": "savings",
    "saver": "savings",
    "everyday": "current",
    "credit": "credit card",
    "card": "credit card",
}


def find_accounts(accounts: Sequence[Account], said: str | None) -> tuple[Account, ...]:
    """The accounts that `said` means: a kind or a nickname; all of them for None and "all"."""
    if said is None or said == ALL_ACCOUNTS:
        return tuple(accounts)
    words = said.casefold()
    named = tuple(account for account in accounts if account.nickname.casefold() == words)
    kind = _KINDS.get(kind_word(words) or "")
    return named or tuple(account for account in accounts if account.kind == kind)


def kind_word(said: str) -> str | None:
    """The kind of account that stands in `said` ("savings" in "savings pot"), if one does."""
    return next((word for word in _KINDS if word in said.casefold()), None)


def spoken(account: Account, among: Iterable[Account]) -> str:
    """The account's name in a sentence, after "your"; its nickname tells two of a kind apart."""
    name = _NAMES.get(account.kind, f"account “{account.nickname}”")
    twins = [other for other in among if other.kind == account.kind]
    return f"{name} “{account.nickname}”" if account.kind in _NAMES and len(twins) > 1 else name


def written(account: Account) -> str:
    """The account's name in a table."""
    kind = _NAMES.get(account.kind)
    return f"{account.nickname} ({kind})" if kind and kind not in account.nickname.lower() else account.nickname


def choice(account: Account, among: Iterable[Account]) -> str:
    """What to say to mean this account and no other: the value of the entity `account`."""
    twins = [other for other in among if other.kind == account.kind]
    kinds = {kind: word for word, kind in _KINDS.items()}
    return kinds[account.kind] if account.kind in kinds and len(twins) == 1 else account.nickname


def account_buttons(offered: Iterable[Account], among: Sequence[Account]) -> list[dict[str, str]]:
    """A button for each of these accounts, which means it and no other one of all of them."""
    return [account_button(written(account), choice(account, among)) for account in offered]


def account_button(title: str, account: str) -> dict[str, str]:
    """A button that answers with an account."""
    return {"title": title, "payload": "/inform" + json.dumps({"account": account})}


def account_numbers(text: str) -> list[str]:
    """The numbers by which a message names accounts: of eight digits, or behind "account" and "ending in"."""
    return [] if is_payload(text) else [found.group(1) or found.group(2) for found in _NUMBER.finditer(text)]


def says_sort_code(text: str) -> bool:
    """Whether the text holds a sort code, such as 20-45-73: payments go by names, and never by one."""
    return bool(_SORT_CODE.search(text))


def numbered(said: str, accounts: Sequence[Account]) -> list[Account]:
    """The accounts whose number ends like this."""
    return [account for account in accounts if account.number and account.number.endswith(said)]


def near_account(said: str, nicknames: Sequence[str]) -> str | None:
    """The account that a misspelt name means, as the entity `account` has it; None where none is near."""
    word = _AROUND.sub("", said)
    name = nearest(word, [*nicknames, *_OTHER_WORDS])
    return _OTHER_WORDS.get(name, name) if name else None
