"""Words of a message with their offsets, for taggers, lookup tables and synonyms."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import NamedTuple

from bot.nlu.scripts import INVISIBLE, MARKS, UNSPACED

# Each character of a script without spaces is a separate word.
_LETTER = rf"(?![{UNSPACED}])[^\W_]"
_WORD = re.compile(rf"[{UNSPACED}]|{_LETTER}(?:{_LETTER}|[{MARKS}{INVISIBLE}]|['’](?=[^\W\d_]))*|[^\w\s{INVISIBLE}]|_")
_HIDDEN = re.compile(f"[{INVISIBLE}]+")


class Word(NamedTuple):
    """A word or a sign of a message: `text[start:end]`, and that text folded for comparison."""

    start: int
    end: int
    folded: str


def fold(text: str) -> str:
    """Normalise case, compatibility forms, curly apostrophes and invisible characters: equal words compare equal."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", well_formed(_HIDDEN.sub("", text))).casefold().replace("’", "'")


def folded_phrase(text: str) -> str:
    """Return the words of a phrase, folded, with single spaces between them."""
    return " ".join(word.folded for word in split_words(text))


def well_formed(text: str) -> str:
    """Replace lone surrogates, which are not characters and cannot be encoded, with `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")


def split_words(text: str, limit: int | None = None) -> list[Word]:
    """Split a message into words and signs, in order, at most `limit`, at white space and invisible characters."""
    matches = islice(_WORD.finditer(text), limit)
    return [Word(match.start(), match.end(), fold(match.group())) for match in matches]
