"""Static vectors: a table of word pieces distilled from a sentence encoder, shipped with the package.

`scripts/build_static_vectors.py` makes it; `weights/NOTICE.md` says from what.
"""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.nlu.text import normalise, words
from bot.nlu.vocabulary import Vocabulary

Floats = NDArray[np.float32]

WEIGHTS: Final = Path(__file__).parent / "weights"
SHARE: Final = 0.7
"""The vectors' part of the similarity between two texts; TF-IDF has the rest."""

_PARTS: Final = re.compile(r"[^\W_]+|[\W_]", re.UNICODE)
_CACHED_WORDS: Final = 500
_LONGEST_PIECE: Final = 24


def pieces(word: str, vocabulary: Mapping[str, int]) -> list[int]:
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


class _Table:
    """The shipped table, read where it lies: a process needs few of its rows, and so never holds it whole.

    One for each folder and process (`_open`): the matcher and the entities look up the same words.
    """

    def __init__(self, folder: Path) -> None:
        self.vocabulary = Vocabulary(folder)
        self._steps: Floats = np.load(folder / "steps.npy", allow_pickle=False).astype(np.float32)
        with (folder / "vectors.npy").open("rb") as file:
            np.lib.format.read_magic(file)
            (_, self.width), *_ = np.lib.format.read_array_header_1_0(file)
            self._begin, self._file = file.tell(), os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)
        self._words: dict[str, Floats] = {}

    def word(self, word: str) -> Floats:
        """The sum of the vectors of a word's pieces, shape (width,), remembered."""
        known = self._words.get(word)
        if known is None:
            if len(self._words) >= _CACHED_WORDS:
                self._words.clear()
            self._words[word] = known = self._sum(pieces(word, self.vocabulary))
        return known

    def _sum(self, rows: list[int]) -> Floats:
        """Each row is stored in whole steps; `_steps` says how long a step is."""
        steps = b"".join(os.pread(self._file, self.width, self._begin + row * self.width) for row in rows)
        return self._steps[rows] @ np.frombuffer(steps, np.int8).reshape(-1, self.width).astype(np.float32)


_open = cache(_Table)


class StaticVectors:
    """Features of a text: the sum of its pieces' vectors, scaled to length 1. Opened at first use."""

    version: str = "static-3"

    def __init__(self, folder: Path = WEIGHTS, share: float = SHARE) -> None:
        self.folder = folder
        self.share = share

    @property
    def _table(self) -> _Table:
        return _open(self.folder)

    @property
    def vocabulary(self) -> Mapping[str, int]:
        """The pieces with their rank, commoner ones first. Those that are letters alone are real English words."""
        return self._table.vocabulary

    def features(self, texts: Sequence[str]) -> Floats:
        """Features (len(texts), d); zeros for a text of which nothing is known."""
        return np.stack([self._one(text) for text in texts]) if texts else np.zeros((0, self._table.width), np.float32)

    def _one(self, text: str) -> Floats:
        table = self._table
        found = [table.word(part) for part in parts(text)]
        total = np.sum(found, axis=0) if found else np.zeros(table.width, np.float32)
        length = float(np.sqrt(total @ total))
        return np.asarray(total / np.float32(length) if length else total, np.float32)
