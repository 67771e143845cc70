"""From any Unicode text to words and to the pieces that features count; nothing here assumes a language."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from bot.nlu.scripts import MARKS, UNSPACED

MAX_CHARACTERS: Final = 4096
"""What is read of a message, in code points: time and memory stay bounded whatever is sent."""
MAX_WORD: Final = 48
"""What is read of one word, in code points."""

_LETTERS: Final = rf"(?:(?![{UNSPACED}])[\w{MARKS}])+"
_WORD: Final = re.compile(rf"(?P<unspaced>[{UNSPACED}]+)|{_LETTERS}(?:['’]{_LETTERS})*|[^\w\s]", re.UNICODE)
_ACCENTS: Final = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670\ufe00-\ufe0f]"
)
"""What people leave out when they type: accents, the points of Hebrew and Arabic; and how an emoji is to be drawn."""
_SILENT: Final = {"Cf", "Cc", "Cs", "Co", "Cn"}


def normalise(text: str, *, case_sensitive: bool = False) -> str:
    """`text` without what people do not see or mean: compatibility forms, case, accents, zero-width characters."""
    text = text[:MAX_CHARACTERS]
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)[: 4 * MAX_CHARACTERS]
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", text))
        text = "".join(c if c.isspace() else "" if unicodedata.category(c) in _SILENT else c for c in text)
    return text if case_sensitive else text.casefold()


@lru_cache(maxsize=64)  # several features read the same message
def words(normalised: str) -> tuple[tuple[str, bool], ...]:
    """The words of a normalised text, each with whether it is a run of a script written without spaces.

    Punctuation and symbols (emoji too) are words of one character.
    """
    found = _WORD.finditer(normalised)
    return tuple((m.group(), True) if m.lastgroup else (m.group()[:MAX_WORD], False) for m in found)


@lru_cache(maxsize=512)
def char_ngrams(word: str, low: int = 2, high: int = 5) -> tuple[str, ...]:
    """The n-grams within a word that is padded with a space at both ends (scikit-learn's `char_wb`)."""
    padded = f" {word} "
    grams = [padded[i : i + n] for n in range(low, min(high, len(padded)) + 1) for i in range(len(padded) - n + 1)]
    return tuple(grams)
