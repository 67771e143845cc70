"""From scores to confidences that hold, learned from messages that the classifier had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from bot.learning import fit_logistic, fit_softmax, sigmoid, softmax

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_FOLDS: Final = 5
_NEAR: Final = 3
_FEWEST: Final = 40
"""With fewer held-out messages than this, the calibration of a broad prior is kept."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """P(the best label is right) = σ(margin · log-odds + nearness · similarity + constant).

    The log-odds are those of the softmax's best probability; the similarity
    is the mean to the three nearest examples, which is what tells a message
    of no intent from one of a known intent.
    """

    margin: float = 1.2
    nearness: float = 4.0
    constant: float = 0.5
    threshold: float = 0.3

    def confidence(self, best: Doubles, similarity: Doubles) -> Doubles:
        """Confidences (n,) of best probabilities (n,) and similarities (n,)."""
        odds = np.log(best / np.maximum(1 - best, 1e-9))
        return sigmoid(self.margin * odds + self.nearness * similarity + self.constant)

    def confidences(self, scores: Floats, similarity: float) -> Doubles:
        """All labels' confidences (labels,): the best as calibrated, the others in proportion and never above it."""
        p = np.asarray(softmax(scores), np.float64)
        at = int(np.argmax(p))
        best = float(self.confidence(p[at : at + 1], np.array([similarity]))[0])
        rest = max(1 - float(p[at]), 1e-12)
        out = np.asarray(p * min(1 - best, best * rest / float(p[at])) / rest, np.float64)
        out[at] = best
        return out

    def dump(self) -> dict[str, float]:
        """The numbers to keep."""
        return asdict(self)

    @classmethod
    def restore(cls, facts: Mapping[str, Any]) -> Self:
        """The calibration that `dump` described."""
        return cls(**facts)


def calibrate(gram: Floats, labels: NDArray[np.intp], classes: int, *, seed: int, l2: float) -> Calibration:
    """Fit on held-out predictions of a cross-validation over the Gram matrix (n, n)."""
    folds = fold_numbers(labels, seed)
    best, right, near = np.zeros(len(gram)), np.zeros(len(gram)), np.zeros(len(gram))
    for fold in range(_FOLDS):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if not len(train) or not len(test):
            continue
        inner = gram[np.ix_(train, train)] + 1
        dual = fit_softmax(inner, labels[train], classes, l2=l2 / len(train), tolerance=0.05)
        across = gram[np.ix_(test, train)]
        p = softmax((across + 1) @ dual)
        best[test], right[test] = p.max(axis=1), p.argmax(axis=1) == labels[test]
        near[test] = -np.sort(-across, axis=1)[:, :_NEAR].mean(axis=1)
    if len(gram) < _FEWEST:
        return Calibration()
    odds = np.log(best / np.maximum(1 - best, 1e-9))
    margin, nearness, constant = fit_logistic(np.column_stack([odds, near]), right)
    return Calibration(float(margin), float(nearness), float(constant))


def fold_numbers(labels: NDArray[np.intp], seed: int, folds: int = _FOLDS) -> NDArray[np.intp]:
    """A fold for each example, each label's examples spread as evenly as can be; shape (n,)."""
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    ordered = shuffled[np.argsort(labels[shuffled], kind="stable")]
    numbers = np.empty(len(labels), np.intp)
    numbers[ordered] = np.arange(len(labels)) % folds
    return numbers
