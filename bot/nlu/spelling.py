"""Spelling correction: an unknown word one edit away from a known one, or made of two, is replaced by it or them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from bot.nlu.text import normalise, words

SHORTEST: Final = 4
"""Shorter words are left alone: too many words are one edit away from them."""
_SHORTEST_PART: Final = 2
"""The fewest letters of a word that was joined to another."""
_LONGEST: Final = 24
_MOST: Final = 32
"""At most this many different words of a message are corrected: each takes a millisecond, and noise has hundreds."""
_CACHED_WORDS: Final = 2_000
_LETTERS: Final = 64


class Spelling:
    """Corrects misspelt words. `weights` are the project's words (normalised), higher for commoner ones; `real` are
    other words with their rank: they are left as they are, and are candidates if no word of the project is near.
    Entries of `real` that are not only letters do not count as words.

    Candidates are all words that are one insertion, deletion, replacement or
    swap away (Norvig 2007, "How to Write a Spelling Corrector"): the project's
    commonest wins. If it has none, a missing space is put between two of its
    words: "hithere".
    """

    def __init__(
        self, weights: Mapping[str, float], real: Mapping[str, int] | None = None, *, case_sensitive: bool = False
    ) -> None:
        self._weights = weights
        self._real = real or {}
        self._case_sensitive = case_sensitive
        letters = Counter(letter for word in weights for letter in word)
        self._letters = sorted(letters, key=lambda c: (-letters[c], c))[:_LETTERS]
        self._corrections: dict[str, str] = {}

    def correct(self, text: str) -> str:
        """`text`, normalised and with its misspelt words replaced."""
        normal = normalise(text, case_sensitive=self._case_sensitive)
        parts, read = [], 0
        replaced: dict[str, str] = {}
        for word, unspaced in words(normal):
            at = normal.index(word, read)
            unknown = not unspaced and word not in self._weights and word not in replaced
            if unknown and len(replaced) < _MOST and self._may_be_a_slip(word):
                replaced[word] = self._corrected(word)
            parts += [normal[read:at], replaced.get(word, word)]
            read = at + len(word)
        return "".join((*parts, normal[read:]))

    def _may_be_a_slip(self, word: str) -> bool:
        return SHORTEST <= len(word) <= _LONGEST and word.isalpha() and word not in self._real

    def _corrected(self, word: str) -> str:
        found = self._corrections.get(word)
        if found is None:
            if len(self._corrections) >= _CACHED_WORDS:
                self._corrections.clear()
            self._corrections[word] = found = self._nearest(word)
        return found

    def _nearest(self, word: str) -> str:
        edits = self._edits(word)
        ours = [w for w in edits if w in self._weights and len(w) >= SHORTEST]
        if ours:
            return min(ours, key=lambda w: (-self._weights[w], w))
        if parted := self._parted(word):
            return parted
        theirs = [w for w in edits if len(w) >= SHORTEST and w.isalpha() and w in self._real]
        return min(theirs, key=lambda w: (self._real[w], w)) if theirs else word

    def _parted(self, word: str) -> str | None:
        """The word as two of the project's, the commonest if there are several such pairs; None if it is not two."""
        pairs = [(word[:at], word[at:]) for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)]
        known = [pair for pair in pairs if all(part in self._weights for part in pair)]
        if not known:
            return None
        return " ".join(max(known, key=lambda pair: min(self._weights[part] for part in pair)))

    def _edits(self, word: str) -> set[str]:
        splits = [(word[:i], word[i:]) for i in range(len(word) + 1)]
        deleted = {a + b[1:] for a, b in splits if b}
        swapped = {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
        replaced = {a + c + b[1:] for a, b in splits if b for c in self._letters}
        inserted = {a + c + b for a, b in splits for c in self._letters}
        return deleted | swapped | replaced | inserted
