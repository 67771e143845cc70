"""What an answer to the transfer form changes: "yes, but 30", "no, £6 to Jonas from savings". Pure.

An answer changes the transfer only if it contains nothing else: the grammar is closed, so that a question about
something else remains one, and no part of a change is silently dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from bot import Entity, Parse

from ..bank import Account, Payee
from ..questions.amounts import MONEY
from ..text import FILLERS, blanked, listed, pattern, spans, without, words
from .amounts import amounts, without_share
from .later import without_later
from .payees import find_payees
from .request import taken_back
from .sides import Mention, mentions

_YES: Final = r"(?:y|yes|yeah|yep|yup|ok|okay|sure|fine|right|al(?:l )?right|great|correct|please|go ahead|do it)"
_ADDS: Final = pattern(
    rf"\A\W*(?:{_YES}\W+)*(?:and|then|plus|&|\+)(?!\w)|\b(?:also|as well|additionally|on top)\b"
    r"|\btoo\b(?!\s+(?:much|many|little|few|high|low|big|small|late|soon))"
    rf"|\A\W*(?:{_YES}\W+)+(?:pay|send|give|transfer|move)\s(?!it\b|that\b|them\b|the\b)"
    r"|\banother\b(?!\s+(?:account|amount|one|person|payee))"
)
_BEGINS_WITH_YES: Final = pattern(rf"\A\W*{_YES}\b")
_INSTEAD: Final = pattern(r"\b(?:make (?:it|that)|change|instead|rather)\b")

_IDLE: Final = FILLERS | listed(
    "y yes yeah yep hm hmm er ok okay sure no nope nah sorry oh um well right fine good great make change set do "
    "does let lets say that to be can could would id i ill like want mean meant have should send pay move transfer "
    "give put take use go amount one wait hold hang then maybe is ahead about how minus negative"
)
_SWAP: Final = pattern(
    r"\b(?:other way (?:a?round|about)|vice versa|swap(?:ped)?|reversed?|opposite (?:way|direction)|back to front)\b"
    r"|\bturn (?:it|them) (?:a?round)\b"
)
_IDIOMS: Final = pattern(r"\ball right\b|\bwhat about\b")
"""Phrases that say nothing about the payment, although their single words would."""
_AROUND_SWAP: Final = _IDLE | listed("them both accounts around round direction over")


class Change(Struct, frozen=True):
    """What was read in an answer, and the words that were not (`rest`): with any of those, it must change nothing."""

    amounts: Sequence[Entity] = ()
    accounts: Sequence[Mention] = ()
    payees: Sequence[Payee] = ()
    swaps: bool = False
    rest: Sequence[str] = ()

    def says_any(self) -> bool:
        """Whether anything was read."""
        return bool(self.amounts or self.payees or self.swaps or any(not m.denied for m in self.accounts))


def read_change(parse: Parse, accounts: Sequence[Account], payees: Sequence[Payee], now: datetime) -> Change:
    """What the answer says: amounts, accounts, payees, and whether to swap the accounts; `now` is aware.

    A number may be the end of a payee's account ("Tom Reid 6685"); otherwise it is an amount.
    """
    found = mentions(parse, accounts)
    text = blanked(without(_IDIOMS, without_later(parse, now)), [*taken_back(parse.text), *spans(found)])
    swaps = bool(_SWAP.search(text))
    text, idle = without(_SWAP, text), _AROUND_SWAP if swaps else _IDLE
    money = [entity for entity in amounts(parse) if entity.entity == MONEY]
    change = Change()
    for given in (money, amounts(parse, numbers=True)):
        rest = _rest(text, spans(given), idle)
        named = find_payees(payees, " ".join(rest)) if any(word.isalpha() for word in rest) else ()
        change = Change(given, found, named, swaps, () if named else rest)
        if not change.rest:
            break
    return change


def wants_other(text: str, name: str) -> bool:
    """Whether an answer asks only for the other one of that name: "no, the other one", "not him, the other Tom"."""
    rest = set(_rest(text, taken_back(text), _IDLE))
    says_only_that = rest <= {"other", "person", *words(name)}
    return "other" in rest and says_only_that and "account" not in words(text)


def wants_share(text: str) -> bool:
    """Whether an answer asks only for a share or a multiple of the amount in question: "make it double"."""
    rest = without_share(text)
    return rest != text and not _rest(rest, (), _IDLE)


def adds_another(text: str) -> bool:
    """Whether the words add something to what was asked, rather than replace it: "yes, and ...", "... as well"."""
    return bool(_ADDS.search(text)) and not _INSTEAD.search(text)


def begins_with_yes(text: str) -> bool:
    """Whether an answer begins with a yes, whatever follows."""
    return bool(_BEGINS_WITH_YES.match(text))


def says_only(text: str, found: Sequence[Mention]) -> bool:
    """Whether the text names these accounts and says nothing else."""
    return bool(found) and not _rest(text, spans(found), _IDLE)


def _rest(text: str, read: Sequence[tuple[int, int]], beside: frozenset[str]) -> list[str]:
    """The words of the text outside `read`, except those of `beside`, which add no meaning."""
    return [word for word in words(blanked(text, read)) if word not in beside]
