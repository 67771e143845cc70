"""The pack's encoder in torch: MiniLM with a linear map on top, whose output is a text's vector."""

from __future__ import annotations

from pathlib import Path

import torch
from minilm import WIDTH, MiniLM
from torch import Tensor
from torch.nn import functional


class Student(MiniLM):
    """MiniLM as `distil.py` trains it and `build_weights.py` exports it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.head = torch.nn.Linear(WIDTH, WIDTH)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Vectors (n, 7, 384) of length 1: the text's, mapped from the last layer's mean, then the lower layers'."""
        means = self.layer_means(ids, mask)
        return functional.normalize(torch.cat([self.head(means[:, :1]), means[:, 1:]], 1), dim=2)

    @torch.no_grad()
    def go_back(self, origin: MiniLM, share: float) -> None:
        """Move the weights, except the map's, towards those of `origin` by this share (Wortsman et al. 2022)."""
        for name, weights in origin.named_parameters():
            self.get_parameter(name).lerp_(weights, share)

    def layer_means(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The layers' outputs, as MiniLM returns them."""
        return super().forward(ids, mask)
