"""The pack's encoder in torch: MiniLM with one linear map on top, whose output is a text's vector."""

from __future__ import annotations

from pathlib import Path

import torch
from minilm import WIDTH, MiniLM
from torch import Tensor
from torch.nn import functional


class Student(MiniLM):
    """MiniLM as `distil.py` teaches it and `build_weights.py` exports it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.head = torch.nn.Linear(WIDTH, WIDTH)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Vectors (n, 7, 384) of length 1: the text's, which is the map of the last layer's, and the lower layers'."""
        means = self.said(ids, mask)
        return functional.normalize(torch.cat([self.head(means[:, :1]), means[:, 1:]], 1), dim=2)

    @torch.no_grad()
    def go_back(self, origin: MiniLM, share: float) -> None:
        """Draw the weights, but for the map's, towards those of `origin` by this share (Wortsman et al. 2022)."""
        for name, weights in origin.named_parameters():
            self.get_parameter(name).lerp_(weights, share)

    def said(self, ids: Tensor, mask: Tensor) -> Tensor:
        """What the layers say, as MiniLM gives it."""
        return super().forward(ids, mask)
