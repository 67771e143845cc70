"""The intent classifier: calibrated softmax regression; keeps the examples in order to report the nearest ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict, replace
from numpy.typing import NDArray

from bot.learning import Rows
from bot.nlu.adapter import Adapter
from bot.nlu.calibration import NEAR, Calibration, calibrate
from bot.nlu.features import Floats, Matrix, Vector
from bot.nlu.kernel import Kernel

_NOTHING: Final = np.zeros((0, 0), np.float32)
_CANDIDATES: Final = 3
"""The nearest examples are searched among those of this many most likely labels."""


class Prediction(Struct, frozen=True):
    """Labels' confidences (labels,), the label order best first, and the nearest examples as (row, similarity).

    `known` is the probability that the message is one of the labels at all.
    """

    confidences: NDArray[np.float64]
    order: NDArray[np.intp]
    nearest: tuple[tuple[int, float], ...]
    known: float


class Classifier(Struct, frozen=True):
    """A fitted classifier. `examples` are bent by `adapter` and sorted by label: those of label j are the rows from
    bounds[j] to bounds[j + 1].
    """

    labels: tuple[str, ...]
    adapter: Adapter
    examples: Matrix
    bounds: NDArray[np.int64]
    sparse_weights: NDArray[np.float16]
    dense_weights: Floats
    bias: Floats
    calibration: Calibration

    @classmethod
    def fit(cls, rows: Matrix, labels: Sequence[str], hints: Sequence[str] = (), *, seed: int) -> Self:
        """Fit to `rows`: examples, sorted by their `labels`, then hints.

        A hint is trained on like an example but is not a user's message,
        for instance the label's name. It is never shown or held out.
        """
        names, numbers = np.unique(np.asarray([*labels, *hints], dtype=object), return_inverse=True)
        n = len(labels)
        kernel = Kernel(rows)
        adapter = Adapter.fit(rows.dense, rows.more, numbers, len(names), seed=seed)
        calibration = calibrate(kernel, numbers, n, seed=seed)
        kernel = kernel.bent(adapter)
        dual = kernel.fit(numbers, len(names), tolerance=kernel.tolerance)
        bounds = np.searchsorted(numbers[:n], np.arange(len(names) + 1)).astype(np.int64)
        sparse = rows.sparse.transposed().dot(dual).astype(np.float16)
        dense = kernel.rows.dense.T @ dual
        examples = replace(kernel.rows.take(np.arange(n)), more=_NOTHING)
        return cls(tuple(names), adapter, examples, bounds, sparse, dense, dual.sum(axis=0), calibration)

    def scores(self, vector: Vector) -> Floats:
        """The labels' scores (labels,) before the softmax, for bent features."""
        sparse = vector.weights @ self.sparse_weights[vector.indices].astype(np.float32)
        return np.asarray(sparse + vector.dense @ self.dense_weights + self.bias, np.float32)

    def predict(self, vector: Vector) -> Prediction:
        """The prediction for one text's features."""
        vector = replace(vector, dense=self.adapter.bend(vector.dense[None], vector.more[None])[0])
        scores = self.scores(vector)
        order = np.argsort(-scores, kind="stable")
        nearest = self.nearest(vector, order[:_CANDIDATES])
        similarity = sum(s for _, s in nearest) / max(1, len(nearest))
        confidences, known = self.calibration.confidences(scores, similarity)
        return Prediction(confidences, order, nearest, known)

    def nearest(self, vector: Vector, labels: NDArray[np.intp]) -> tuple[tuple[int, float], ...]:
        """The nearest examples among those of some labels, as (row, similarity), nearest first."""
        ranges = [(int(self.bounds[label]), int(self.bounds[label + 1])) for label in labels]
        rows = np.concatenate([np.arange(*r) for r in ranges])
        near = self.examples.similarities(vector, ranges)
        best = np.argsort(-near, kind="stable")[:NEAR]
        return tuple((int(rows[i]), float(near[i])) for i in best)

    def dump(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """The facts and arrays to save."""
        facts = {
            "labels": list(self.labels),
            "calibration": asdict(self.calibration),
            "width": self.examples.sparse.width,
        }
        arrays: dict[str, NDArray[Any]] = {
            "indptr": self.examples.sparse.indptr,
            "indices": self.examples.sparse.indices,
            "data": self.examples.sparse.data,
            "dense": self.examples.dense,
            "adapter": self.adapter.weights,
            "bounds": self.bounds,
            "sparse_weights": self.sparse_weights,
            "dense_weights": self.dense_weights,
            "bias": self.bias,
        }
        return facts, arrays

    @classmethod
    def restore(cls, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The classifier that `dump` described."""
        sparse = Rows(arrays["indptr"], arrays["indices"], arrays["data"], facts["width"])
        return cls(
            tuple(facts["labels"]),
            Adapter(arrays["adapter"]),
            Matrix(sparse, arrays["dense"], _NOTHING),
            arrays["bounds"],
            arrays["sparse_weights"],
            arrays["dense_weights"],
            arrays["bias"],
            Calibration(**facts["calibration"]),
        )
