"""Slips of the keyboard in the calendar's longer names: `febuary`, `thursady`, `tommorrow`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from bot.nlu.entities.grammar.names import MONTHS, WEEKDAYS

SHORTEST: Final = 6
"""Shorter names are left alone: too many words are one edit away from them."""

_NAMES: Final = frozenset(
    name for name in (*WEEKDAYS, *MONTHS, "yesterday", "tomorrow", "tonight", "weekend") if len(name) >= SHORTEST
)
_WORDS: Final = frozenset({"augusta", "auguste", "augusto", "sundae", "sunray", "sundry", "weekends"})
"""What is one edit away from a name and is a word itself."""
LONGEST: Final = max(map(len, _NAMES)) + 1
"""Letters of the shortest and of the longest words that may be slips."""

_CACHED: Final = 512


def _one_letter_less(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


_REMAINS: Final = {remains: name for name in sorted(_NAMES) for remains in (name, *_one_letter_less(name))}
"""Names by what is left of them when a letter is left out (Garbe 2012, symmetric delete)."""


@lru_cache(_CACHED)
def spelt(word: str) -> str:
    """Give the name that `word` is with one letter missing, added or replaced, or two swapped; else `word` itself."""
    if word in _NAMES or word in _WORDS or not word.isalpha():
        return word
    for remains in (word, *_one_letter_less(word)):
        name = _REMAINS.get(remains)
        if name and _one_edit_apart(word, name):
            return name
    return word


def _one_edit_apart(word: str, name: str) -> bool:
    """Tell one edit from two, of words that are alike when a letter is left out of one or of both."""
    unlike = [at for at, letters in enumerate(zip(word, name, strict=False)) if letters[0] != letters[1]]
    if len(word) != len(name) or len(unlike) == 1:
        return True
    first, last = unlike[0], unlike[-1]
    return last == first + 1 and (word[first], word[last]) == (name[last], name[first])
