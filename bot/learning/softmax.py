"""Softmax regression (multinomial logistic regression) on a Gram matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_MEMORY = 8
_SUFFICIENT_DECREASE = 1e-4


def log_softmax(scores: Floats) -> Floats:
    """Logarithm of the softmax over the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), scores.dtype)


def softmax(scores: Floats) -> Floats:
    """Softmax over the last axis; rows sum to 1."""
    exp = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exp / exp.sum(axis=-1, keepdims=True), scores.dtype)


@dataclass(frozen=True, slots=True)
class _Step:
    """One L-BFGS update: the move, gram @ move, the gradient's change, gram @ change, and their product."""

    move: Floats
    gram_move: Floats
    change: Floats
    gram_change: Floats
    curvature: float


def fit_softmax(
    gram: Floats, labels: NDArray[np.intp], classes: int, *, l2: float, iterations: int = 100, tolerance: float = 1e-2
) -> Floats:
    """Softmax regression with kernel `gram` (n, n): dual weights (n, classes), so that scores are `gram @ weights`.

    Minimises mean cross-entropy + l2/2 · trace(wᵀ gram w) by L-BFGS (Nocedal
    & Wright, Numerical Optimization, algorithm 7.4) in the kernel's own inner
    product. There the gradient is (p − y)/n + l2·w, which needs no product
    with `gram` and is well conditioned, so that some twenty iterations do.
    Stops when the gradient's largest entry times n is below `tolerance`.
    """
    n = len(gram)
    target = np.zeros((n, classes), np.float32)
    target[np.arange(n), labels] = 1

    def objective(w: Floats, scores: Floats) -> tuple[float, Floats]:
        logp = log_softmax(scores)
        loss = -float(logp[np.arange(n), labels].mean(dtype=np.float64)) + l2 / 2 * float(np.vdot(w, scores))
        return loss, (np.exp(logp) - target) / np.float32(n) + np.float32(l2) * w

    weights, scores = np.zeros_like(target), np.zeros_like(target)
    value, gradient = objective(weights, scores)
    memory: list[_Step] = []
    for _ in range(iterations):
        if float(np.abs(gradient).max()) * n < tolerance:
            break
        direction = -_inverse_hessian(gradient, memory)
        moved = gram @ direction
        slope = float(np.vdot(gradient, moved))
        length = 1.0 if memory else min(float(n), 5.0 / max(float(np.abs(moved).max()), 1e-12))
        while True:
            step = np.float32(length)
            new_weights, new_scores = weights + step * direction, scores + step * moved
            new_value, new_gradient = objective(new_weights, new_scores)
            if new_value <= value + _SUFFICIENT_DECREASE * length * slope or length < _SUFFICIENT_DECREASE:
                break
            length /= 2
        change = new_gradient - gradient
        curvature = float(np.vdot(change, step * moved))
        if curvature > 0:
            memory = [*memory[1 - _MEMORY :], _Step(step * direction, step * moved, change, gram @ change, curvature)]
        weights, scores, value, gradient = new_weights, new_scores, new_value, new_gradient
    return weights


def _inverse_hessian(gradient: Floats, memory: list[_Step]) -> Floats:
    """The two-loop recursion: the inverse Hessian, as `memory` knows it, times the gradient."""
    out = gradient.copy()
    factors = []
    for step in reversed(memory):
        factors.append(float(np.vdot(step.gram_move, out)) / step.curvature)
        out -= np.float32(factors[-1]) * step.change
    if memory:
        last = memory[-1]
        out *= np.float32(last.curvature / float(np.vdot(last.change, last.gram_change)))
    for step, factor in zip(memory, reversed(factors), strict=True):
        out += np.float32(factor - float(np.vdot(step.gram_change, out)) / step.curvature) * step.move
    return out
