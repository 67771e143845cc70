"""Batches of tokenized texts for encoders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

BATCH = 128


def padded(tokens: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token numbers (n, length), padded with zeros, and the mask (n, length) of where there are tokens."""
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(found) for found in tokens], batch_first=True)
    return ids, torch.arange(ids.shape[1])[None] < torch.tensor([len(found) for found in tokens])[:, None]


def by_length(tokens: Sequence[Sequence[int]]) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """The numbers of the texts in each batch, with their ids and mask; similar lengths go together to save padding."""
    order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        yield batch, *padded([tokens[i] for i in batch])
