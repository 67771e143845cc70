"""Payees: which of them a message names, what they are called, and `action_payees`, which lists them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Final

from msgspec import Struct
from rapidfuzz import fuzz

from bot import Turn

from ..bank import CustomerBank, Payee
from ..tables import Table
from ..text import FILLERS, PRONOUNS, listed, words
from .request import ends_in_correction

_NEAR: Final = 80.0
"""The lowest similarity (0 to 100, rapidfuzz's ratio) of a misspelt surname; the question for a "yes" names it."""

_LONGEST: Final = 3
"""The most words of an unknown name that are repeated to the customer."""

_SHORTEST: Final = 4
"""The fewest letters of a surname that may be misspelt."""

_ALIKE: Final = 75.0
"""The lowest similarity of a word to one of a name that is suggested as the nearest."""

_NEXT_WORD: Final = re.compile(r"\s+([^\W\d_]+(?:['’-][^\W\d_]+)*)")
_PAYS: Final = listed("pay paying give giving send sending")
_INTRODUCE: Final = _PAYS | listed("to owe for friend")
"""Words right before a name that make it the name of somebody to be paid: part of a name is then enough."""

_WHOSE: Final = listed("my our his her their")
_MOVED: Final = listed("money cash it payment transfer over across back out send pay move give owe payable")
"""Words (or else an amount) right before a "to" that names a recipient; any other "to" belongs to a verb."""

_NOBODY: Final = PRONOUNS | listed(
    "someone somebody anyone anybody everyone everybody people nobody myself himself herself"
)

_AFTER: Final = FILLERS | listed(
    "tomorrow tonight those next again all some any what i'd he she they was has if when because also later soon asap "
    "half not no yes gets ending twice each every once monthly weekly per after before until which who one more plus "
    "another use take make give send pay move put let wants want wanted needs asks asked owes says said would could "
    "should can i get thats nothing rush hurry worries problem so comma"
)
"""Words that may follow part of a name; any other word is taken as the rest of a different name: "Anna Smith"."""

_LISTS: Final = listed("and or plus also then comma no sorry wait oops mean meant rather")
"""Words between one name and the next, or before a name that corrects the one before."""

_CORRECTED_WITHIN: Final = 8
"""How many words before a name are searched for a correction of an earlier name."""

_BEFORE_LISTED: Final = listed("to also then i the a an my our his her their")


def named_payees(payees: Iterable[Payee], text: str, *, answer: bool = False) -> tuple[Payee, ...]:
    """The payees that the text names best: all words of a name anywhere, or some after "to", "pay" and the like.

    In an `answer` to the question who should be paid, a name may also come first. A name may correct the one before:
    "Anna? no, Jonas".
    """
    names = _read_names(payees, text, answer=answer)
    longest = max((name.length for name in names), default=0)
    best = {payee for name in names if name.length == longest for payee in name.payees}
    meant = [name for name in names if name.length == longest or best.isdisjoint(name.payees)]
    return tuple(dict.fromkeys(payee for name in meant for payee in name.payees))


def names_several(payees: Iterable[Payee], text: str, *, answer: bool = False) -> bool:
    """Whether the text names two people (one of whom may not be a payee), rather than one name that several share."""
    names = _read_names(payees, text, answer=answer)
    if not names:
        return False
    in_common = set.intersection(*(set(name.payees) for name in names))
    return not in_common or any(name.beside_stranger for name in names)


def full_name(text: str, start: int, end: int) -> str:
    """The text from `start` to `end`, with the next word if that looks like the rest of a name."""
    following = _NEXT_WORD.match(text, end)
    if following is None or _ends_name(words(following.group())[:1]):
        return text[start:end]
    return text[start : following.end()]


def find_payees(payees: Iterable[Payee], said: str) -> tuple[Payee, ...]:
    """The payees that `said` may mean: it consists only of words of their names and the account's last digits."""
    wanted = set(words(said))
    return tuple(payee for payee in payees if wanted and wanted <= {*words(payee.name), payee.masked})


def said_name(text: str) -> str | None:
    """The name, known or not, of whom the text wants to pay; None if there is none.

    Amounts have been replaced by a number.
    """
    return next((name for _, name, _ in _said_names(text)), None)


def paid_first(text: str) -> str | None:
    """The name between verb and amount, or first in a list: "Bob" in "pay Bob £20 to Anna" and "pay Bob and Anna".

    Amounts have been replaced by a number.
    """
    for before, name, after in _said_names(text):
        if before in _PAYS and after in ("0", "and", "or", "comma"):
            return name
    return None


def _said_names(text: str) -> Iterator[tuple[str, str, str]]:
    """The names of the people to be paid, each with the word before it and the word after it."""
    said = ["", *_listing(text), ""]
    for at in range(2, len(said) - 1):
        name = list(takewhile(lambda word: word.isalpha() and word not in _AFTER, said[at : at + _LONGEST]))
        if name and name[0] not in _NOBODY and _introduces_recipient(said[at - 2], said[at - 1]):
            yield said[at - 1], " ".join(name), said[at + len(name)]


def _introduces_recipient(before: str, word: str) -> bool:
    """Whether whoever is named after `word` is paid, given the word before it."""
    return word in _PAYS or (word == "to" and (before in _MOVED or before.isdecimal()))


def nearest_payees(payees: Iterable[Payee], said: str) -> tuple[Payee, ...]:
    """The payees whose names are most similar to the one that was said, if any is similar at all."""
    likeness = {payee: _likeness(words(payee.name), words(said)) for payee in payees}
    best = max(likeness.values(), default=0.0)
    if best < _ALIKE:
        return ()
    return tuple(payee for payee, like in likeness.items() if like == best)


def spoken_payee(payee: Payee) -> str:
    """The payee's name in a sentence, with the part of the account number that may be shown."""
    return f"{payee.name} (account ending {payee.masked})"


def payee_button(payee: Payee, among: Iterable[Payee]) -> dict[str, str]:
    """A button that means this payee and no other."""
    alone = sum(other.name == payee.name for other in among) == 1
    said = payee.name if alone else f"{payee.name} {payee.masked}"
    return {"title": said, "payload": "/inform" + json.dumps({"payee": said}, ensure_ascii=False)}


async def list_payees(turn: Turn, bank: CustomerBank) -> None:
    """List whom the customer can pay."""
    payees = await bank.payees()
    if not payees:
        turn.say("utter_no_payees")
        return
    table = payees_table(payees)
    turn.say("utter_payees", table=table.text(), custom=table.custom())


def payees_table(payees: Sequence[Payee]) -> Table:
    """A row for each payee."""
    return Table("Your payees", ("Payee", "Account"), [(payee.name, f"ending {payee.masked}") for payee in payees])


class _Name(Struct, frozen=True):
    """A name in a text: how many words of it stand there, whose it may be, and whether a stranger is listed with it."""

    length: int
    payees: tuple[Payee, ...]
    beside_stranger: bool


def _read_names(payees: Iterable[Payee], text: str, *, answer: bool) -> list[_Name]:
    """The names of payees in the text, without those that it takes back."""
    said, people = _listing(text), [(payee, words(payee.name)) for payee in payees]
    names: list[_Name] = []
    at = 0
    while at < len(said):
        lengths = {payee: _length(name, said, at, answer=answer, more=bool(names)) for payee, name in people}
        longest = max(lengths.values(), default=0)
        if longest:
            before, after = said[:at], said[at + longest :]
            follows_stranger = not names and not _takes_back(before) and _follows_another(before)
            if _takes_back(before):
                names = []
            fitting = tuple(payee for payee, length in lengths.items() if length == longest)
            names.append(_Name(longest, fitting, follows_stranger or _lists_another(after, people)))
        at += longest or 1
    return names


def _takes_back(before: Sequence[str]) -> bool:
    """Whether the words before a name take back an earlier one: "Anna, no wait, ..."."""
    return ends_in_correction(" ".join([*before[-_CORRECTED_WITHIN:], ""]).replace("comma", ""))


def _lists_another(after: Sequence[str], people: Iterable[tuple[Payee, Sequence[str]]]) -> bool:
    """Whether the words after a name (and an amount or account) go on with somebody unknown: "and the gardener"."""
    beside = list(takewhile(lambda word: word in _AFTER or word in _LISTS or word.isdecimal(), after))
    rest = after[len(beside) :]
    if not rest or any(rest[0] in name for _, name in people) or (len(rest) > 1 and rest[1] in PRONOUNS):
        return False  # "and ask me again"
    while beside and beside[-1] in _BEFORE_LISTED:
        beside.pop()
    return beside == ["comma"] or (bool(beside) and beside[-1] in _LISTS - {"comma"})


def _follows_another(before: Sequence[str]) -> bool:
    """Whether somebody unknown is listed right before the name: "Bob and Anna"."""
    unknown = len(before) > 1 and before[-2].isalpha() and before[-2] not in _AFTER
    return unknown and before[-1] in ("and", "or", "plus")


def _length(name: Sequence[str], said: Sequence[str], at: int, *, answer: bool, more: bool) -> int:
    """How many words of the name stand in a row from there on; 0 if they are not used as a name.

    With `more`, a name was found before, which this one may follow or correct: "Anna and Jonas", "Anna no Jonas".
    """
    length = _count_words(name, said[at : at + 2 * len(name)])
    if length >= len(name) > 1:
        return length
    before = said[at - 1] if at else ""
    listed_too = more and (before in _LISTS or before == "with")
    answers = answer and (at == 0 or before in _LISTS)
    introduced = listed_too or answers or _is_introduced(name, said, at)
    ends = length >= len(name) or _ends_name(said[at + length : at + length + 1])
    return length if length and introduced and ends else 0


def _ends_name(after: Sequence[str]) -> bool:
    """Whether a name ends before these words, rather than going on with the first of them."""
    return not after or after[0] in _AFTER or not after[0].isalpha()


def _likeness(name: Sequence[str], said: Sequence[str]) -> float:
    """The similarity of the first or last words of two names; a single word may be either."""
    if len(said) == 1:
        return max(fuzz.ratio(word, said[0]) for word in name)
    return max((fuzz.ratio(name[at], said[at]) for at in (0, -1) if name and said), default=0.0)


def _is_introduced(name: Sequence[str], said: Sequence[str], at: int) -> bool:
    """Whether the words before introduce a name: "pay", "pay my brother", the name's initial."""
    third_last, second_last, last = ("", "", "", *said[max(0, at - 3) : at])[-3:]
    after_whose = second_last in _WHOSE and (at == 2 or third_last in _INTRODUCE)
    after_initial = second_last in _INTRODUCE and last == name[0][0] and said[at] != name[0]
    return last in _INTRODUCE or after_whose or after_initial


def _count_words(name: Sequence[str], said: Sequence[str]) -> int:
    """How many of the first words belong to the name; after the first, an initial or a misspelt word may stand."""
    for at, word in enumerate(said):
        if word not in name and not _resembles_next(name, said, at):
            return at
    return len(said)


def _resembles_next(name: Sequence[str], said: Sequence[str], at: int) -> bool:
    """Whether the word there abbreviates or misspells the next word of the name: "Anna L"."""
    if not at or said[at - 1] not in name[:-1]:
        return False
    word, expected = said[at], name[name.index(said[at - 1]) + 1]
    if len(word) == 1:
        return word == expected[0]
    return min(len(word), len(expected)) >= _SHORTEST and fuzz.ratio(word, expected) >= _NEAR


def _listing(text: str) -> list[str]:
    """The words, with "comma" and "and" in place of commas and the signs that mean "and"."""
    return words(re.sub(r"[&+/]", " and ", text).replace(",", " comma "))
