"""Turns scores into calibrated confidences, fitted on messages that the classifier has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, log, tanh
from typing import Any, Final, Self, TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict, replace
from numpy.typing import NDArray

from bot.learning import fit_logistic, fit_softmax, softmax
from bot.nlu.adapter import Adapter
from bot.nlu.kernel import Kernel

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

FOLDS: Final = 5
NEAR: Final = 3
"""How many nearest examples are used."""
_TOLERANCE: Final = 0.1
_NEVER: Final = -1e4
_FEWEST: Final = 40
"""With fewer held-out messages than this, the threshold stays at that of a typical project."""
_FEWEST_RIGHT: Final = 10
"""Likewise with fewer correctly classified ones than this."""
_HIGHEST: Final = 0.95
"""The highest threshold, however high the held-out confidences: near-identical examples make all of them high."""
_STRENGTH: Final = (5.0, 5.0, 2.0)
"""How strongly slopes and constants are shrunk towards those of a typical project (precision of a normal prior)."""
_OUTSIDERS: Final = 0.03
"""The share of messages that are assumed to belong to no intent."""
_LOST_TO_SCOPE: Final = 0.015
_LOST: Final = 0.025
"""At most these shares of the correctly classified held-out messages may fall back: as outsiders, and in total; at
least two and three of them may, since with few examples held-out ones are classified worse than real messages."""


Judged: TypeAlias = tuple[float, float, float]
"""The best probability, the second best, and the mean similarity to the nearest examples."""


class Calibration(Struct, frozen=True):
    """Confidence = P(right, if it is one of the intents) · P(it is one of the intents).

    The first is Platt scaling of the best probability's log-odds and of
    the logarithm of its margin, the ratio to the second best. The second
    uses the best probability times the squared mean similarity to the
    three nearest examples, which reveals messages of no intent.
    A message falls back when the second is below `scope` or the confidence is
    below `threshold`; `kept`, `misunderstood` and `outsiders` are the effect
    on held-out messages: the share of correct ones that are kept, and of wrong
    ones and of those of unknown intents that fall back.
    """

    odds: float = 0.5
    margin: float = 1.15
    constant: float = 0.2
    sureness: float = 1.1
    familiar: float = 6.2
    scope: float = 0.9
    threshold: float = 0.3
    held_out: int = 0
    kept: float = 1.0
    misunderstood: float = 0.0
    outsiders: float = 0.0

    def confidence(self, judged: Judged) -> float:
        """The confidence in the best label."""
        odds, margin = _decision(judged)
        return _sigmoid(self.odds * odds + self.margin * margin + self.constant) * self.known(judged)

    def known(self, judged: Judged) -> float:
        """The probability that the message is one of the intents at all."""
        return _sigmoid(self.sureness * _familiarity(judged) + self.familiar)

    def confidences(self, scores: Floats, similarity: float) -> tuple[Doubles, float]:
        """All labels' confidences (labels,), and the probability that the message is one of them at all.

        The best label's is the calibrated one; the others are in proportion to each other and never above it.
        """
        p = np.exp(scores.astype(np.float64) - float(scores.max()))
        p /= p.sum()
        at = int(p.argmax())
        first, p[at] = float(p[at]), 0.0
        second = float(p.max())
        judged = (first, second, similarity)
        best, rest = self.confidence(judged), max(1 - first, 1e-12)
        p *= min(1 - best, best * rest / first) / rest
        p[at] = best
        return p, self.known(judged)

    def dump(self) -> dict[str, float]:
        """The numbers to save."""
        return asdict(self)

    @classmethod
    def restore(cls, facts: Mapping[str, Any]) -> Self:
        """The calibration that `dump` described."""
        return cls(**facts)


def _sigmoid(x: float) -> float:
    return 0.5 + 0.5 * tanh(x / 2)


def _decision(judged: Judged) -> tuple[float, float]:
    """How clear the decision for the best label is: its log-odds, and the logarithm of its ratio to the second best."""
    first, second, _ = judged
    return log(first / max(1 - first, 1e-6)), log(first / max(second, 1e-6))


def _familiarity(judged: Judged) -> float:
    """How similar the message is to any of the intents."""
    first, _, similarity = judged
    return log(first) + 2 * log(max(similarity, 0.01))


class HeldOut(Struct, frozen=True):
    """The classifier's output for examples that it did not see in training: inside[i] is that for row rows[i].

    `outside` is what the output would be if the example's own intent did not exist.
    """

    rows: NDArray[np.intp]
    predicted: NDArray[np.intp]
    inside: tuple[Judged, ...]
    outside: tuple[Judged, ...]


def held_out(kernel: Kernel, labels: NDArray[np.intp], examples: int, classes: int, *, seed: int, l2: float) -> HeldOut:
    """Predictions of a cross-validation over the first `examples` rows; the other rows are always trained on.

    Of large data sets only a single tenth is held out, instead of every fold in turn.
    """
    folds = fold_numbers(labels[:examples], seed, FOLDS if kernel.small else 10)
    parts = []
    for fold in range(FOLDS if kernel.small else 1):
        test, train = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if len(train) and len(test):
            taught = np.append(train, np.arange(examples, len(labels)))
            rows = kernel.rows
            adapter = Adapter.fit(rows.dense[taught], rows.more[taught], labels[taught], classes, seed=seed)
            bent = kernel.bent(adapter)
            tolerance = max(_TOLERANCE, kernel.tolerance)
            dual = fit_softmax(bent.product(taught), labels[taught], classes, l2=l2 / len(taught), tolerance=tolerance)
            across = bent.across(test, taught)
            scores = across @ dual + dual.sum(axis=0)
            parts.append((test, *_judge(scores, across[:, : len(train)], labels[test], labels[train])))
    return HeldOut(
        np.concatenate([np.empty(0, np.intp), *(rows for rows, *_ in parts)]),
        np.concatenate([np.empty(0, np.intp), *(predicted for _, predicted, *_ in parts)]),
        tuple(judged for _, _, inside, _ in parts for judged in inside),
        tuple(judged for _, _, _, outside in parts for judged in outside),
    )


def _judge(
    scores: Floats, near: Floats, labels: NDArray[np.intp], train: NDArray[np.intp]
) -> tuple[NDArray[np.intp], list[Judged], list[Judged]]:
    """The predictions, judged as they are and as if the right intent did not exist."""
    without = scores.copy()
    without[np.arange(len(labels)), labels] = _NEVER
    others = np.where(train == labels[:, None], np.float32(0), near)
    return scores.argmax(axis=1), _judged(scores, near), _judged(without, others)


def _judged(scores: Floats, near: Floats) -> list[Judged]:
    p = np.sort(softmax(scores), axis=1)
    second = p[:, -2] if p.shape[1] > 1 else np.zeros(len(p), np.float32)
    return list(zip(p[:, -1].tolist(), second.tolist(), _nearness(near).tolist(), strict=True))


def _nearness(similarities: Floats) -> Floats:
    """The mean of each row's few largest similarities."""
    count = min(NEAR, similarities.shape[1])
    return np.asarray(np.sort(similarities, axis=1)[:, -count:].mean(axis=1), np.float32)


