"""Which of the names in a customer's transactions a message means: pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from rapidfuzz import fuzz, process

from ..text import WORD, folded, meets

_SHORTEST: Final = 3
"""A word of a name with fewer letters means none by itself."""

_SHORTEST_MISSPELT: Final = 4
"""A word with fewer letters is near to too many others to be taken for a misspelt one."""

_NEAR: Final = 80.0
"""The least likeness (0 to 100, rapidfuzz's ratio) of what was said to a name, which is then said back."""

_BEFORE_PLACES: Final = ("for", "of", "in", "at")


class Spoken(NamedTuple):
    """A name and where it stands in the text."""

    name: str
    start: int
    end: int


def spoken_names(text: str, names: Iterable[str]) -> list[Spoken]:
    """The names that stand in the text, word for word, where no longer one does: "copper kettle" is the shop."""
    words = [(folded(m.group()), m.start(), m.end()) for m in WORD.finditer(text)]
    found: list[Spoken] = []
    for name in sorted(set(names), key=len, reverse=True):
        wanted = plain_words(name)
        for at in range(len(words) - len(wanted) + 1):
            start, end = words[at][1], words[at + len(wanted) - 1][2]
            if not wanted or [word for word, _, _ in words[at : at + len(wanted)]] != wanted:
                continue
            if not meets(spoken := Spoken(name, start, end), found):
                found.append(spoken)
    return found


def nearest(said: str, names: Iterable[str]) -> str | None:
    """The name that `said` most likely means, misspelt or shortened to its first words; None when none is near.

    Both begin with one letter: hardly anybody gets the first one wrong, and "even" is not Severn Water.
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
    """The name that `said` most likely means: misspelt, shortened, or the one that its last word alone tells.

    "The gym" is Peak Gym, "my council tax" the City Council, unless another name ends like that. A place alone is no
    name: "London" is not Transport for London.
    """
    words = [word for word in plain_words(said) if len(word) >= _SHORTEST]
    near = nearest(" ".join(plain_words(said)), names)
    if near or not words:
        return near
    able = [name for name in names if not set(words) <= set(_place(name))]
    ends = [name for name in able if (plain_words(name) or [""])[-1] in words]
    holds = [name for name in able if set(words) <= set(plain_words(name))]
    for alike in (holds, ends):
        if len(set(alike)) == 1:
            return alike[0]
    return None


def same_name(one: str, other: str) -> bool:
    """Whether two names differ in nothing but case, accents, apostrophes and a "the"."""
    return plain_words(one) == plain_words(other)


def plain_words(name: str) -> list[str]:
    """The words of a name as they are compared, without a "the" before them."""
    words = [folded(word) for word in WORD.findall(unicodedata.normalize("NFC", name))]
    return words[1:] if words[:1] == ["the"] and len(words) > 1 else words


def _place(name: str) -> list[str]:
    """The words of a name that say for or of what it is: those behind the preposition."""
    words = plain_words(name)
    at = next((at for at, word in enumerate(words) if at and word in _BEFORE_PLACES), len(words))
    return words[at:]
