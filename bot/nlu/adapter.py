"""Bends dense vectors towards a project's intents: differences that matter in its examples get more weight."""

from __future__ import annotations

from typing import Final, Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SCALE: Final = 7.0
"""The factor for cosines before the softmax; a lower one bends less."""
_EPOCHS: Final = 6
_STEPS: Final = 40
"""The maximum number of steps: with many examples the classifier learns what matters itself, and more bending harms."""
_BATCH: Final = 256
_RATE: Final = 1e-3
_MEAN_DECAY: Final = 0.9
_SQUARE_DECAY: Final = 0.99
_SMALLEST: Final = 1e-6


class Adapter(Struct, frozen=True):
    """Adds to a text's vector a linear map of it and of any other columns for the text; its length stays the same.

    `weights` is (d + e, d), for vectors (d,) and e more columns; (0, d) if there are none.
    """

    weights: Floats

    @classmethod
    def fit(cls, dense: Floats, more: Floats, labels: NDArray[np.intp], classes: int, *, seed: int) -> Self:
        """Fit to the vectors `dense` (n, d) and `more` (n, e) of examples with the given labels.

        Minimises the cross-entropy of a softmax over the cosines to the
        labels' mean vectors, which stay fixed (prototypical networks,
        Snell et al. 2017), with Adam (Kingma & Ba 2015), starting from the
        identity; the small number of steps is the only regularisation. If
        `more` has no columns the vectors are left unchanged: bending helps
        only by using those.
        """
        if not more.shape[1]:
            return cls(np.zeros((0, dense.shape[1]), np.float32))
        rng = np.random.default_rng(seed)
        inputs = np.concatenate([dense, more], axis=1)
        prototypes = np.zeros((classes, dense.shape[1]), np.float32)
        np.add.at(prototypes, labels, dense)
        prototypes *= np.float32(_SCALE) / _lengths(prototypes)
        weights = np.zeros((inputs.shape[1], dense.shape[1]), np.float32)
        mean, square = np.zeros_like(weights), np.zeros_like(weights)
        batches = _batches(len(labels), rng)
        for step, batch in enumerate(batches):
            gradient = _gradient(inputs[batch], dense[batch], weights, prototypes, labels[batch])
            mean += np.float32(1 - _MEAN_DECAY) * (gradient - mean)
            square += np.float32(1 - _SQUARE_DECAY) * (gradient * gradient - square)
            rate = np.float32(_RATE * (1 - step / len(batches)) / (1 - _MEAN_DECAY ** (step + 1)))
            unbiased_square = square / np.float32(1 - _SQUARE_DECAY ** (step + 1))
            weights -= rate * mean / (np.sqrt(unbiased_square) + np.float32(1e-8))
        return cls(weights)

    def bend(self, dense: Floats, more: Floats) -> Floats:
        """The bent vectors (n, d) of `dense` (n, d) and `more` (n, e)."""
        if not len(self.weights):
            return dense
        width = dense.shape[1]
        moved = dense + dense @ self.weights[:width] + more @ self.weights[width:]
        scale = np.linalg.norm(dense, axis=1, keepdims=True) / _lengths(moved)
        return np.asarray(moved * scale, np.float32)


def _batches(rows: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """The rows of each step: all of them in another order in each epoch, until there are enough steps."""
    batches: list[NDArray[np.intp]] = []
    for _ in range(_EPOCHS):
        order = rng.permutation(rows)
        batches += [order[start : start + _BATCH] for start in range(0, rows, _BATCH)]
    return batches[:_STEPS]


def _gradient(inputs: Floats, dense: Floats, weights: Floats, prototypes: Floats, labels: NDArray[np.intp]) -> Floats:
    """The gradient of the mean cross-entropy with respect to `weights`."""
    moved = dense + inputs @ weights
    lengths = _lengths(moved)
    units = moved / lengths
    scores = units @ prototypes.T
    errors = np.exp(scores - scores.max(axis=1, keepdims=True))
    errors /= errors.sum(axis=1, keepdims=True)
    errors[np.arange(len(labels)), labels] -= 1
    pull = errors @ prototypes
    pull -= units * (pull * units).sum(axis=1, keepdims=True)
    return np.asarray(inputs.T @ (pull / (lengths * np.float32(len(labels)))), np.float32)


def _lengths(rows: Floats) -> Floats:
    return np.asarray(np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _SMALLEST), np.float32)
