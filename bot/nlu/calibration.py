"""From scores to confidences that hold, learned from messages that the classifier had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import log, tanh
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from bot.learning import fit_logistic, fit_softmax, softmax
from bot.nlu.kernel import Kernel

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

FOLDS: Final = 5
NEAR: Final = 3
"""How many nearest examples are looked at."""
_TOLERANCE: Final = 0.1
_FEWEST: Final = 40
"""With fewer held-out messages than this, calibration and threshold stay those of a typical project."""
_OUTSIDERS: Final = 0.03
"""The share of messages that are taken to belong to no intent."""
_LOST: Final = 0.04
"""At most this share of rightly understood held-out messages may fall back under the threshold that is chosen."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Confidence = P(right, if it is one of the intents) · P(it is one of the intents).

    The first is Platt's scaling of the best probability's log-odds. The
    second looks at the best probability times the squared mean similarity to
    the three nearest examples, which is what gives away a message of no intent.
    `kept`, `misunderstood` and `outsiders` say what `threshold` did to held-out
    messages: the share of right ones that stay, and of wrong ones and of those
    of unknown intents that fall back.
    """

    margin: float = 1.4
    constant: float = 1.8
    sureness: float = 1.5
    familiar: float = 6.5
    threshold: float = 0.3
    held_out: int = 0
    kept: float = 1.0
    misunderstood: float = 0.0
    outsiders: float = 0.0

    def confidence(self, best: float, similarity: float) -> float:
        """The confidence of a best probability and a similarity."""
        right = self.margin * _log_odds(best) + self.constant
        known = self.sureness * _familiarity(best, similarity) + self.familiar
        return 0.25 * (1 + tanh(right / 2)) * (1 + tanh(known / 2))  # σ(right) · σ(known), without overflow

    def confidences(self, scores: Floats, similarity: float) -> Doubles:
        """All labels' confidences (labels,): the best as calibrated, the others in proportion and never above it."""
        p = np.exp(scores.astype(np.float64) - float(scores.max()))
        p /= p.sum()
        at = int(p.argmax())
        first = float(p[at])
        best, rest = self.confidence(first, similarity), max(1 - first, 1e-12)
        p *= min(1 - best, best * rest / first) / rest
        p[at] = best
        return p

    def dump(self) -> dict[str, float]:
        """The numbers to keep."""
        return asdict(self)

    @classmethod
    def restore(cls, facts: Mapping[str, Any]) -> Self:
        """The calibration that `dump` described."""
        return cls(**facts)


def _log_odds(best: float) -> float:
    return log(best / max(1 - best, 1e-6))


def _familiarity(best: float, similarity: float) -> float:
    return log(best) + 2 * log(max(similarity, 0.01))


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What the classifier says of examples that it did not see in training; arrays of shape (n,), by example.

    The `outside_` ones are what it would say if the example's own intent did not exist.
    """

    rows: NDArray[np.intp]
    predicted: NDArray[np.intp]
    probability: Doubles
    similarity: Doubles
    outside_probability: Doubles
    outside_similarity: Doubles

    def inside(self) -> list[tuple[float, float]]:
        """(probability, similarity) as the examples are."""
        return list(zip(self.probability.tolist(), self.similarity.tolist(), strict=True))

    def outside(self) -> list[tuple[float, float]]:
        """(probability, similarity) as if the examples' own intents did not exist."""
        return list(zip(self.outside_probability.tolist(), self.outside_similarity.tolist(), strict=True))


def held_out(kernel: Kernel, labels: NDArray[np.intp], examples: int, classes: int, *, seed: int, l2: float) -> HeldOut:
    """Predictions of a cross-validation over the first `examples` rows; the others always teach.

    Large data is held out once, a tenth of it, not fold by fold.
    """
    folds = fold_numbers(labels[:examples], seed, FOLDS if kernel.small else 10)
    parts = []
    for fold in range(FOLDS if kernel.small else 1):
        test, train = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if len(train) and len(test):
            taught = np.append(train, np.arange(examples, len(labels)))
            dual = fit_softmax(
                kernel.product(taught), labels[taught], classes, l2=l2 / len(taught), tolerance=_TOLERANCE
            )
            across = kernel.across(test, taught)
            scores = across @ dual + dual.sum(axis=0)
            parts.append((test, *_judge(scores, across[:, : len(train)], labels[test], labels[train])))
    columns = zip(*parts, strict=True) if parts else [[np.empty(0)]] * 6
    rows, predicted, *rest = (np.concatenate(list(column)) for column in columns)
    return HeldOut(rows.astype(np.intp), predicted.astype(np.intp), *(r.astype(np.float64) for r in rest))


