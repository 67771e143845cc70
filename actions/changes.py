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
from .formatting import listed
from .payees import find_payees
from .sides import Mention

_DENIED: Final = re.compile(r"\bnot\b[^,.;]*?(?:[,;.]|\bbut\b|\Z)", re.IGNORECASE)


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
_AROUND_SWAP: Final = _BESIDE | listed("them both accounts around round direction over")


def changed_amounts(parse: Parse) -> list[Entity]:
    """The amounts of an answer that says nothing but amounts, money before numbers."""
    text = _without_denied(parse.text)
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
    text = _without_denied(parse.text)
    found = [e for e in parse.entities if e.entity == MONEY and text[e.start : e.end].strip()]
    named = find_payees(payees, " ".join(_rest(text, [(e.start, e.end) for e in found]))) if found else ()
    return (found, named) if named else ([], ())


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


def _without_denied(text: str) -> str:
    """The text with blanks for what it denies; every place stays where it was."""
    return _DENIED.sub(lambda denied: " " * len(denied.group()), text)


def _rest(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return [word for word in _words(text) if word not in _BESIDE]


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.casefold().replace("’", "'"))
