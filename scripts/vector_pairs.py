"""The static vectors' parts beyond single pieces: pairs of neighbouring words, and a small network over the sum.

The pieces' rows stay as they were fitted; these parts are fitted to the residual.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from msgspec import Struct
from torch import Tensor
from torch.nn import functional

COUNT = 7_000
LEAST = 12
"""The least number of texts that a pair must occur in."""
EPOCHS = 3
BATCH = 1024
_SHRINKING = 5.0


class Bags(Struct, frozen=True):
    """Lists of numbers, one after another: those of list i are ids[bounds[i] : bounds[i + 1]]."""

    bounds: np.ndarray
    ids: np.ndarray

    @classmethod
    def of(cls, lists: list[list[int]]) -> Bags:
        """The lists, concatenated."""
        bounds = np.concatenate([[0], np.cumsum([len(found) for found in lists])])
        return cls(bounds, np.fromiter((number for found in lists for number in found), np.int64))

    def sums(self, chosen: np.ndarray, table: Tensor) -> Tensor:
        """The sums (chosen, width) of the table's rows whose numbers are in the chosen lists."""
        lengths = self.bounds[chosen + 1] - self.bounds[chosen]
        offsets = np.cumsum(lengths) - lengths
        where = np.repeat(self.bounds[chosen] - offsets, lengths) + np.arange(lengths.sum())
        return functional.embedding_bag(torch.tensor(self.ids[where]), table, torch.tensor(offsets), mode="sum")


def choose(texts: list[list[str]], sums: Tensor, targets: Tensor, weights: np.ndarray) -> list[tuple[str, str]]:
    """The pairs that would most reduce the distance between the texts' `sums` and their `targets`, best first.

    `texts` are lists of words; `weights` (texts,) say how much each text counts. The gain of a
    pair is that of the mean residual of the texts it occurs in, shrunk towards 0 if those are few.
    """
    counts = Counter(pair for words in texts for pair in set(pairwise(words)))
    common = sorted(pair for pair, count in counts.items() if count >= LEAST)
    bags = _bags_of_pairs(texts, common)
    total, mass = torch.zeros(len(common), sums.shape[1]), torch.zeros(len(common))
    for rows in np.array_split(np.arange(len(texts)), len(texts) // BATCH + 1):
        unit = functional.normalize(sums[rows], dim=1)
        residual = targets[rows] * (unit * targets[rows]).sum(1, keepdim=True) - unit
        weight = torch.tensor(weights[rows]).float()
        bounds = bags.bounds[rows[0] : rows[-1] + 2]
        found = torch.tensor(bags.ids[bounds[0] : bounds[-1]])
        row_of = torch.tensor(np.repeat(np.arange(len(rows)), np.diff(bounds)))
        total.index_add_(0, found, (residual * weight[:, None])[row_of])
        mass.index_add_(0, found, weight[row_of])
    gains = (total**2).sum(1) / (mass + _SHRINKING)
    return [common[i] for i in torch.argsort(-gains, stable=True)[:COUNT]]


def _bags_of_pairs(texts: list[list[str]], pairs: list[tuple[str, str]]) -> Bags:
    """The numbers of the pairs that occur in each text."""
    number = {pair: i for i, pair in enumerate(pairs)}
    return Bags.of([[number[pair] for pair in pairwise(words) if pair in number] for words in texts])


def descend(
    found: Callable[[np.ndarray], Tensor], targets: Tensor, rates: list[tuple[list[Tensor], float]], epochs: int
) -> None:
    """Fit the vectors that `found` returns for the numbers of texts to their `targets` (texts, width), by Adam.

    `rates` are lists of parameters with their highest learning rate.
    """
    adam = torch.optim.Adam([{"params": parameters} for parameters, _ in rates])
    batches = len(targets) // BATCH
    highest = [rate for _, rate in rates]
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, highest, total_steps=epochs * batches + 1, pct_start=0.1)
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(targets))[: batches * BATCH].view(-1, BATCH).numpy():
            loss = (1 - (functional.normalize(found(batch), dim=1) * targets[batch]).sum(1)).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch}: mean cosine {1 - total / batches:.4f}", flush=True)


def fit(
    texts: list[list[str]], pairs: list[tuple[str, str]], sums: Tensor, targets: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs' vectors (COUNT, width) and the network (2, width + 1, width), fitted by Adam.

    `sums` are those of the texts' pieces, `targets` the vectors to approximate, both (texts, width).
    """
    bags = _bags_of_pairs(texts, pairs)
    width = sums.shape[1]
    table = torch.nn.Parameter(torch.zeros(len(pairs), width))
    into, out = torch.nn.Linear(width, width), torch.nn.Linear(width, width)
    torch.nn.init.zeros_(out.weight)
    torch.nn.init.zeros_(out.bias)
    scale = width**0.5  # a vector of this length has entries of about 1

    def found(batch: np.ndarray) -> Tensor:
        unit = functional.normalize(sums[batch] + bags.sums(batch, table), dim=1) * scale
        return unit + out(functional.relu(into(unit)))

    descend(found, targets, [([table], 5e-3), ([*into.parameters(), *out.parameters()], 2e-3)], EPOCHS)
    hidden = torch.cat([into.weight.T * scale, into.bias[None]])
    added = torch.cat([out.weight.T, out.bias[None]]) / scale
    return table.detach().numpy(), torch.stack([hidden, added]).detach().numpy()
