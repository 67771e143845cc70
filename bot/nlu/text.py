"""Splits any Unicode text into words and the n-grams that features count; nothing here assumes a language."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from bot.nlu.scripts import MARKS, UNSPACED

MAX_CHARACTERS: Final = 4096
"""How much of a message is read, in code points, so that time and memory are bounded."""
MAX_WORD: Final = 48
"""How much of one word is read, in code points."""

_LETTERS: Final = rf"(?:(?![{UNSPACED}])[\w{MARKS}])+"
_WORD: Final = re.compile(rf"(?P<unspaced>[{UNSPACED}]+)|{_LETTERS}(?:['’]{_LETTERS})*|[^\w\s]", re.UNICODE)
_ACCENTS: Final = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670\ufe00-\ufe0f]"
)
"""What people leave out when typing: accents, the points of Hebrew and Arabic; and the variation selectors of emoji."""
_SILENT: Final = {"Cf", "Cs", "Co", "Cn"}
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]+")


def normalise(text: str, *, case_sensitive: bool = False) -> str:
    """`text` without differences that do not matter: compatibility forms, case, accents, zero-width characters.

    Control characters separate words, as spaces do.
    """
    text = _CONTROLS.sub(" ", text[:MAX_CHARACTERS])
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)[: 4 * MAX_CHARACTERS]
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", text))
        text = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in _SILENT)
    return text if case_sensitive else text.casefold()


@lru_cache(maxsize=64)  # several features split the same message
def words(normalised: str) -> tuple[tuple[str, bool], ...]:
    """The words of a normalised text, each with a flag: whether it is a run of a script written without spaces.

    Punctuation marks and symbols (including emoji) are words of one character.
    """
    found = _WORD.finditer(normalised)
    return tuple((m.group(), True) if m.lastgroup else (m.group()[:MAX_WORD], False) for m in found)


@lru_cache(maxsize=512)
def char_ngrams(word: str) -> tuple[str, ...]:
    """The n-grams of 2 to 5 characters of a word padded with a space at both ends (scikit-learn's `char_wb`)."""
    padded = f" {word} "
    return tuple(padded[start : start + n] for n in range(2, 6) for start in range(len(padded) - n + 1))
