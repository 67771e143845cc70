"""A text's features: TF-IDF joined with dense vectors, each scaled so that two equal texts have similarity 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from heapq import nsmallest
from math import sqrt

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from bot.learning import Rows
from bot.nlu.components import ComponentFailed, Featurizer, Layered, Monolingual
from bot.nlu.spelling import Spelling
from bot.nlu.tfidf import Tfidf
from bot.nlu.vectors import SHARE, StaticVectors, parts

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

_LEAST_SHARE = 0.1
"""With less room than this beside plugins' features, the static vectors are left out."""
_LOOKED_AT = 300
_ENGLISH = 2 / 3
"""So many of a project's commonest words are English ones where it is in English: 84 % and more of those that were
looked at, and 54 % and less in fifteen other languages."""


class Vector(Struct, frozen=True):
    """One text's features: TF-IDF as (indices, weights), `dense` (d,), and `more` (e,), for the adapter alone."""

    indices: Ints
    weights: Floats
    dense: Floats
    more: Floats

    @property
    def known(self) -> bool:
        """Whether anything in the text is known at all."""
        return len(self.indices) > 0 or bool(self.dense.any())


class Matrix(Struct, frozen=True):
    """Many texts' features: `sparse` (n, vocabulary), `dense` (n, d), and `more` (n, e), for the adapter alone."""

    sparse: Rows
    dense: Floats
    more: Floats

    def __len__(self) -> int:
        return len(self.sparse)

    def take(self, rows: NDArray[np.intp]) -> Matrix:
        """The given rows, in that order."""
        return Matrix(self.sparse.take(rows), self.dense[rows], self.more[rows])

    def across(self, others: Matrix) -> Floats:
        """The similarities to all rows of `others`, shape (n, others)."""
        columns = others.sparse.transposed()
        similar = self.dense @ others.dense.T
        for i in range(len(self)):
            for column, weight in zip(*self.sparse[i], strict=True):
                where, data = columns[int(column)]
                similar[i, where] += weight * data
        return similar

    def similarities(self, vector: Vector, ranges: Sequence[tuple[int, int]]) -> Floats:
        """The similarities of one text to the rows of the ranges (start, stop), one after another."""
        query = np.zeros(self.sparse.width, np.float32)
        query[vector.indices] = vector.weights
        dense = np.concatenate([self.dense[slice(*r)] @ vector.dense for r in ranges])
        return np.asarray(self._sparse_part(query, ranges) + dense, np.float32)

    def _sparse_part(self, query: Floats, ranges: Sequence[tuple[int, int]]) -> Floats:
        bounds = self.sparse.indptr
        lengths = np.concatenate([bounds[start + 1 : stop + 1] - bounds[start:stop] for start, stop in ranges])
        held = [slice(bounds[start], bounds[stop]) for start, stop in ranges]
        weights = query[np.concatenate([self.sparse.indices[part] for part in held])]
        products = np.concatenate([self.sparse.data[part] for part in held]) * weights
        sums, full = np.zeros(len(lengths), np.float32), np.flatnonzero(lengths)  # reduceat knows no empty rows
        if len(full):
            sums[full] = np.add.reduceat(products, (np.cumsum(lengths) - lengths)[full])
        return sums


class Features:
    """Makes features: a fitted `tfidf` and dense `sources`, whose shares are their part of the similarity.

    `spelling` mends messages before they are read; examples teach as they are. `left_out` know another language than
    the examples'.
    """

    def __init__(
        self,
        tfidf: Tfidf,
        sources: Sequence[Featurizer] = (),
        spelling: Spelling | None = None,
        *,
        left_out: Sequence[Monolingual] = (),
    ) -> None:
        self.tfidf = tfidf
        self.left_out = tuple(left_out)
        self.sources = tuple(sources)
        self.spelling = spelling
        self._tfidf_scale = np.float32(sqrt(max(0.0, 1 - sum(s.share for s in self.sources))))

    def of(self, texts: Sequence[str]) -> Matrix:
        """The features of many examples."""
        sparse = self.tfidf.rows(texts)
        scaled = Rows(sparse.indptr, sparse.indices, sparse.data * self._tfidf_scale, sparse.width)
        return Matrix(scaled, *self._dense(texts))

    def one(self, message: str) -> Vector:
        """The features of one message, its misspelt words mended."""
        text = self.spelling.correct(message) if self.spelling else message
        indices, weights = self.tfidf.row(text)
        dense, more = self._dense([text])
        return Vector(indices, weights * self._tfidf_scale, dense[0], more[0])

    def _dense(self, texts: Sequence[str]) -> tuple[Floats, Floats]:
        """The sources' vectors, and what more columns they give."""
        vectors, more = [np.zeros((len(texts), 0), np.float32)], [np.zeros((len(texts), 0), np.float32)]
        for source, width in zip(self.sources, self._widths, strict=True):
            found = _features(source, texts) * np.float32(sqrt(source.share))
            vectors.append(found[:, :width])
            if width is not None:
                more.append(found[:, width:])
        return np.concatenate(vectors, axis=1), np.concatenate(more, axis=1)

    @cached_property
    def _widths(self) -> list[int | None]:
        """How many columns of each source's are its vector, None for all; to ask a protocol takes as long as to add."""
        return [source.width if isinstance(source, Layered) else None for source in self.sources]


def _features(source: Featurizer, texts: Sequence[str]) -> Floats:
    try:
        return source.features(texts)
    except (Exception, SystemExit) as error:  # most are plugins'
        raise ComponentFailed([(type(source).__name__, error)]) from error


def make_features(tfidf: Tfidf, featurizers: Sequence[Featurizer], language: str) -> Features:
    """The features of a fitted `tfidf`, of plugins' featurizers, and of the static vectors in what room those leave.

    Those that know another language only mislead: where none is left, texts are told apart by n-grams alone.
    """
    words, static = tfidf.words(), StaticVectors()
    spoken = _spoken(language, words, static.vocabulary)
    left_out = [f for f in (*featurizers, static) if isinstance(f, Monolingual) and f.language != spoken]
    used = [f for f in featurizers if f not in left_out]
    static.share = SHARE - sum(f.share for f in used)
    if static not in left_out and static.share > _LEAST_SHARE:
        used.append(static)
    real = static.vocabulary if spoken == static.language else {}
    spelling = Spelling(words, real, case_sensitive=tfidf.case_sensitive)
    return Features(tfidf, used, spelling, left_out=left_out)


def _spoken(language: str, weights: Mapping[str, float], english: Mapping[str, int]) -> str:
    """The code of the examples' language, without its region; none where it is said to be English and is not."""
    code = language.partition("-")[0].partition("_")[0]
    return code if code != "en" or _are_known(weights, english) else ""


def _are_known(weights: Mapping[str, float], vocabulary: Mapping[str, int]) -> bool:
    """Whether most of the commonest words (of greatest weight) are in the vocabulary, each part of them whole."""
    commonest = nsmallest(_LOOKED_AT, (w for w in weights if w.isalpha()), key=lambda w: (-weights[w], w))
    known = sum(all(part in vocabulary for part in parts(word)) for word in commonest)
    return known >= _ENGLISH * len(commonest)
