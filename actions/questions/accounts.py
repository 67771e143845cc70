"""Which account is meant, by kind, name or number, and what it is called. Pure."""

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
"""What customers call the kinds of account."""

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
    """The kind of account that `said` contains ("savings" in "savings pot"), if any."""
    return next((word for word in _KINDS if word in said.casefold()), None)


def spoken(account: Account, among: Iterable[Account]) -> str:
    """The account's name in a sentence, after "your"; with its nickname if there are two of its kind."""
    name = _NAMES.get(account.kind, f"account “{account.nickname}”")
    twins = [other for other in among if other.kind == account.kind]
    return f"{name} “{account.nickname}”" if account.kind in _NAMES and len(twins) > 1 else name


def written(account: Account) -> str:
    """The account's name in a table."""
    kind = _NAMES.get(account.kind)
    return f"{account.nickname} ({kind})" if kind and kind not in account.nickname.lower() else account.nickname


def choice(account: Account, among: Iterable[Account]) -> str:
    """The value of the entity `account` that means this account and no other."""
    twins = [other for other in among if other.kind == account.kind]
    kinds = {kind: word for word, kind in _KINDS.items()}
    return kinds[account.kind] if account.kind in kinds and len(twins) == 1 else account.nickname


def account_buttons(offered: Iterable[Account], among: Sequence[Account]) -> list[dict[str, str]]:
    """A button for each offered account; it means that account and no other one `among` all."""
    return [account_button(written(account), choice(account, among)) for account in offered]


def account_button(title: str, account: str) -> dict[str, str]:
    """A button that answers with an account."""
    return {"title": title, "payload": "/inform" + json.dumps({"account": account})}


def account_numbers(text: str) -> list[str]:
    """The numbers by which a message names accounts: those of eight digits, or after "account" or "ending in"."""
    return [] if is_payload(text) else [found.group(1) or found.group(2) for found in _NUMBER.finditer(text)]


def says_sort_code(text: str) -> bool:
    """Whether the text contains a sort code, such as 20-45-73; payments are made by name, never by sort code."""
    return bool(_SORT_CODE.search(text))


def numbered(said: str, accounts: Sequence[Account]) -> list[Account]:
    """The accounts whose number ends in `said`."""
    return [account for account in accounts if account.number and account.number.endswith(said)]


def near_account(said: str, nicknames: Sequence[str]) -> str | None:
    """The account that a misspelt name means, as a value of the entity `account`; None if none is similar."""
    word = _AROUND.sub("", said)
    name = nearest(word, [*nicknames, *_OTHER_WORDS])
    return _OTHER_WORDS.get(name, name) if name else None
