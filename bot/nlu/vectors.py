"""Static vectors: a table of word pieces distilled from a sentence encoder, shipped with the package.

`scripts/build_static_vectors.py` makes it; `weights/NOTICE.md` says from what.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.nlu.text import normalise, words

Floats = NDArray[np.float32]

WEIGHTS: Final = Path(__file__).parent / "weights"
SHARE: Final = 0.7
"""The vectors' part of the similarity between two texts; TF-IDF has the rest."""

_PARTS: Final = re.compile(r"[^\W_]+|[\W_]", re.UNICODE)
_CACHED_WORDS: Final = 2_000
_LONGEST_PIECE: Final = 24


def pieces(word: str, vocabulary: dict[str, int]) -> list[int]:
    """WordPiece: the longest known pieces of `word` from the left; characters that are in none are skipped.

    Wu et al. 2016 (arXiv:1609.08144), as BERT's vocabulary has it: pieces
    that continue a word begin with `##`.
    """
    found: list[int] = []
    start = 0
    while start < len(word):
        prefix = "##" if start else ""
        for end in range(min(len(word), start + _LONGEST_PIECE), start, -1):
            number = vocabulary.get(prefix + word[start:end])
            if number is not None:
                found.append(number)
                start = end
                break
        else:
            start += 1
    return found


def parts(text: str) -> list[str]:
    """The words of a text as the table knows them: apostrophes and underscores stand alone."""
    return [part for word, _ in words(normalise(text)) for part in _PARTS.findall(word)]


class StaticVectors:
    """Features of a text: the sum of its pieces' vectors, scaled to length 1. Opened at first use."""

    version: str = "static-3"

    def __init__(self, folder: Path = WEIGHTS, share: float = SHARE) -> None:
        self.folder = folder
        self.share = share
        self._words: dict[str, Floats] = {}

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        return {w: i for i, w in enumerate((self.folder / "vocabulary.txt").read_text("utf-8").split("\n"))}

    @cached_property
    def _table(self) -> NDArray[np.int8]:
        """The vectors (pieces, d) in steps of `_steps`."""
        return np.asarray(np.load(self.folder / "vectors.npy", mmap_mode="r", allow_pickle=False), np.int8)

    @cached_property
    def _steps(self) -> Floats:
        """How long a step is for each piece, shape (pieces,)."""
        return np.asarray(np.load(self.folder / "steps.npy", allow_pickle=False), np.float32)

    def words(self) -> dict[str, int]:
        """The whole words of the vocabulary with their rank, commoner ones first: real English words."""
        return {w: i for w, i in self._vocabulary.items() if w.isalpha()}

    def features(self, texts: Sequence[str]) -> Floats:
        """Features (len(texts), d); zeros for a text of which nothing is known."""
        return (
            np.stack([self._one(text) for text in texts]) if texts else np.zeros((0, self._table.shape[1]), np.float32)
        )

    def _one(self, text: str) -> Floats:
        found = [self._word(part) for part in parts(text)]
        total = np.sum(found, axis=0) if found else np.zeros(self._table.shape[1], np.float32)
        length = float(np.sqrt(total @ total))
        return np.asarray(total / np.float32(length) if length else total, np.float32)

    def _word(self, word: str) -> Floats:
        """The sum of a word's pieces, remembered."""
        known = self._words.get(word)
        if known is None:
            if len(self._words) >= _CACHED_WORDS:
                self._words.clear()
            rows = pieces(word, self._vocabulary)
            self._words[word] = known = np.asarray(self._steps[rows] @ self._table[rows].astype(np.float32), np.float32)
        return known
