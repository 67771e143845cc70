"""Which of the names in a customer's transactions a message means. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from rapidfuzz import fuzz, process

from ..text import WORD, folded, meets

_SHORTEST: Final = 3
"""A shorter word of a name does not identify it by itself."""

_SHORTEST_MISSPELT: Final = 4
"""A shorter word resembles too many others to count as misspelt."""

_NEAR: Final = 80.0
"""The lowest similarity (0 to 100, rapidfuzz's ratio) of what was said to a name; the reply then says the name."""

_BEFORE_PLACES: Final = ("for", "of", "in", "at")


class Spoken(NamedTuple):
    """A name and its position in the text."""

    name: str
    start: int
    end: int


def spoken_names(text: str, names: Iterable[str]) -> list[Spoken]:
    """The names that the text contains word for word, except within longer ones: "copper kettle" is the shop."""
    places = list(WORD.finditer(text))
    words = [folded(place.group()) for place in places]
    found: list[Spoken] = []
    for name in sorted(set(names), key=len, reverse=True):
        wanted = plain_words(name)
        if not wanted:
            continue
        for first in range(len(words) - len(wanted) + 1):
            behind = first + len(wanted)
            if words[first:behind] == wanted:
                spoken = Spoken(name, places[first].start(), places[behind - 1].end())
                if not meets(spoken, found):
                    found.append(spoken)
    return found


def nearest(said: str, names: Iterable[str]) -> str | None:
    """The name that `said` most likely means, misspelt or shortened to its first words; None if none is similar.

    Both must begin with the same letter: hardly anybody gets the first one wrong, and "even" is not Severn Water.
    """
    wanted = folded(said)
    length = max(len(wanted.split()), 1)
    short = {name: " ".join(plain_words(name)[:length]) for name in names}
    if len(wanted) < _SHORTEST_MISSPELT:
        return next((name for name, first in short.items() if first == wanted), None)
    alike = {name: first for name, first in short.items() if first[:1] == wanted[:1]}
    found = process.extractOne(wanted, alike, scorer=fuzz.ratio, score_cutoff=_NEAR)
    return found[2] if found else None


def meant_name(said: str, names: Sequence[str]) -> str | None:
    """The name that `said` most likely means: misspelt, shortened, or identified by one of its words.

    "The gym" is Peak Gym and "my council tax" is the City Council, unless another name fits as well. A place alone is
    not enough: "London" is not Transport for London.
    """
    words = [word for word in plain_words(said) if len(word) >= _SHORTEST]
    near = nearest(" ".join(plain_words(said)), names)
    if near or not words:
        return near
    able = {name: plain_words(name) for name in names if not set(words) <= set(_place(name))}
    with_all_words = [name for name, own in able.items() if set(words) <= set(own)]
    ending_in_one = [name for name, own in able.items() if own and own[-1] in words]
    for alike in (with_all_words, ending_in_one):
        if len(alike) == 1:
            return alike[0]
    return None


def same_name(one: str, other: str) -> bool:
    """Whether two names differ only in case, accents, apostrophes and a leading "the"."""
    return plain_words(one) == plain_words(other)


def plain_words(name: str) -> list[str]:
    """The words of a name for comparison, without a leading "the"."""
    words = [folded(word) for word in WORD.findall(unicodedata.normalize("NFC", name))]
    return words[1:] if words[:1] == ["the"] and len(words) > 1 else words


def _place(name: str) -> list[str]:
    """The words of a name from its preposition on, as in "Transport for London"."""
    words = plain_words(name)
    at = next((at for at, word in enumerate(words) if at and word in _BEFORE_PLACES), len(words))
    return words[at:]
