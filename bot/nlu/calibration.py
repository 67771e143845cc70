"""Turns scores into calibrated confidences, fitted on messages that the classifier has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log, tanh
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from bot.learning import fit_logistic, softmax
from bot.nlu.adapter import Adapter
from bot.nlu.kernel import Indices, Kernel

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_FOLDS: Final = 5
_LARGE_DATA_FOLDS: Final = 10
"""Of large data sets only one of this many parts is held out, instead of every part in turn."""
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


class Evidence(Struct, frozen=True):
    """What a confidence is computed from: the two highest probabilities, and the mean similarity to the nearest."""

    best: float
    second: float
    similarity: float

    def decision(self) -> tuple[float, float]:
        """How clear the best label is: its log-odds, and the logarithm of its ratio to the second best."""
        return log(self.best / max(1 - self.best, 1e-6)), log(self.best / max(self.second, 1e-6))

    def familiarity(self) -> float:
        """How similar the message is to any of the intents."""
        return log(self.best) + 2 * log(max(self.similarity, 0.01))


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

    def confidence(self, evidence: Evidence) -> float:
        """The confidence in the best label."""
        odds, margin = evidence.decision()
        return _sigmoid(self.odds * odds + self.margin * margin + self.constant) * self.known(evidence)

    def known(self, evidence: Evidence) -> float:
        """The probability that the message is one of the intents at all."""
        return _sigmoid(self.sureness * evidence.familiarity() + self.familiar)

    def confidences(self, scores: Floats, similarity: float) -> tuple[Doubles, float]:
        """All labels' confidences (labels,), and the probability that the message is one of them at all.

        The best label's is the calibrated one; the others are in proportion to each other and never above it.
        """
        p = np.exp(scores.astype(np.float64) - float(scores.max()))
        p /= p.sum()
        likeliest = int(p.argmax())
        best = float(p[likeliest])
        p[likeliest] = 0.0
        evidence = Evidence(best, float(p.max()), similarity)
        confidence, others = self.confidence(evidence), max(1 - best, 1e-12)
        p *= min(1 - confidence, confidence * others / best) / others
        p[likeliest] = confidence
        return p, self.known(evidence)


def _sigmoid(x: float) -> float:
    return 0.5 + 0.5 * tanh(x / 2)


class HeldOut(Struct, frozen=True):
    """The classifier's output for examples that it did not see in training: inside[i] is that for row rows[i].

    `outside` is what the output would be if the example's own intent did not exist.
    """

    rows: Indices
    predicted: Indices
    inside: tuple[Evidence, ...]
    outside: tuple[Evidence, ...]

    def joined(self, other: HeldOut) -> HeldOut:
        """These, then the other ones."""
        return HeldOut(
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.predicted, other.predicted]),
            self.inside + other.inside,
            self.outside + other.outside,
        )


def held_out(kernel: Kernel, labels: Indices, examples: int, *, seed: int) -> HeldOut:
    """Predictions of a cross-validation over the first `examples` rows; the other rows are always trained on."""
    folds, used = (_FOLDS, _FOLDS) if kernel.small else (_LARGE_DATA_FOLDS, 1)
    numbers = fold_numbers(labels[:examples], seed, folds)
    found = HeldOut(np.empty(0, np.intp), np.empty(0, np.intp), (), ())
    for fold in range(used):
        test, train = np.flatnonzero(numbers == fold), np.flatnonzero(numbers != fold)
        if len(train) and len(test):
            taught = np.append(train, np.arange(examples, len(labels)))
            scores, similarities = _predict(kernel, labels, taught, test, seed)
            found = found.joined(_compare(scores, similarities[:, : len(train)], labels, train, test))
    return found


def _predict(kernel: Kernel, labels: Indices, taught: Indices, test: Indices, seed: int) -> tuple[Floats, Floats]:
    """The scores (test, labels) by a classifier trained on the rows `taught`, and the similarities (test, taught)."""
    rows, classes = kernel.rows, int(labels.max()) + 1
    bent = kernel.bent(Adapter.fit(rows.dense[taught], rows.more[taught], labels[taught], classes, seed=seed))
    dual = bent.fit(labels[taught], classes, taught, tolerance=max(_TOLERANCE, kernel.tolerance))
    similarities = bent.across(test, taught)
    return similarities @ dual + dual.sum(axis=0), similarities


def _compare(scores: Floats, similarities: Floats, labels: Indices, train: Indices, test: Indices) -> HeldOut:
    """The predictions for the rows `test`, as they are and as if each row's own label did not exist."""
    expected = labels[test]
    other_scores = scores.copy()
    other_scores[np.arange(len(test)), expected] = _NEVER
    to_others = np.where(labels[train] == expected[:, None], np.float32(0), similarities)
    inside, outside = _evidence(scores, similarities), _evidence(other_scores, to_others)
    return HeldOut(test, scores.argmax(axis=1), inside, outside)


