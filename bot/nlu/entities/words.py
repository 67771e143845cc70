"""Words of a message with their offsets: what taggers, lookups and synonyms see."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import NamedTuple

_INVISIBLE = "\u00ad\u200b-\u200f\u2060\ufeff\ufe0e\ufe0f"
# Scripts written without spaces: Thai, Lao, Khmer, kana and Han characters are words of one character each.
_UNSPACED = "\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Marks that belong to the letter before them, which \w leaves out: accents, Hebrew and Arabic points, Indic vowels.
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0900-\u0963\u0966-\u0dff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_LETTER = rf"(?![{_UNSPACED}])[^\W_]"
_WORD = re.compile(
    rf"[{_UNSPACED}]|{_LETTER}(?:{_LETTER}|[{_MARKS}{_INVISIBLE}]|['’](?=[^\W\d_]))*|[^\w\s{_INVISIBLE}]|_"
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
    return unicodedata.normalize("NFKC", well_formed(_HIDDEN.sub("", text))).casefold()


def well_formed(text: str) -> str:
    """Put `?` for lone surrogates, which are no characters and cannot be encoded."""
    return text.encode("utf-8", "replace").decode("utf-8")


def split_words(text: str, limit: int | None = None) -> list[Word]:
    """Split a message into words and signs, in order, at most `limit`; white space and invisible signs are between."""
    matches = islice(_WORD.finditer(text), limit)
    return [Word(match.start(), match.end(), fold(match.group())) for match in matches]
