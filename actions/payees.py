"""Whom the customer pays: which payees a message names, what they are called, and `action_payees`, which lists them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise, takewhile
from typing import Final

from rapidfuzz import fuzz

from bot import Action, Turn, hookimpl

from .bank import CustomerBank, Payee
from .banking import for_customers
from .tables import Table
from .text import listed

_NEAR: Final = 80.0
"""The least likeness (0 to 100, rapidfuzz's ratio) of a misspelt surname; the question for a yes names the payee."""

_LONGEST: Final = 3
"""The most words of a name that is repeated to whoever said it."""

_SHORTEST: Final = 4
"""The fewest letters of a surname that may be misspelt."""

_CORRECTED: Final = re.compile(r"\A.*?\b(?:no|sorry|wait|i mean(?:t)?)\b\W*", re.IGNORECASE | re.DOTALL)
_DENIED: Final = re.compile(r"\bnot\s[^,;.]*?(?:[,;.]|\bbut\b|\Z)", re.IGNORECASE)

_ALIKE: Final = 75.0
"""The least likeness of a word to one of a name that is told as the nearest."""

_PAYS: Final = listed("pay paying give giving send sending")
_INTRODUCE: Final = _PAYS | listed("to owe for friend")
"""Words right before a name that make it one of somebody to be paid: part of a name is enough then."""

_WHOSE: Final = listed("my our his her their")
_MOVED: Final = listed("money cash it payment transfer over across back out send pay move give owe payable")
"""Words, other than an amount, right before a "to" that says who gets it; another "to" belongs to a verb."""

_NOBODY: Final = listed(
    "someone somebody anyone anybody everyone everybody people nobody him them me us myself himself herself"
)


_AFTER: Final = listed(
    "please pls thanks thank cheers from for on in at by with and or to into now today tomorrow tonight this that "
    "these those next again back via out of off over my our your her his their the a an some any all what i he she we "
    "they you it is was has if when because as but also too instead then later soon asap money cash quid pound pounds "
    "pence half not no yes gets account accounts ending twice each every once monthly weekly rather actually mate "
    "just only about around per after before until which who one more another using use wants want wanted needs asks "
    "asked owes says said would could should can"
)
"""Words that may follow a part of a name; any other one is taken for the rest of another name: "Anna Smith"."""


def named_payees(payees: Iterable[Payee], text: str, *, answer: bool = False) -> tuple[Payee, ...]:
    """The payees whom the text names best: all words of a name anywhere, or some after "to", "pay" and the like.

    In an `answer` to the question who is to be paid, a name may also come first, and correct another one: "Anna? no,
    Jonas".
    """
    people = list(payees)
    found = _names_at(people, _corrected(text), answer=True) if answer else []
    found = found or _names_at(people, text, answer=answer)
    longest = max((length for length, _ in found), default=0)
    return tuple(dict.fromkeys(payee for length, some in found if length == longest for payee in some))


def names_several(payees: Iterable[Payee], text: str) -> bool:
    """Whether the text names two people, and not one whose name several have."""
    found = [set(some) for _, some in _names_at(payees, text, answer=False)]
    return bool(found) and not set.intersection(*found)


def full_name(text: str, start: int, end: int) -> str:
    """What stands there in the text, and a word behind it that looks like the rest of a name."""
    rest = re.match(r"\s+([^\W\d_]+(?:['’-][^\W\d_]+)*)", text[end:])
    more = rest is not None and not _ends_name(_words(rest.group())[:1])
    return text[start : end + rest.end()] if rest and more else text[start:end]


def may_name_somebody(text: str) -> bool:
    """Whether a word stands where a name may stand, so that it is worth asking the bank for the payees."""
    said = _words(text)
    return any(before in _INTRODUCE and word.isalpha() for before, word in pairwise(said))


def find_payees(payees: Iterable[Payee], said: str) -> tuple[Payee, ...]:
    """The payees whom `said` may mean: it holds nothing but words of their names, and the account's last digits."""
    words = set(_words(said))
    return tuple(payee for payee in payees if words and words <= {*_words(payee.name), payee.masked})


def said_name(text: str) -> str | None:
    """Whom the text wants to be paid, by whatever name; None where no word stands for one.

    An amount has a number in its place.
    """
    said = _words(text)
    for at in range(1, len(said)):
        name = list(takewhile(lambda word: word.isalpha() and word not in _AFTER, said[at : at + _LONGEST]))
        if name and name[0] not in _NOBODY and _gets(*("", *said)[at - 1 : at + 1]):
            return " ".join(name)
    return None


def _gets(before: str, word: str) -> bool:
    """Whether the word says that who follows it is paid, by what stands before it."""
    return word in _PAYS or (word == "to" and (before in _MOVED or before.isdecimal()))


def nearest(payees: Iterable[Payee], said: str) -> tuple[Payee, ...]:
    """The payees whose names are likest to the one that was said, if any is like it at all."""
    likeness = {payee: _likeness(_words(payee.name), _words(said)) for payee in payees}
    best = max(likeness.values(), default=0.0)
    return tuple(payee for payee, like in likeness.items() if like == best) if best >= _ALIKE else ()


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


def _names_at(payees: Iterable[Payee], text: str, *, answer: bool) -> list[tuple[int, tuple[Payee, ...]]]:
    """Wherever one is named: how many words of a name stand in a row there, and of whose names."""
    said, people, at = _words(text), [(payee, _words(payee.name)) for payee in payees], 0
    found: list[tuple[int, tuple[Payee, ...]]] = []
    while at < len(said):
        rows = {payee: _length(name, said, at, answer=answer, more=bool(found)) for payee, name in people}
        longest = max(rows.values(), default=0)
        if longest:
            found.append((longest, tuple(payee for payee, length in rows.items() if length == longest)))
        at += longest or 1
    return found


def _corrected(text: str) -> str:
    """What is left of an answer that takes something back: "not Anna, Jonas"."""
    return _CORRECTED.sub("", _DENIED.sub(" ", text)).lstrip()


def _length(name: Sequence[str], said: Sequence[str], at: int, *, answer: bool, more: bool) -> int:
    """How many words of the name stand in a row from there on; 0 where they are not meant for one.

    After a first name, `more` may be listed: "Anna and Jonas".
    """
    length, before = _row(name, said[at : at + 2 * len(name)]), said[at - 1] if at else ""
    if not length or before == "not":
        return 0
    if length >= len(name) > 1:
        return length
    listed_too = more and before in ("and", "or", "plus")
    introduced = (answer and at == 0) or listed_too or _is_introduced(name, said, at)
    return length if introduced and (length >= len(name) or _ends_name(said[at + length : at + length + 1])) else 0


def _ends_name(after: Sequence[str]) -> bool:
    return not after or after[0] in _AFTER or not after[0].isalpha()


def _likeness(name: Sequence[str], said: Sequence[str]) -> float:
    """How like two names are in their first or last words; a single word may be either."""
    if len(said) == 1:
        return max(fuzz.ratio(word, said[0]) for word in name)
    return max((fuzz.ratio(name[at], said[at]) for at in (0, -1) if name and said), default=0.0)


def _is_introduced(name: Sequence[str], said: Sequence[str], at: int) -> bool:
    """Whether the words before make a name of what stands there: "pay", "pay my brother", the name's initial."""
    third, second, first = ("", "", "", *said[max(0, at - 3) : at])[-3:]
    whose = second in _WHOSE and (at == 2 or third in _INTRODUCE)
    initial = second in _INTRODUCE and first == name[0][0] and said[at] != name[0]
    return first in _INTRODUCE or whose or initial


def _row(name: Sequence[str], said: Sequence[str]) -> int:
    """How many of the first words are of the name; behind the first one, an initial or a misspelt word may be."""
    return next((at for at, word in enumerate(said) if word not in name and not _is_like(name, said, at)), len(said))


def _is_like(name: Sequence[str], said: Sequence[str], at: int) -> bool:
    """Whether the word there stands for the one of the name that follows the word before it: "Anna L"."""
    if not at or said[at - 1] not in name[:-1]:
        return False
    word, real = said[at], name[name.index(said[at - 1]) + 1]
    if len(word) == 1:
        return word == real[0]
    return min(len(word), len(real)) >= _SHORTEST and fuzz.ratio(word, real) >= _NEAR


def _words(text: str) -> list[str]:
    """The words as they are compared: without case, accents and a genitive's s."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.findall(r"\w+", re.sub(r"['’]s\b", "", plain))


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Offer the action."""
    register("action_payees", for_customers(list_payees))
