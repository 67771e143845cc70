"""A text's features: TF-IDF joined with dense vectors, each scaled so that two equal texts have similarity 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from heapq import nsmallest
from math import sqrt

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from bot.errors import PLUGIN_FAILURES, ConfigurationError
from bot.learning import Rows
from bot.nlu.components import ComponentFailed, Featurizer, Layered, Monolingual
from bot.nlu.spelling import Spelling
from bot.nlu.tfidf import Tfidf
from bot.nlu.vectors import SHARE, StaticVectors, parts

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

_LEAST_SHARE = 0.1
"""If plugins' features leave no more than this share, the static vectors are left out."""
_ROUNDING = 1e-6
_COMMONEST = 300
_ENGLISH = 2 / 3
"""If at least this share of a project's commonest words is English, so is the project: the share was 84 % or more in
the English projects that were examined, and 54 % or less in fifteen other languages."""


class Vector(Struct, frozen=True):
    """One text's features: TF-IDF as (indices, weights), `dense` (d,), and `more` (e,), for the adapter only."""

    indices: Ints
    weights: Floats
    dense: Floats
    more: Floats


class Matrix(Struct, frozen=True):
    """Many texts' features: `sparse` (n, vocabulary), `dense` (n, d), and `more` (n, e), for the adapter only."""

    sparse: Rows
    dense: Floats
    more: Floats

    def __len__(self) -> int:
        return len(self.sparse)

    def take(self, rows: NDArray[np.intp]) -> Matrix:
        """The given rows, in that order."""
        return Matrix(self.sparse.take(rows), self.dense[rows], self.more[rows])

    def across(self, others: Matrix, columns: Rows | None = None) -> Floats:
        """The similarities to all rows of `others`, shape (n, others); `columns` is its sparse part transposed."""
        columns = others.sparse.transposed() if columns is None else columns
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
        entries = [slice(bounds[start], bounds[stop]) for start, stop in ranges]
        weights = query[np.concatenate([self.sparse.indices[part] for part in entries])]
        products = np.concatenate([self.sparse.data[part] for part in entries]) * weights
        sums = np.zeros(len(lengths), np.float32)
        filled = np.flatnonzero(lengths)  # reduceat cannot handle empty rows
        if len(filled):
            starts = np.cumsum(lengths) - lengths
            sums[filled] = np.add.reduceat(products, starts[filled])
        return sums


class Features:
    """Computes features from a fitted `tfidf` and dense `sources`, whose shares are their part of the similarity.

    A text unknown to the sources (an emoji, another script) has n-grams only. `spelling` corrects messages before
    features are computed; examples are used as they are. `left_out` are for another language than the examples'.
    `columns` are how many each source returned in training (None before that); a message must have as many.
    """

    def __init__(
        self,
        tfidf: Tfidf,
        sources: Sequence[Featurizer] = (),
        spelling: Spelling | None = None,
        *,
        left_out: Sequence[Monolingual] = (),
        columns: Sequence[int] | None = None,
    ) -> None:
        self.tfidf = tfidf
        self.left_out = tuple(left_out)
        self.sources = tuple(sources)
        self.columns = columns
        self.spelling = spelling
        self._tfidf_scale = np.float32(sqrt(max(0.0, 1 - sum(s.share for s in self.sources))))

    def of(self, texts: Sequence[str]) -> Matrix:
        """The features of many examples; raises ComponentFailed if a source fails."""
        sparse = self.tfidf.rows(texts)
        dense, more = self._dense(texts)
        scales = np.where(dense.any(axis=1), self._tfidf_scale, np.float32(1))
        data = sparse.data * np.repeat(scales, np.diff(sparse.indptr))
        return Matrix(Rows(sparse.indptr, sparse.indices, data, sparse.width), dense, more)

    def one(self, message: str) -> Vector:
        """The features of one message, its misspelt words corrected; raises ComponentFailed as `of` does."""
        text = self.spelling.correct(message) if self.spelling else message
        indices, weights = self.tfidf.row(text)
        dense, more = self._dense([text])
        scaled = weights * self._tfidf_scale if dense.any() else weights
        return Vector(indices, scaled, dense[0], more[0])

    def _dense(self, texts: Sequence[str]) -> tuple[Floats, Floats]:
        """The sources' vectors, and the other columns they return."""
        vectors, more = [np.zeros((len(texts), 0), np.float32)], [np.zeros((len(texts), 0), np.float32)]
        columns: Sequence[int | None] = self.columns or [None] * len(self.sources)
        results = [_features(source, texts, count) for source, count in zip(self.sources, columns, strict=True)]
        if self.columns is None:
            self.columns = [result.shape[1] for result in results]
        for source, width, result in zip(self.sources, self._widths, results, strict=True):
            scaled = result * np.float32(sqrt(source.share))
            vectors.append(scaled[:, :width])
            if width is not None:
                more.append(scaled[:, width:])
        return np.concatenate(vectors, axis=1), np.concatenate(more, axis=1)

    @cached_property
    def _widths(self) -> list[int | None]:
        """How many of each source's columns are its vector, None for all; cached, since checking a protocol is slow."""
        return [source.width if isinstance(source, Layered) else None for source in self.sources]


