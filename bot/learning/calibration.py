"""Calibration: logistic regression for confidences, and measures of how well they match accuracy."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]

_BINS: Final = 15
_CLOSE: Final = 1e-9
"""The largest change of a weight at which they are good enough."""


class ReliabilityBin(Struct, frozen=True):
    """Predictions of similar confidence: their number, their mean confidence, and the share that was right."""

    count: int
    confidence: float
    accuracy: float


def reliability(confidences: ArrayLike, right: ArrayLike) -> tuple[ReliabilityBin, ...]:
    """The bins of a reliability diagram, equally wide in confidence; empty ones are left out."""
    c, r = np.asarray(confidences, np.float64), np.asarray(right, np.float64)
    at = np.minimum((c * _BINS).astype(int), _BINS - 1)
    return tuple(
        ReliabilityBin(int((at == b).sum()), float(c[at == b].mean()), float(r[at == b].mean())) for b in np.unique(at)
    )


def expected_calibration_error(confidences: ArrayLike, right: ArrayLike) -> float:
    """Mean distance between confidence and accuracy over the bins, weighted by size (ECE, Guo et al. 2017)."""
    found = reliability(confidences, right)
    total = sum(b.count for b in found)
    return sum(b.count * abs(b.confidence - b.accuracy) for b in found) / total if total else 0.0


def fit_logistic(
    features: Doubles,
    right: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    prior: ArrayLike | None = None,
    strength: ArrayLike = 1e-2,
) -> Doubles:
    """Weights (d + 1,) of a logistic regression, the constant last, by Newton's method (Platt's scaling).

    `features` is (n, d), `right` (n,) of 0 and 1, `weights` (n,) the weight
    of each example. The result is regularised towards `prior` (d + 1,; zeros)
    as by a normal distribution of precision `strength`, so that with few
    examples it stays near the prior.
    """
    x = np.column_stack([features, np.ones(len(features))])
    y = np.asarray(right, np.float64)
    sample = np.ones(len(y)) if weights is None else np.asarray(weights, np.float64)
    centre = np.zeros(x.shape[1]) if prior is None else np.asarray(prior, np.float64)
    pull = np.broadcast_to(np.asarray(strength, np.float64), centre.shape)

    def loss(w: Doubles) -> float:
        scores = x @ w
        return float(sample @ (np.logaddexp(0, scores) - y * scores) + pull @ (w - centre) ** 2 / 2)

    w, lowest = centre, loss(centre)
    for _ in range(50):
        p = sigmoid(x @ w)
        gradient = x.T @ (sample * (p - y)) + pull * (w - centre)
        hessian = (x * (sample * (p * (1 - p) + 1e-9))[:, None]).T @ x + np.diag(pull)
        move = np.linalg.solve(hessian, gradient)
        # Far from the minimum a full step may lead away from it (the curvature there is too small).
        while (new := loss(w - move)) > lowest and float(np.abs(move).max()) >= _CLOSE:
            move /= 2
        w, lowest = w - move, new
        if float(np.abs(move).max()) < _CLOSE:
            break
    return w


def sigmoid(x: Doubles) -> Doubles:
    """The logistic function, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)), np.float64)