def calibrate(
    kernel: Kernel, labels: NDArray[np.intp], examples: int, classes: int, *, seed: int, l2: float
) -> Calibration:
    """Fit the calibration on held-out predictions, and choose the thresholds with them."""
    found = held_out(kernel, labels, examples, classes, seed=seed, l2=l2)
    n, typical = len(found.rows), Calibration()
    if not n or classes < 3:
        return typical
    right = found.predicted == labels[found.rows]
    decisions = np.array([_decision(j) for j in found.inside])
    prior = (typical.odds, typical.margin, typical.constant)
    odds, margin, constant = fit_logistic(decisions, right, prior=prior, strength=_STRENGTH)
    familiarity = np.array([[_familiarity(j)] for j in [*found.inside, *found.outside]])
    inside = np.repeat([1.0, 0.0], n)
    weights = np.repeat([1 - _OUTSIDERS, _OUTSIDERS], n)
    known = (typical.sureness, typical.familiar)
    sureness, familiar = fit_logistic(familiarity, inside, weights, prior=known, strength=_STRENGTH[1:])
    fitted = Calibration(float(odds), float(margin), float(constant), float(sureness), float(familiar))
    return _with_thresholds(fitted, found, right) if n >= _FEWEST else fitted


def _with_thresholds(fitted: Calibration, found: HeldOut, right: NDArray[np.bool_]) -> Calibration:
    """Choose `scope` against outsiders, then `threshold` against misclassified messages."""
    inside, outside = (
        [(fitted.known(j), fitted.confidence(j)) for j in part] for part in (found.inside, found.outside)
    )
    known, sure = np.array(inside).T
    outer_known, outer_sure = np.array(outside).T
    if right.sum() < _FEWEST_RIGHT:
        return fitted
    few = 1 / float(right.sum())
    scope = _threshold(known[right], outer_known, max(_LOST_TO_SCOPE, 2 * few))
    stays = known >= scope
    lost = float((~stays[right]).mean())
    threshold = _threshold(sure[right & stays], sure[~right & stays], max(_LOST, 3 * few) - lost)
    kept, outer = stays & (sure >= threshold), (outer_known >= scope) & (outer_sure >= threshold)
    return replace(
        fitted,
        scope=scope,
        threshold=threshold,
        held_out=len(right),
        kept=float(kept[right].mean()),
        misunderstood=float((~kept[~right]).mean()) if not right.all() else 0.0,
        outsiders=float((~outer).mean()),
    )


def _threshold(good: Doubles, bad: Doubles, lost: float) -> float:
    """The value that best separates good from bad (Youden's index), with at most a share `lost` of good ones below."""
    grid = np.unique(np.quantile(good, np.linspace(0, min(max(lost, 0.0), 1.0), 26), method="lower"))
    gains = [(good >= t).mean() - ((bad >= t).mean() if len(bad) else 0.0) for t in grid]
    # Rounded down, so that values equal to it pass, and never so high that only copies of examples do.
    return min(floor(float(grid[int(np.argmax(gains))]) * 1e4) / 1e4, _HIGHEST)


def fold_numbers(labels: NDArray[np.intp], seed: int, folds: int = FOLDS) -> NDArray[np.intp]:
    """A fold for each example, with each label's examples spread as evenly as possible; shape (n,)."""
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    ordered = shuffled[np.argsort(labels[shuffled], kind="stable")]
    numbers = np.empty(len(labels), np.intp)
    numbers[ordered] = np.arange(len(labels)) % folds
    return numbers
