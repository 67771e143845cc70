"""The similarities of all examples: held in memory for small data, computed on demand for large."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from bot.learning import Product, Rows, fit_softmax
from bot.nlu.adapter import Adapter
from bot.nlu.features import Floats, Matrix

Indices = NDArray[np.intp]

IN_MEMORY: Final = 4000
"""Up to this many rows, the Gram matrix is kept in memory (64 MB)."""
_L2: Final = 1 / 30
"""Ridge weight times the number of examples (scikit-learn's 1/C)."""


class Kernel:
    """The kernel of `rows`: their similarity plus 1, where the 1 represents a constant feature.

    Up to `in_memory` rows, all similarities are kept in memory; with more, each is computed when needed.
    """

    def __init__(self, rows: Matrix, in_memory: int = IN_MEMORY) -> None:
        self.rows = rows
        self.in_memory = in_memory
        self.small = len(rows) <= in_memory

    def bent(self, adapter: Adapter) -> Kernel:
        """The kernel of the rows as `adapter` bends them; their TF-IDF part is not computed again."""
        dense = adapter.bend(self.rows.dense, self.rows.more)
        if dense is self.rows.dense:
            return self
        other = Kernel(replace(self.rows, dense=dense), self.in_memory)
        if self.small:
            other.sparse_gram = self.sparse_gram
        return other

    @property
    def tolerance(self) -> float:
        """The tolerance of a fit: for large data, where iterations are slow, the largest that keeps the predictions."""
        return 0.01 if self.small else 0.5

    @cached_property
    def sparse_gram(self) -> Floats:
        """TF-IDF's part of the similarities (n, n)."""
        return self.rows.sparse.gram()

    @cached_property
    def gram(self) -> Floats:
        """The similarities (n, n), without the constant."""
        return np.asarray(self.sparse_gram + self.rows.dense @ self.rows.dense.T, np.float32)

    def product(self, rows: Indices | None = None) -> Callable[[Floats], Floats]:
        """A function that multiplies the kernel matrix, of the given rows or of all, by an array (n, k)."""
        if self.small:
            gram = (self.gram if rows is None else self.gram[np.ix_(rows, rows)]) + np.float32(1)
            return lambda right: np.asarray(gram @ right, np.float32)
        features = self.rows if rows is None else self.rows.take(rows)
        sparse, dense = Product(features.sparse), features.dense
        return lambda right: np.asarray(sparse(right) + dense @ (dense.T @ right) + right.sum(axis=0), np.float32)

    def fit(self, labels: Indices, classes: int, rows: Indices | None = None, *, tolerance: float) -> Floats:
        """The dual weights (n, classes) of a softmax regression on the given rows, or on all; `labels` are theirs."""
        return fit_softmax(self.product(rows), labels, classes, l2=_L2 / len(labels), tolerance=tolerance)

    def across(self, rows: Indices, others: Indices) -> Floats:
        """The similarities (rows, others), without the constant."""
        if self.small:
            return self.gram[np.ix_(rows, others)]
        return self.rows.take(rows).across(self.rows.take(others))

    def to_all(self, rows: Indices) -> Floats:
        """The similarities of some rows to all (rows, n), without the constant; repeated calls are quick."""
        return self.gram[rows] if self.small else self.rows.take(rows).across(self.rows, self._transposed)

    @cached_property
    def _transposed(self) -> Rows:
        return self.rows.sparse.transposed()
