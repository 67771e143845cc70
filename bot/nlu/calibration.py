"""From scores to confidences that hold, learned from messages that the classifier had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from bot.learning import fit_logistic, fit_softmax, sigmoid, softmax
from bot.nlu.kernel import Kernel

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

FOLDS: Final = 5
NEAR: Final = 3
"""How many nearest examples are looked at."""
_TOLERANCE: Final = 0.1
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


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What the classifier says of examples that it did not see in training; arrays of shape (n,), by example."""

    rows: NDArray[np.intp]
    probability: Doubles
    predicted: NDArray[np.intp]
    similarity: Doubles


def held_out(kernel: Kernel, labels: NDArray[np.intp], examples: int, classes: int, *, seed: int, l2: float) -> HeldOut:
    """Predictions of a cross-validation over the first `examples` rows; the others always teach.

    Large data is held out once, a tenth of it, not fold by fold.
    """
    folds = fold_numbers(labels[:examples], seed, FOLDS if kernel.small else 10)
    parts = []
    for fold in range(FOLDS if kernel.small else 1):
        test = np.flatnonzero(folds == fold)
        train = np.append(np.flatnonzero(folds != fold), np.arange(examples, len(labels)))
        if not len(train) or not len(test):
            continue
        dual = fit_softmax(kernel.product(train), labels[train], classes, l2=l2 / len(train), tolerance=_TOLERANCE)
        across = kernel.across(test, train)
        p = softmax(across @ dual + dual.sum(axis=0))
        near = -np.partition(-across, min(NEAR, len(train)) - 1, axis=1)[:, :NEAR].mean(axis=1)
        parts.append((test, p.max(axis=1).astype(np.float64), p.argmax(axis=1), near.astype(np.float64)))
    if not parts:
        return HeldOut(np.empty(0, np.intp), np.empty(0), np.empty(0, np.intp), np.empty(0))
    return HeldOut(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def calibrate(
    kernel: Kernel, labels: NDArray[np.intp], examples: int, classes: int, *, seed: int, l2: float
) -> Calibration:
    """Fit on held-out predictions."""
    found = held_out(kernel, labels, examples, classes, seed=seed, l2=l2)
    if len(found.rows) < _FEWEST:
        return Calibration()
    odds = np.log(found.probability / np.maximum(1 - found.probability, 1e-9))
    right = found.predicted == labels[found.rows]
    margin, nearness, constant = fit_logistic(np.column_stack([odds, found.similarity]), right)
    return Calibration(float(margin), float(nearness), float(constant))


def fold_numbers(labels: NDArray[np.intp], seed: int, folds: int = FOLDS) -> NDArray[np.intp]:
    """A fold for each example, each label's examples spread as evenly as can be; shape (n,)."""
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    ordered = shuffled[np.argsort(labels[shuffled], kind="stable")]
    numbers = np.empty(len(labels), np.intp)
    numbers[ordered] = np.arange(len(labels)) % folds
    return numbers
