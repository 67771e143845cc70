"""Words of a message with their offsets: what taggers, lookups and synonyms see."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import NamedTuple

from bot.nlu.scripts import INVISIBLE, MARKS, UNSPACED

# A character of a script without spaces is a word of its own.
_LETTER = rf"(?![{UNSPACED}])[^\W_]"
_WORD = re.compile(rf"[{UNSPACED}]|{_LETTER}(?:{_LETTER}|[{MARKS}{INVISIBLE}]|['’](?=[^\W\d_]))*|[^\w\s{INVISIBLE}]|_")
_HIDDEN = re.compile(f"[{INVISIBLE}]+")


class Word(NamedTuple):
    """A word or a sign of a message: `text[start:end]`, and that text folded for comparing."""

    start: int
    end: int
    folded: str


def fold(text: str) -> str:
    """Fold case, compatibility forms, curly apostrophes and invisible characters away: equal words compare equal."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", well_formed(_HIDDEN.sub("", text))).casefold().replace("’", "'")


def folded_phrase(text: str) -> str:
    """Give the words of a phrase, folded, with single spaces between them."""
    return " ".join(word.folded for word in split_words(text))


def well_formed(text: str) -> str:
    """Put `?` for lone surrogates, which are no characters and cannot be encoded."""
    return text.encode("utf-8", "replace").decode("utf-8")


def split_words(text: str, limit: int | None = None) -> list[Word]:
    """Split a message into words and signs, in order, at most `limit`; white space and invisible signs are between."""
    matches = islice(_WORD.finditer(text), limit)
    return [Word(match.start(), match.end(), fold(match.group())) for match in matches]