def _features(source: Featurizer, texts: Sequence[str], columns: int | None) -> Floats:
    """The source's result; raises ComponentFailed if it fails, or returns other than `columns` columns (None: any)."""
    try:
        return _checked(source.features(texts), len(texts), columns)
    except PLUGIN_FAILURES as error:  # most sources are plugins'
        raise ComponentFailed([(type(source).__name__, error)]) from error


def _checked(result: object, rows: int, columns: int | None) -> Floats:
    """A featurizer's result in single precision; raises TypeError or ValueError if it is not valid."""
    if not isinstance(result, np.ndarray):
        raise TypeError(f"`features` returned a {type(result).__name__}, not an array")
    if result.ndim != 2 or len(result) != rows:
        raise ValueError(f"`features` returned the shape {result.shape} for texts ({rows},), not ({rows}, d)")
    if columns is not None and result.shape[1] != columns:
        raise ValueError(f"`features` returned {result.shape[1]} columns, but {columns} when the matcher was trained")
    single: Floats = result.astype(np.float32, copy=False)
    if not np.isfinite(single).all():
        raise ValueError("`features` returned numbers that are not finite")
    return single


def make_features(
    tfidf: Tfidf, featurizers: Sequence[Featurizer], language: str, columns: Sequence[int] | None = None
) -> Features:
    """The features from a fitted `tfidf`, plugins' featurizers, and the static vectors with the share those leave.

    Featurizers for another language would only mislead and are left out: if none remains, only n-grams are used.
    Raises ConfigurationError if the plugins' shares add up to more than 1.
    """
    words, static = tfidf.words(), StaticVectors()
    if language == "en" and not _are_known(words, static.vocabulary):
        language = ""  # the examples are in another language, whichever it is
    left_out = [f for f in (*featurizers, static) if isinstance(f, Monolingual) and f.language != language]
    used = [f for f in featurizers if f not in left_out]
    total = sum(f.share for f in used)
    if total > 1 + _ROUNDING:
        names = " and ".join(type(featurizer).__name__ for featurizer in used)
        raise ConfigurationError([f"config.yml: the shares of {names} add up to {total:g}; they can be at most 1"])
    static.share = SHARE - total
    if static not in left_out and static.share > _LEAST_SHARE:
        used.append(static)
    real_words = static.vocabulary if language == static.language else {}
    spelling = Spelling(words, real_words, case_sensitive=tfidf.case_sensitive)
    return Features(tfidf, used, spelling, left_out=left_out, columns=columns)


def _are_known(weights: Mapping[str, float], vocabulary: Mapping[str, int]) -> bool:
    """Whether most of the commonest words (those of greatest weight) are in the vocabulary, with every part whole."""
    commonest = nsmallest(_COMMONEST, (w for w in weights if w.isalpha()), key=lambda w: (-weights[w], w))
    known = sum(all(part in vocabulary for part in parts(word)) for word in commonest)
    return known >= _ENGLISH * len(commonest)
