"""Whom the customer pays: which payees a message names, what they are called, and `action_payees`, which lists them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

from bot import Action, Turn, hookimpl

from .bank import CustomerBank, Payee
from .banking import for_customers
from .tables import Table

_INTRODUCE: Final = frozenset({"to", "pay", "paying", "give", "giving", "send", "sending", "for", "friend"})
"""Words right before a name that make it one of somebody to be paid: part of a name is enough then."""


def named_payees(payees: Iterable[Payee], text: str, *, answer: bool = False) -> tuple[Payee, ...]:
    """The payees whom the text names best: all words of a name anywhere, or some after "to", "pay" and the like.

    In an `answer` to the question who is to be paid, a name may also come first.
    """
    said = _words(text)
    lengths = {payee: _length(_words(payee.name), said, answer=answer) for payee in payees}
    longest = max(lengths.values(), default=0)
    return tuple(payee for payee, length in lengths.items() if length == longest > 0)


def may_name_somebody(text: str) -> bool:
    """Whether a word stands where a name may stand, so that it is worth asking the bank for the payees."""
    said = _words(text)
    return any(before in _INTRODUCE and word.isalpha() for before, word in pairwise(said))


def find_payees(payees: Iterable[Payee], said: str) -> tuple[Payee, ...]:
    """The payees whom `said` may mean: it holds nothing but words of their names, and the account's last digits."""
    words = set(_words(said))
    return tuple(payee for payee in payees if words and words <= {*_words(payee.name), payee.masked})


def spoken_payee(payee: Payee) -> str:
    """The payee in a sentence, with as much of the account as may be shown."""
    return f"{payee.name} (account ending {payee.masked})"


def payee_button(payee: Payee, among: Iterable[Payee]) -> dict[str, str]:
    """A button that means this payee and no other."""
    alone = sum(other.name == payee.name for other in among) == 1
    said = payee.name if alone else f"{payee.name} {payee.masked}"
    return {"title": said, "payload": "/inform" + json.dumps({"payee": said}, ensure_ascii=False)}


async def list_payees(turn: Turn, bank: CustomerBank) -> None:
    """Say whom the customer may pay."""
    payees = await bank.payees()
    if not payees:
        turn.say("utter_no_payees")
        return
    table = payees_table(payees)
    turn.say("utter_payees", table=table.text(), custom=table.custom())


def payees_table(payees: Sequence[Payee]) -> Table:
    """A row for each payee."""
    return Table("Your payees", ("Payee", "Account"), [(payee.name, f"ending {payee.masked}") for payee in payees])


def _length(name: Sequence[str], said: Sequence[str], *, answer: bool) -> int:
    """How many words of the name stand in a row where it is meant for one."""
    rows = {at: _row(name, said[at:]) for at in range(len(said))}
    introduced = {at for at in rows if (at and said[at - 1] in _INTRODUCE) or (answer and at == 0)}
    return max((length for at, length in rows.items() if at in introduced or length >= len(name) > 1), default=0)


def _row(name: Sequence[str], said: Sequence[str]) -> int:
    """How many of the first words are of the name."""
    return next((at for at, word in enumerate(said) if word not in name), len(said))


def _words(text: str) -> list[str]:
    """The words as they are compared: without case, accents and a genitive's s."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.findall(r"\w+", re.sub(r"['’]s\b", "", plain))


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Offer the action."""
    register("action_payees", for_customers(list_payees))