def _judge(
    scores: Floats, near: Floats, labels: NDArray[np.intp], train: NDArray[np.intp]
) -> tuple[NDArray[np.intp], Floats, Floats, Floats, Floats]:
    """Prediction, probability and similarity, and the last two again as if the right intent did not exist."""
    p = softmax(scores)
    without = scores.copy()
    without[np.arange(len(labels)), labels] = -np.inf
    others = np.where(train == labels[:, None], np.float32(0), near)
    with np.errstate(invalid="ignore"):
        q = np.nan_to_num(softmax(without), nan=1.0)
    return p.argmax(axis=1), p.max(axis=1), _nearness(near), q.max(axis=1), _nearness(others)


def _nearness(similarities: Floats) -> Floats:
    """The mean of each row's few largest similarities."""
    count = min(NEAR, similarities.shape[1])
    return np.asarray(np.sort(similarities, axis=1)[:, -count:].mean(axis=1), np.float32)


def calibrate(
    kernel: Kernel, labels: NDArray[np.intp], examples: int, classes: int, *, seed: int, l2: float
) -> Calibration:
    """Fit on held-out predictions, and choose the threshold on them."""
    found = held_out(kernel, labels, examples, classes, seed=seed, l2=l2)
    n = len(found.rows)
    if n < _FEWEST or classes < 3:
        return Calibration()
    right = found.predicted == labels[found.rows]
    odds = np.array([[_log_odds(p)] for p in found.probability])
    margin, constant = fit_logistic(odds, right)
    pairs = [*found.inside(), *found.outside()]
    familiarity = np.array([[_familiarity(p, s)] for p, s in pairs])
    inside = np.repeat([1.0, 0.0], n)
    weights = np.repeat([1 - _OUTSIDERS, _OUTSIDERS], n)
    sureness, familiar = fit_logistic(familiarity, inside, weights)
    fitted = Calibration(float(margin), float(constant), max(float(sureness), 0.5), float(familiar), held_out=n)
    return _with_threshold(fitted, found, right)


def _with_threshold(fitted: Calibration, found: HeldOut, right: NDArray[np.bool_]) -> Calibration:
    """The threshold that tells right answers best from wrong ones and outsiders, losing few of the right ones.

    Youden's index: the share of the right ones above it, less the share of the others above it.
    """
    inside = np.array([fitted.confidence(p, s) for p, s in found.inside()])
    outside = np.array([fitted.confidence(p, s) for p, s in found.outside()])
    good, bad = inside[right], np.concatenate([inside[~right], outside])
    if not len(good):
        return fitted
    grid = np.arange(0.05, 0.96, 0.01)
    kept, refused = (np.array([(part >= t).mean() for t in grid]) for part in (good, bad))
    allowed = np.where(kept >= 1 - _LOST, kept - refused, -1.0)
    t = float(grid[int(np.argmax(allowed))]) if allowed.max() > -1 else float(grid[0])
    wrong = float((inside[~right] < t).mean()) if (~right).any() else 0.0
    facts = {"threshold": round(t, 2), "kept": float((good >= t).mean()), "misunderstood": wrong}
    return Calibration(**{**asdict(fitted), **facts, "outsiders": float((outside < t).mean())})


def fold_numbers(labels: NDArray[np.intp], seed: int, folds: int = FOLDS) -> NDArray[np.intp]:
    """A fold for each example, each label's examples spread as evenly as can be; shape (n,)."""
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    ordered = shuffled[np.argsort(labels[shuffled], kind="stable")]
    numbers = np.empty(len(labels), np.intp)
    numbers[ordered] = np.arange(len(labels)) % folds
    return numbers