def _evidence(scores: Floats, similarities: Floats) -> tuple[Evidence, ...]:
    p = np.sort(softmax(scores), axis=1)
    second = p[:, -2] if p.shape[1] > 1 else np.zeros(len(p), np.float32)
    return tuple(map(Evidence, p[:, -1].tolist(), second.tolist(), _nearness(similarities).tolist()))


def _nearness(similarities: Floats) -> Floats:
    """The mean of each row's few largest similarities."""
    count = min(NEAR, similarities.shape[1])
    return np.asarray(np.sort(similarities, axis=1)[:, -count:].mean(axis=1), np.float32)


def calibrate(kernel: Kernel, labels: Indices, examples: int, *, seed: int) -> Calibration:
    """Fit the calibration on held-out predictions (see `held_out`), and choose the thresholds with them."""
    found = held_out(kernel, labels, examples, seed=seed)
    n, typical = len(found.rows), Calibration()
    if not n or labels.max() < 2:
        return typical
    right = found.predicted == labels[found.rows]
    decisions = np.array([evidence.decision() for evidence in found.inside])
    prior = (typical.odds, typical.margin, typical.constant)
    odds, margin, constant = fit_logistic(decisions, right, prior=prior, strength=_STRENGTH)
    familiarity = np.array([[evidence.familiarity()] for evidence in (*found.inside, *found.outside)])
    inside = np.repeat([1.0, 0.0], n)
    weights = np.repeat([1 - _OUTSIDERS, _OUTSIDERS], n)
    known = (typical.sureness, typical.familiar)
    sureness, familiar = fit_logistic(familiarity, inside, weights, prior=known, strength=_STRENGTH[1:])
    fitted = Calibration(float(odds), float(margin), float(constant), float(sureness), float(familiar))
    return _with_thresholds(fitted, found, right) if n >= _FEWEST else fitted


def _with_thresholds(fitted: Calibration, found: HeldOut, right: NDArray[np.bool_]) -> Calibration:
    """Choose `scope` against outsiders, then `threshold` against misclassified messages."""
    if right.sum() < _FEWEST_RIGHT:
        return fitted
    known, confidence = _known_and_confidence(fitted, found.inside)
    outer_known, outer_confidence = _known_and_confidence(fitted, found.outside)
    one_message = 1 / float(right.sum())
    scope = _threshold(known[right], outer_known, max(_LOST_TO_SCOPE, 2 * one_message))
    stays = known >= scope
    lost = float((~stays[right]).mean())
    threshold = _threshold(confidence[right & stays], confidence[~right & stays], max(_LOST, 3 * one_message) - lost)
    kept = stays & (confidence >= threshold)
    outer_kept = (outer_known >= scope) & (outer_confidence >= threshold)
    return replace(
        fitted,
        scope=scope,
        threshold=threshold,
        held_out=len(right),
        kept=float(kept[right].mean()),
        misunderstood=0.0 if right.all() else float((~kept[~right]).mean()),
        outsiders=float((~outer_kept).mean()),
    )


def _known_and_confidence(fitted: Calibration, messages: Sequence[Evidence]) -> tuple[Doubles, Doubles]:
    """For each message, the probability that it is one of the intents at all, and the confidence in the best."""
    return np.array([fitted.known(m) for m in messages]), np.array([fitted.confidence(m) for m in messages])


def _threshold(good: Doubles, bad: Doubles, lost: float) -> float:
    """The value that best separates good from bad (Youden's index), with at most a share `lost` of good ones below."""
    grid = np.unique(np.quantile(good, np.linspace(0, min(max(lost, 0.0), 1.0), 26), method="lower"))
    gains = [_share_from(t, good) - _share_from(t, bad) for t in grid]
    best = float(grid[int(np.argmax(gains))])
    # Rounded down, so that values equal to it pass, and never so high that only copies of examples do.
    return min(floor(best * 1e4) / 1e4, _HIGHEST)


def _share_from(threshold: float, values: Doubles) -> float:
    """The share of the values that are at least the threshold."""
    return float((values >= threshold).mean()) if len(values) else 0.0


def fold_numbers(labels: Indices, seed: int, folds: int) -> Indices:
    """A fold for each example, with each label's examples spread as evenly as possible; shape (n,)."""
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    ordered = shuffled[np.argsort(labels[shuffled], kind="stable")]
    numbers = np.empty(len(labels), np.intp)
    numbers[ordered] = np.arange(len(labels)) % folds
    return numbers
