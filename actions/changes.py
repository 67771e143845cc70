"""Another amount, account or payee beside a yes or a no to a transfer: "yes, but 30", "no, to Jonas". Pure.

An answer changes what was asked only if nothing else is in it: the grammar is closed, so that a question about
something else stays one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bot import Entity, Parse

from .amounts import MONEY
from .bank import Payee
from .payees import find_payees
from .sides import Mention
from .text import blanked, listed, without

_DENIED: Final = re.compile(r"\bnot\b[^,.;]*?(?:[,;.]|\bbut\b|\Z)", re.IGNORECASE)
_YES: Final = r"(?:y|yes|yeah|yep|yup|ok|okay|sure|fine|right|al(?:l )?right|great|correct|please|go ahead|do it)"
_ADDS: Final = re.compile(
    rf"\A\W*(?:{_YES}\W+)*(?:and|then|plus|&|\+)(?!\w)|\b(?:also|as well|additionally|on top)\b"
    r"|\btoo\b(?!\s+(?:much|many|little|few|high|low|big|small|late|soon))"
    r"|\banother\b(?!\s+(?:account|amount|one|person|payee))",
    re.IGNORECASE,
)
_INSTEAD: Final = re.compile(r"\b(?:make (?:it|that)|change|instead|rather)\b", re.IGNORECASE)

_BESIDE: Final = listed(
    "yes yeah yep ok okay sure no nope nah please thanks sorry but oh actually rather instead though just only make "
    "change set do let's lets say it that to be can could would you we i i'd i'll like want mean meant have should "
    "it's send pay move transfer give put take use go from into in out of my our the account amount one a an for with "
    "then maybe all right fine good is ahead or and pounds quid"
)
_SWAP: Final = re.compile(
    r"\b(?:other way (?:a?round|about)|vice versa|swap(?:ped)?|reversed?|opposite (?:way|direction)|back to front)\b"
    r"|\bturn (?:it|them) (?:a?round)\b",
    re.IGNORECASE,
)
_LONGEST_NAME: Final = 4
"""The most words of a name and an account's last digits."""

_AROUND_SWAP: Final = _BESIDE | listed("them both accounts around round direction over")


def changed_amounts(parse: Parse) -> list[Entity]:
    """The amounts of an answer that says nothing but amounts, money before numbers."""
    text = without(_DENIED, parse.text)
    for kinds in ((MONEY,), ("number",)):
        found = [e for e in parse.entities if e.entity in kinds and text[e.start : e.end].strip()]
        if found and not _rest(text, [(e.start, e.end) for e in found]):
            return found
    return []


def changed_payees(payees: Sequence[Payee], text: str) -> tuple[Payee, ...]:
    """Whom an answer names that says nothing but a name: "no, to Jonas", "not Anna, Jonas"."""
    return find_payees(payees, " ".join(_rest(_DENIED.sub(" ", text), [])))


def changed_payment(payees: Sequence[Payee], parse: Parse) -> tuple[list[Entity], tuple[Payee, ...]]:
    """The amounts and the payees of an answer that says nothing but both: "yes, £6 to Jonas"."""
    text = without(_DENIED, parse.text)
    found = [e for e in parse.entities if e.entity == MONEY and text[e.start : e.end].strip()]
    named = find_payees(payees, " ".join(_rest(text, [(e.start, e.end) for e in found]))) if found else ()
    return (found, named) if named else ([], ())


def adds_another(text: str) -> bool:
    """Whether the words put something beside what was asked, and not in its place: "yes, and ...", "... as well"."""
    return bool(_ADDS.search(text)) and not _INSTEAD.search(text)


def may_be_name(text: str) -> bool:
    """Whether what the text says beside ordinary words may be a name, so that it is worth asking the bank for it."""
    rest = _rest(without(_DENIED, text), [])
    return 0 < len(rest) <= _LONGEST_NAME and all(word.replace("'", "").isalpha() for word in rest)


def says_only(text: str, found: Sequence[Mention]) -> bool:
    """Whether the text says nothing but these accounts."""
    return bool(found) and not _rest(text, [(m.start, m.end) for m in found])


def says_nothing_more(text: str) -> bool:
    """Whether the text holds only words that change nothing by themselves."""
    return not _rest(text, [])


def swaps(text: str) -> bool:
    """Whether the money is to go the other way round."""
    without, count = _SWAP.subn(" ", text)
    return count > 0 and not [word for word in _words(without) if word not in _AROUND_SWAP]


def _rest(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    return [word for word in _words(blanked(text, spans)) if word not in _BESIDE]


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.casefold().replace("’", "'"))
