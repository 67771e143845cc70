"""Lookup tables: entries are found word by word, regardless of their number, and misspelt ones on request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.nlu.entities.words import Word, split_words

_POSSESSIVE: Final = "'s"
_FUZZY_LIMIT: Final = 200
"""The number of words of a message in which misspelt entries are searched."""
_MISSPELT_WORDS: Final = 4
"""The maximum number of words of an entry that is found misspelt."""
_SHORTEST_MISSPELT: Final = 4
"""The minimum number of letters for a near match to be meaningful."""
_LETTERS: Final = 37
"""Letters are distinguished by their code points modulo this; a collision only means more comparisons."""
_ROUNDING: Final = 1e-6


class Hit(NamedTuple):
    """A match of the pattern or table `name` at `text[start:end]`; `value` and `score` (0 to 1) for misspelt ones."""

    start: int
    end: int
    name: str
    value: str | None = None
    score: float = 1.0


class Tables:
    """Lookup tables ready to match: a hash of whole entries, so that their number does not affect speed."""

    def __init__(self, tables: Sequence[tuple[str, Sequence[str]]], *, case_sensitive: bool = False) -> None:
        self.case_sensitive = case_sensitive
        self.entries: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        """Table names and entries as written, by the entries' folded words."""
        for name, elements in tables:
            for element in elements:
                words = tuple(word.folded for word in split_words(element))
                if words:
                    self.entries.setdefault(words, []).append((name, element))
        self._sizes = sorted({len(words) for words in self.entries}, reverse=True)

    def find(self, text: str, words: Sequence[Word]) -> Iterator[Hit]:
        """Yield the entries in `text`, without overlaps per table; the longest wins."""
        folded = tuple(word.folded for word in words)
        free: dict[str, int] = {}  # the first word after each table's last entry
        for at, word in enumerate(words):
            for run, ending in self._runs(folded, at):
                behind = at + len(run)
                start, end = word.start, words[behind - 1].end - len(ending)
                for name, element in self.entries.get(run, ()):
                    if free.get(name, 0) <= at and (not self.case_sensitive or text[start:end] == element):
                        free[name] = behind
                        yield Hit(start, end, name)

    def _runs(self, folded: tuple[str, ...], at: int) -> Iterator[tuple[tuple[str, ...], str]]:
        """The runs of words that begin at one of them, longest first, and what was cut off: nothing, or `'s`."""
        for size in self._sizes:
            run = folded[at : at + size]
            if len(run) == size:
                yield run, ""
                if run[-1].endswith(_POSSESSIVE):
                    yield (*run[:-1], run[-1].removesuffix(_POSSESSIVE)), _POSSESSIVE


class MisspeltEntries:
    """Finds misspelt entries: `threshold` (0 to 1) is the minimum share of an entry that must be right.

    Mistakes are insertions, deletions, substitutions and swaps of neighbours
    (optimal string alignment distance). A word in the vocabulary `real` is
    never taken for a misspelt entry. Only entries with about the same length
    and letters are compared.
    """

    def __init__(self, tables: Tables, threshold: float, real: Container[str] = frozenset()) -> None:
        self._threshold = threshold
        self._real = real
        self._entries = {
            " ".join(words): named for words, named in tables.entries.items() if len(words) <= _MISSPELT_WORDS
        }
        self._texts = sorted(self._entries, key=lambda text: (len(text), text))
        self._longest = max((text.count(" ") + 1 for text in self._texts), default=0)
        self._lengths = np.array([len(text) for text in self._texts])
        self._letters = np.zeros((2 * _LETTERS, len(self._texts)), np.uint8)
        for at, text in enumerate(self._texts):
            self._letters[_letters(text), at] = 1
        self._letters_each = self._letters.sum(axis=0)

    def find(self, words: Sequence[Word], hits: Sequence[Hit]) -> Iterator[Hit]:
        """Yield the misspelt entries outside of `hits`, without overlaps, the most similar first."""
        taken = {at for hit in hits for at in range(hit.start, hit.end)}
        similar = sorted(self._similar(words[:_FUZZY_LIMIT], taken), key=lambda found: -found[0].score)
        for hit, entry in similar:
            if taken.isdisjoint(range(hit.start, hit.end)):
                taken.update(range(hit.start, hit.end))
                yield from (hit._replace(name=name, value=element) for name, element in self._entries[entry])

    def _similar(self, words: Sequence[Word], taken: Container[int]) -> Iterator[tuple[Hit, str]]:
        """The runs of words that are similar to an entry, longer ones first, each with the most similar entry."""
        for size in range(self._longest, 0, -1):
            for first in range(len(words) - size + 1):
                run = words[first : first + size]
                if any(word.start in taken for word in run) or (size == 1 and run[0].folded in self._real):
                    continue
                best = self._most_similar(" ".join(word.folded for word in run))
                if best is not None:
                    entry, score = best
                    yield Hit(run[0].start, run[-1].end, "", score=score), entry

    def _most_similar(self, phrase: str) -> tuple[str, float] | None:
        """Return the entry that is most similar to a phrase, and how similar it is (0 to 1)."""
        if len(phrase) < _SHORTEST_MISSPELT:
            return None
        candidates = [self._texts[at] for at in self._candidates(phrase)]
        cutoff = self._threshold - _ROUNDING
        best = process.extractOne(phrase, candidates, scorer=OSA.normalized_similarity, score_cutoff=cutoff)
        return None if best is None else (best[0], best[1])

    def _candidates(self, phrase: str) -> NDArray[np.intp]:
        """The entries whose length and letters are close enough: a mistake changes at most two letters."""
        shortest = len(phrase) * self._threshold - _ROUNDING
        longest = len(phrase) / self._threshold + _ROUNDING
        first, last = np.searchsorted(self._lengths, [shortest, longest])
        own = _letters(phrase)
        common = self._letters[own, first:last].sum(axis=0, dtype=np.uint8)
        differing = self._letters_each[first:last] + len(own) - 2 * common.astype(np.intp)
        lengths = np.maximum(self._lengths[first:last], len(phrase))
        near: NDArray[np.intp] = np.flatnonzero(differing <= 2 * (1 - self._threshold) * lengths + _ROUNDING)
        return near + int(first)


def _letters(text: str) -> list[int]:
    """The numbers of the letters in a text, and further numbers for those that occur more than once."""
    counts = Counter(ord(letter) % _LETTERS for letter in text)
    return [*counts, *(letter + _LETTERS for letter, count in counts.items() if count > 1)]
