"""Softmax regression (multinomial logistic regression) on a kernel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_ITERATIONS = 100
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


class _Step(Struct, frozen=True):
    """One L-BFGS update: the move, the gradient's change, the Gram matrix times each, and their product."""

    move: Floats
    gram_move: Floats
    change: Floats
    gram_change: Floats
    curvature: float


def fit_softmax(
    product: Callable[[Floats], Floats], labels: NDArray[np.intp], classes: int, *, l2: float, tolerance: float
) -> Floats:
    """Softmax regression on a kernel: dual weights (n, classes), so that scores are `product(weights)`.

    `product` multiplies the Gram matrix (n, n) by an (n, classes) array: a
    matrix in memory for small data, and features times their transpose for
    large. Minimises mean cross-entropy + l2/2 · trace(wᵀ gram w) by L-BFGS
    (Nocedal & Wright, Numerical Optimization, algorithm 7.4) in the kernel's
    own inner product. There the gradient is (p − y)/n + l2·w and well
    conditioned, so about twenty products are enough. Stops when the gradient's
    largest entry times n is below `tolerance`.
    """
    n = len(labels)
    target = np.zeros((n, classes), np.float32)
    target[np.arange(n), labels] = 1

    def objective(w: Floats, scores: Floats) -> tuple[float, Floats]:
        logp = log_softmax(scores)
        loss = -float(logp[np.arange(n), labels].mean(dtype=np.float64)) + l2 / 2 * float(np.vdot(w, scores))
        return loss, (np.exp(logp) - target) / np.float32(n) + np.float32(l2) * w

    weights, scores = np.zeros_like(target), np.zeros_like(target)
    value, gradient = objective(weights, scores)
    gram_gradient = product(gradient)
    memory: list[_Step] = []
    for _ in range(_ITERATIONS):
        if float(np.abs(gradient).max()) * n < tolerance:
            break
        direction, moved = _descent(gradient, gram_gradient, memory)
        slope = float(np.vdot(gradient, moved))
        length = 1.0 if memory else min(float(n), 5.0 / max(float(np.abs(moved).max()), 1e-12))
        while True:
            step = np.float32(length)
            new_weights, new_scores = weights + step * direction, scores + step * moved
            new_value, new_gradient = objective(new_weights, new_scores)
            if new_value <= value + _SUFFICIENT_DECREASE * length * slope:
                break
            length /= 2
            if length < _SUFFICIENT_DECREASE:
                return weights  # as close to the optimum as float32 allows
        new_gram_gradient = product(new_gradient)
        change, gram_change = new_gradient - gradient, new_gram_gradient - gram_gradient
        curvature = float(np.vdot(change, step * moved))
        if curvature > 0:
            memory = [*memory[1 - _MEMORY :], _Step(step * direction, step * moved, change, gram_change, curvature)]
        weights, scores, value = new_weights, new_scores, new_value
        gradient, gram_gradient = new_gradient, new_gram_gradient
    return weights


def _descent(gradient: Floats, gram_gradient: Floats, memory: list[_Step]) -> tuple[Floats, Floats]:
    """Minus the approximate inverse Hessian times the gradient (two-loop recursion over `memory`), and gram times that.

    Both are the same combination of vectors whose products with the Gram matrix are known, so none is computed.
    """
    out, gram_out = -gradient, -gram_gradient
    factors = []
    for step in reversed(memory):
        factor = np.float32(float(np.vdot(step.gram_move, out)) / step.curvature)
        out -= factor * step.change
        gram_out -= factor * step.gram_change
        factors.append(factor)
    if memory:
        scale = np.float32(memory[-1].curvature / float(np.vdot(memory[-1].change, memory[-1].gram_change)))
        out *= scale
        gram_out *= scale
    for step, factor in zip(memory, reversed(factors), strict=True):
        rest = factor - np.float32(float(np.vdot(step.gram_change, out)) / step.curvature)
        out += rest * step.move
        gram_out += rest * step.gram_move
    return out, gram_out
