"""Static vectors: word pieces, pairs of words and a small network, distilled from a sentence encoder and shipped with
the package.

`scripts/build_static_vectors.py` builds them; `weights/NOTICE.md` lists the sources.
"""

from __future__ import annotations

import math
import os
import re
import weakref
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
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
_CACHED_PAIRS: Final = 500
_LONGEST_PIECE: Final = 24


def pieces(word: str, vocabulary: Mapping[str, int]) -> list[int]:
    """WordPiece: the longest known pieces of `word` from the left; characters that are in none are skipped.

    Wu et al. 2016 (arXiv:1609.08144), in the form of BERT's vocabulary:
    pieces that continue a word begin with `##`.
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
    """The words of a text as the table has them: apostrophes and underscores are separate."""
    return [part for word, _ in words(normalise(text)) for part in _PARTS.findall(word)]


class _Table:
    """The shipped table, read row by row from its file: a process needs few rows, so it never loads the whole table.

    There is one per process (`_table`): the matcher and the entities look up the same words.
    """

    def __init__(self) -> None:
        self.vocabulary = Vocabulary(WEIGHTS)
        self._steps: Floats = np.load(WEIGHTS / "steps.npy", allow_pickle=False).astype(np.float32)
        with (WEIGHTS / "vectors.npy").open("rb") as file:
            np.lib.format.read_magic(file)
            (_, self.width), *_ = np.lib.format.read_array_header_1_0(file)
            self._begin, self._file = file.tell(), os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)
        self.word = lru_cache(_CACHED_WORDS)(self._sum_of_pieces)
        """The sum of the vectors of a word's pieces, shape (width,), cached."""
        self._row_of_pair = lru_cache(_CACHED_PAIRS)(self._find_pair)

    def pairs(self, words: Sequence[str]) -> Floats | None:
        """The sum of the vectors of neighbouring pairs of words, shape (width,); None if no pair is known."""
        rows = [row for row in map(self._row_of_pair, words, words[1:]) if row is not None]
        return self._sum(rows) if rows else None

    def _sum_of_pieces(self, word: str) -> Floats:
        return self._sum(pieces(word, self.vocabulary))

    def _find_pair(self, word: str, following: str) -> int | None:
        return self.vocabulary.get(f"{word} {following}")

    def _sum(self, rows: list[int]) -> Floats:
        """Add up rows, which are stored as whole numbers of steps; `_steps` has each row's step size."""
        steps = b"".join([os.pread(self._file, self.width, self._begin + row * self.width) for row in rows])
        return self._steps[rows] @ np.frombuffer(steps, np.int8).reshape(-1, self.width).astype(np.float32)


class _Network:
    """The joint meaning of words beyond their sum: one hidden layer over a text's vector, with its output added to it.

    A deep averaging network (Iyyer et al. 2015). `network.npy` is (2, width + 1, width): the weights into the
    hidden layer and out of it, each with its bias as the last row.
    """

    def __init__(self) -> None:
        into, out = np.load(WEIGHTS / "network.npy", allow_pickle=False).astype(np.float32)
        self._into, self._into_bias, self._out, self._out_bias = into[:-1], into[-1], out[:-1], out[-1]

    def __call__(self, vector: Floats) -> Floats:
        hidden = np.maximum(vector @ self._into + self._into_bias, np.float32(0))
        return np.asarray(vector + hidden @ self._out + self._out_bias, np.float32)


_table = cache(_Table)
_network = cache(_Network)


class StaticVectors:
    """Features of a text: the sum of its pieces' and pairs' vectors, through the network, scaled to length 1.

    The files are opened at first use.
    """

    version: str = "static-4"
    language: str = "en"

    def __init__(self) -> None:
        self.share = SHARE

    @property
    def vocabulary(self) -> Mapping[str, int]:
        """The pieces with their rank, commonest first, then the pairs, each with a space between its words.

        Entries of letters only are real English words.
        """
        return _table().vocabulary

    def features(self, texts: Sequence[str]) -> Floats:
        """Features (len(texts), d); zeros for a text with no known piece."""
        return np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), _table().width)

    def apart(self, text: str) -> Floats:
        """The sum of the vectors of the text's pieces only, shape (d,), of length 1; zeros if none is known."""
        return _unit(self._sum(parts(text)))

    def _vector(self, text: str) -> Floats:
        split = parts(text)
        words, pairs = self._sum(split), _table().pairs(split)
        together = _unit(words if pairs is None else words + pairs)
        return _unit(_network()(together)) if together.any() else together

    def _sum(self, words: Sequence[str]) -> Floats:
        table = _table()
        vectors = [table.word(word) for word in words] or [np.zeros(table.width, np.float32)]
        return np.asarray(np.add.reduce(vectors), np.float32)


def _unit(vector: Floats) -> Floats:
    length = math.sqrt(vector @ vector)
    return np.asarray(vector / np.float32(length) if length else vector, np.float32)
