"""Word and character n-grams weighted by TF-IDF: the features that need only the project's own examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from bot.learning import Rows
from bot.nlu.text import char_ngrams, normalise, words

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

_CACHED_WORDS = 500
_WORD_MARK = "\x1f"


def word_features(tokens: Sequence[tuple[str, bool]]) -> list[str]:
    """Words and pairs of neighbouring words, marked so that they never equal a character n-gram."""
    singles = [part for word, unspaced in tokens for part in (word if unspaced else (word,))]
    return [f"{_WORD_MARK}{w}" for w in singles] + [f"{_WORD_MARK}{a} {b}" for a, b in pairwise(singles)]


@dataclass(slots=True)
class Tfidf:
    """Vocabulary and inverse document frequencies of word (1,2)- and `char_wb` (2,5)-grams, words first.

    Each of the two blocks makes up half of the similarity: it is scaled
    separately to the length √½, so that the whole has length 1.
    """

    vocabulary: dict[str, int]
    idf: Floats
    case_sensitive: bool = False
    _ngrams: dict[str, Ints] = field(default_factory=dict, repr=False)
    _first_char_ngram: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._first_char_ngram = sum(g[0] == _WORD_MARK for g in self.vocabulary)

    @classmethod
    def fit(cls, texts: Sequence[str], *, case_sensitive: bool = False, min_count: int = 1) -> Tfidf:
        """Fit to `texts`; n-grams in fewer than `min_count` of them are left out."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(_grams(normalise(text, case_sensitive=case_sensitive)))
        grams = sorted((g for g, c in counts.items() if c >= min_count), key=lambda g: (g[0] != _WORD_MARK, g))
        idf = np.log((1 + len(texts)) / (1 + np.array([counts[g] for g in grams], np.float64))) + 1
        return cls({g: i for i, g in enumerate(grams)}, idf.astype(np.float32), case_sensitive)

    @property
    def width(self) -> int:
        """The number of known n-grams."""
        return len(self.idf)

    def words(self) -> dict[str, float]:
        """The single words among the n-grams, with weights that are higher for commoner ones."""
        singles = ((g, i) for g, i in self.vocabulary.items() if g[0] == _WORD_MARK and " " not in g)
        return {g[1:]: -float(self.idf[i]) for g, i in singles}

    def rows(self, texts: Sequence[str]) -> Rows:
        """The features of many texts, shape (len(texts), width)."""
        return Rows.stack([self.row(t) for t in texts], self.width)

    def row(self, text: str) -> tuple[Ints, Floats]:
        """The features of one text: (indices, weights), indices ascending; both are empty if nothing is known."""
        tokens = words(normalise(text, case_sensitive=self.case_sensitive))
        get = self.vocabulary.get
        known = [i for g in word_features(tokens) if (i := get(g)) is not None]
        indices, counts = _distinct(
            np.concatenate([np.array(known, np.int32), *(self._ngrams_of(w) for w, _ in tokens)])
        )
        weights = (counts * self.idf[indices]).astype(np.float32)
        split = int(np.searchsorted(indices, self._first_char_ngram))
        for block in (slice(split), slice(split, None)):
            length = sqrt(float(weights[block] @ weights[block]))
            if length:
                weights[block] *= np.float32(sqrt(0.5) / length)
        return indices, weights

    def _ngrams_of(self, word: str) -> Ints:
        """The known n-grams of a word, cached."""
        found = self._ngrams.get(word)
        if found is None:
            if len(self._ngrams) >= _CACHED_WORDS:
                self._ngrams.clear()
            get = self.vocabulary.get
            found = np.array([i for g in char_ngrams(word) if (i := get(g)) is not None], np.int32)
            self._ngrams[word] = found
        return found


def _distinct(found: Ints) -> tuple[Ints, NDArray[np.intp]]:
    """The distinct numbers, ascending, and how often each occurs (np.unique takes four times as long)."""
    ordered = np.sort(found)
    bounds = np.flatnonzero(np.concatenate(([len(found) > 0], ordered[1:] != ordered[:-1], [True])))
    return ordered[bounds[:-1]], bounds[1:] - bounds[:-1]


def _grams(normalised: str) -> set[str]:
    tokens = words(normalised)
    grams = set(word_features(tokens))
    for word, _ in tokens:
        grams.update(char_ngrams(word))
    return grams
