"""Sparse matrices in numpy: just what TF-IDF features need, without scipy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

_FREQUENT = 48
"""Columns with more entries than this are multiplied densely, as the number of pairs of entries grows quadratically."""
_BLOCK = 1024
_FULL = 0.05


class Rows(Struct, frozen=True):
    """A sparse matrix by rows: row i has `indices[indptr[i]:indptr[i + 1]]` (int32) and the same slice of `data`."""

    indptr: NDArray[np.int64]
    indices: Ints
    data: Floats
    width: int

    @classmethod
    def stack(cls, rows: Sequence[tuple[Ints, Floats]], width: int) -> Rows:
        """Rows from (indices, data) pairs."""
        indptr = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(i) for i, _ in rows], out=indptr[1:])
        if not rows:
            return cls(indptr, np.empty(0, np.int32), np.empty(0, np.float32), width)
        indices, data = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        return cls(indptr, indices.astype(np.int32, copy=False), data.astype(np.float32, copy=False), width)

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def row_of(self) -> NDArray[np.intp]:
        """The row of each entry, shape (entries,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def take(self, rows: NDArray[np.intp]) -> Rows:
        """The given rows, in that order."""
        return Rows.stack([self[int(i)] for i in rows], self.width)

    def __getitem__(self, i: int) -> tuple[Ints, Floats]:
        part = slice(self.indptr[i], self.indptr[i + 1])
        return self.indices[part], self.data[part]

    def column_counts(self) -> NDArray[np.intp]:
        """The number of rows with an entry in each column, shape (width,); a row must not have a column twice."""
        return np.bincount(self.indices, minlength=self.width)

    def keep(self, columns: NDArray[np.intp]) -> Rows:
        """The given columns (ascending), renumbered from 0."""
        new = np.full(self.width, -1, np.int32)
        new[columns] = np.arange(len(columns), dtype=np.int32)
        indices = new[self.indices]
        kept = indices >= 0
        indptr = np.zeros(len(self) + 1, np.int64)
        np.cumsum(np.bincount(self.row_of[kept], minlength=len(self)), out=indptr[1:])
        return Rows(indptr, indices[kept], self.data[kept], len(columns))

    def dense(self) -> Floats:
        """The matrix as a dense array of shape (rows, width)."""
        full = np.zeros((len(self), self.width), np.float32)
        full[self.row_of, self.indices] = self.data
        return full

    def dot(self, weights: Floats) -> Floats:
        """`self @ weights`, shape (rows, weights.shape[1])."""
        out = np.zeros((len(self), weights.shape[1]), np.float32)
        for i in range(len(self)):
            indices, data = self[i]
            out[i] = data @ weights[indices]
        return out

    def transposed(self) -> Rows:
        """The transposed matrix."""
        order = np.argsort(self.indices, kind="stable")
        indptr = np.zeros(self.width + 1, np.int64)
        np.cumsum(self.column_counts(), out=indptr[1:])
        return Rows(indptr, self.row_of[order].astype(np.int32), self.data[order], len(self))

    def gram(self) -> Floats:
        """`self @ self.T`, shape (rows, rows).

        A column with one entry contributes only to the diagonal; frequent
        columns are multiplied as dense blocks; the pairs of others are summed.
        """
        n = len(self)
        counts = self.column_counts()
        norms = np.bincount(self.row_of, weights=self.data.astype(np.float64) ** 2, minlength=n)
        frequent = np.flatnonzero(counts > _FREQUENT)
        gram = np.zeros((n, n), np.float32)
        for start in range(0, len(frequent), _BLOCK):
            block = self.keep(frequent[start : start + _BLOCK]).dense()
            gram += block @ block.T
        pairs = self.keep(np.flatnonzero((counts > 1) & (counts <= _FREQUENT))).transposed()
        _add_pairs(gram, pairs)
        np.fill_diagonal(gram, norms)
        return gram


def _add_pairs(gram: Floats, columns: Rows) -> None:
    """Add to `gram` the products of every two entries that share a column; columns of equal length are batched."""
    n = len(gram)
    lengths = np.diff(columns.indptr)
    flat, products = [np.empty(0, np.int64)], [np.empty(0, np.float64)]
    for length in np.unique(lengths):
        starts = columns.indptr[:-1][lengths == length]
        at = starts[:, None] + np.arange(length)
        rows, data = columns.indices[at].astype(np.int64), columns.data[at].astype(np.float64)
        flat.append((rows[:, :, None] * n + rows[:, None, :]).ravel())
        products.append((data[:, :, None] * data[:, None, :]).ravel())
    total = np.bincount(np.concatenate(flat), weights=np.concatenate(products), minlength=n * n)
    gram += total.reshape(n, n).astype(np.float32)


class Product:
    """`rows @ rows.T` as an operator, for so many rows that a Gram matrix would not fit in memory.

    Columns that are at least 5 % full are multiplied as a dense block.
    """

    def __init__(self, rows: Rows) -> None:
        counts = rows.column_counts()
        self._dense = rows.keep(np.flatnonzero(counts >= _FULL * len(rows))).dense()
        self._rows = rows.keep(np.flatnonzero((counts < _FULL * len(rows)) & (counts > 1)))
        self._columns = self._rows.transposed()
        alone = rows.keep(np.flatnonzero((counts == 1) & (counts < _FULL * len(rows))))
        self._diagonal = np.bincount(alone.row_of, weights=alone.data**2, minlength=len(rows)).astype(np.float32)

    def __call__(self, right: Floats) -> Floats:
        """The product with `right`, both of shape (rows, k)."""
        out = self._dense @ (self._dense.T @ right)
        out += self._rows.dot(self._columns.dot(right))
        out += self._diagonal[:, None] * right
        return out
