"""Words of a message with their offsets: what taggers, lookups and synonyms see."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_INVISIBLE = "\u00ad\u200b-\u200f\u2060\ufeff\ufe0e\ufe0f"
# Scripts written without spaces: Thai, Lao, Khmer, kana and Han characters are words of one character each.
_UNSPACED = "\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(
    rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_])(?:(?![{_UNSPACED}])[^\W_]|[{_INVISIBLE}]|['’](?=[^\W\d_]))*|[^\w\s{_INVISIBLE}]|_"
)
_HIDDEN = re.compile(f"[{_INVISIBLE}]+")


class Word(NamedTuple):
    """A word or a sign of a message: `text[start:end]`, and that text folded for comparing."""

    start: int
    end: int
    folded: str


def fold(text: str) -> str:
    """Fold case, compatibility forms and invisible characters away, so that equal words compare equal."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", _HIDDEN.sub("", text)).casefold()


def split_words(text: str) -> list[Word]:
    """Split a message into words and signs, in order; white space and invisible characters are between them."""
    return [Word(match.start(), match.end(), fold(match.group())) for match in _WORD.finditer(text)]
