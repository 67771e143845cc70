"""The tokens that the grammar reads: words, numbers and signs, each with its offsets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TypeVar

from bot.nlu.entities.grammar.slips import LONGEST, SHORTEST, spelt

_INVISIBLE = "\u00ad\u200b-\u200f\u2060\ufeff"
_TOKEN = re.compile(rf"\d+|[^\W\d_](?:[^\W\d_]|[{_INVISIBLE}])*|[^\w\s{_INVISIBLE}]|_")
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_PLAIN = str.maketrans("’‘´`–—−", "''''---")

_PADDING = [""] * 4
"""Empty tokens after the last, so that rules can look ahead without checking the length."""

DIGITS = "0"
"""The key of rules that begin with digits."""

Meaning = TypeVar("Meaning")


def listed(words: str) -> frozenset[str]:
    """Return the words of a list that is written with spaces between them."""
    return frozenset(words.split())


def numbered(words: str, first: int) -> dict[str, int]:
    """Number the words of a list, counting from `first`."""
    return {word: number for number, word in enumerate(words.split(), start=first)}


def grouped(groups: Mapping[Meaning, str]) -> dict[str, Meaning]:
    """Map each word to the key of the list that it is in."""
    return {word: meaning for meaning, words in groups.items() for word in words.split()}


class Tokens:
    """A message as parallel lists: `words` (lower case), `starts` and `ends` in code points.

    Digits and letters are always separate ("3pm" is `3`, `pm`); `glued(i)` says
    whether there is no gap between token i - 1 and token i. Misspelt names of
    the calendar and of numbers are corrected in `words`. `keys` are the keys of
    the rules that can begin at a token: its word, or `DIGITS`.
    """

    __slots__ = ("count", "ends", "keys", "starts", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.words: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        plain = text.isascii()  # its length is the same in lower case
        for match in _TOKEN.finditer(text.lower() if plain else text):
            self.words.append(match.group())
            self.starts.append(match.start())
            self.ends.append(match.end())
        self.count = len(self.words)
        if not plain:
            self.words = [word.lower() if word.isascii() else _plain(word.lower()) for word in self.words]
        self.words = [spelt(word) if SHORTEST <= len(word) <= LONGEST else word for word in self.words]
        self.keys = [DIGITS if word.isdecimal() else word for word in self.words] + _PADDING
        self.words += _PADDING

    def before(self, at: int) -> str:
        """Return the word before token `at`; empty at the beginning."""
        return self.words[at - 1] if at > 0 else ""

    def glued(self, at: int) -> bool:
        """Whether token `at` follows its predecessor without a gap."""
        return 0 < at < self.count and self.starts[at] == self.ends[at - 1]

    def is_tight(self, at: int) -> bool:
        """Whether there is no gap on either side of token `at`, as in `3-5`."""
        return self.glued(at) and self.glued(at + 1)

    def joins_digits(self, at: int) -> bool:
        """Whether token `at` stands directly between its predecessor and digits."""
        return self.is_tight(at) and self.has_digits(at + 1)

    def goes_on(self, at: int) -> bool:
        """Whether token `at` is made of letters or digits and follows its predecessor without a gap."""
        return self.glued(at) and self.words[at].isalnum()

    def has_digits(self, at: int) -> bool:
        """Whether token `at` is a run of digits."""
        return self.words[at].isdecimal()

    def is_word(self, at: int) -> bool:
        """Whether token `at` is made of letters."""
        return self.words[at][:1].isalpha()

    def skip(self, at: int, words: Iterable[str]) -> int:
        """Return the position after token `at` if it is one of `words`, else `at`."""
        return at + 1 if self.words[at] in words else at

    def phrase(self, at: int, *words: str) -> bool:
        """Whether the tokens from `at` on are exactly `words`."""
        return self.words[at : at + len(words)] == list(words)


def _plain(word: str) -> str:
    if word in "½¼¾":
        return word
    return unicodedata.normalize("NFKC", _HIDDEN.sub("", word)).lower().translate(_PLAIN)
