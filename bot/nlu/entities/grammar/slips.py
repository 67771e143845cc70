"""Corrects typing slips in the longer names of days, months and numbers: `febuary`, `thursady`, `hunderd`."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from bot.nlu.entities.grammar.names import MONTHS, WEEKDAYS

SHORTEST: Final = 6
"""Shorter names are left alone: too many words are one edit away from them."""

_REPLACED: Final = 8
_ADDED: Final = 7
"""The minimum lengths of a name for a wrong letter, or one too many, to be a slip: words near shorter ones are people's
names (Sundar, Mondal, Fridah, Augusta)."""

_NUMBERS: Final = (
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
    *("twenty", "thirty", "seventy", "eighty", "ninety", "hundred", "thousand", "million", "billion"),
)
_MEANINGS: Final = {
    name: meaning
    for name, meaning in (
        *((name, f"weekday {number}") for name, number in WEEKDAYS.items()),
        *((name, f"month {number}") for name, number in MONTHS.items()),
        *((word, word) for word in ("yesterday", "tomorrow", "tonight", "weekend", *_NUMBERS)),
    )
    if len(name) >= SHORTEST
}
"""The names and their meanings, which are the same for `monday` and `mondays`."""
_WORDS: Final = frozenset({"weekends", "hundreds", "thousands", "millions", "billions"})
"""Words that are one edit away from a name."""
LONGEST: Final = max(map(len, _MEANINGS)) + 1
"""The length of the longest words that can be slips."""

_CACHED: Final = 512


def _remains(word: str) -> list[str]:
    """The word, and its forms with one letter left out (Garbe 2012, symmetric delete)."""
    return [word] + [word[:at] + word[at + 1 :] for at in range(len(word))]


_NAMES: Final[dict[str, list[str]]] = {}
"""Names by their forms with at most one letter left out."""
for _name in _MEANINGS:
    for _rest in set(_remains(_name)):
        _NAMES.setdefault(_rest, []).append(_name)


@lru_cache(_CACHED)
def spelt(word: str) -> str:
    """Return the name that `word` is with one slip; `word` itself if it is none, or could be either of two names."""
    if word in _MEANINGS or word in _WORDS or not word.isalpha():
        return word
    known = [rest for rest in _remains(word) if rest in _NAMES]
    near = {name for rest in known for name in _NAMES[rest] if _one_edit_apart(word, name)} if known else ()
    if len({_MEANINGS[name] for name in near}) != 1:
        return word
    return next((name for name in sorted(near) if _is_slip(word, name)), word)


def _one_edit_apart(word: str, name: str) -> bool:
    """Whether two words that are equal with a letter left out of one or both are one edit apart, not two."""
    unlike = [at for at, letters in enumerate(zip(word, name, strict=False)) if letters[0] != letters[1]]
    if len(word) != len(name) or len(unlike) == 1:
        return True
    first, last = unlike[0], unlike[-1]
    return last == first + 1 and (word[first], word[last]) == (name[last], name[first])


def _is_slip(word: str, name: str) -> bool:
    """Whether one edit is a slip: a letter left out, doubled, or swapped with the next; in longer names any edit that
    keeps the first letter.
    """
    if word[0] != name[0]:
        return False
    if len(word) < len(name) or sorted(word) == sorted(name):
        return True
    if len(word) == len(name):
        return len(name) >= _REPLACED
    added = next((at for at, letter in enumerate(name) if word[at] != letter), len(name))
    return len(name) >= _ADDED or word[added] == word[added - 1]
