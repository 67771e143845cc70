"""Even out the inputs of an encoder's linear maps, so that they fit into 8 bits.

All columns of a map's input share one quantization step, and a few columns are far
wider than the others. They are divided by their width, and the map's weights, which
have a step per channel, multiplied by it (SmoothQuant: Xiao et al. 2023, arXiv:2211.10438).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from minilm import MiniLM
from torch import Tensor

STRENGTH = 0.8
"""How much of the width moves into the weights, 0 to 1."""
ORDINARY = 0.99
"""A column's width is the magnitude that this share of the texts stays below."""
INPUTS = {"to_attend": ("query", "key", "value"), "to_widen": ("wide",), "to_narrow": ("narrow",)}


class Divided(torch.nn.Module):
    """Divides the columns of its input by `widths` (d,)."""

    def __init__(self, widths: Tensor) -> None:
        super().__init__()
        self.factors = torch.nn.Parameter(1 / widths)

    def forward(self, x: Tensor) -> Tensor:
        """The columns of x (..., d) evened out."""
        return x * self.factors


@torch.no_grad()
def smooth(encoder: MiniLM, texts: Sequence[str]) -> None:
    """Even out the inputs of all layers as measured on these texts; the encoder's output stays the same."""
    magnitudes = _magnitudes(encoder, texts)
    for number, layer in enumerate(encoder.layers):
        for at, names in INPUTS.items():
            maps = [layer.get_submodule(name) for name in names]
            weights = torch.cat([linear.weight for linear in maps]).abs().amax(0)
            widths = torch.stack(magnitudes[f"layers.{number}.{at}"]).quantile(ORDINARY, 0).clamp(min=1e-4)
            divisors = widths**STRENGTH / weights.clamp(min=1e-4) ** (1 - STRENGTH)
            divisors /= divisors.median()
            setattr(layer, at, Divided(divisors))
            for linear in maps:
                linear.weight.mul_(divisors)


def _magnitudes(encoder: MiniLM, texts: Sequence[str]) -> dict[str, list[Tensor]]:
    """The greatest magnitude (d,) of each column for each text, by place in the encoder."""
    magnitudes: dict[str, list[Tensor]] = {}

    def record(place: str) -> torch.utils.hooks.RemovableHandle:
        found = magnitudes.setdefault(place, [])
        return encoder.get_submodule(place).register_forward_pre_hook(
            lambda _, inputs: found.append(inputs[0].abs().amax((0, 1)))
        )

    handles = [record(f"layers.{n}.{at}") for n in range(len(encoder.layers)) for at in INPUTS]
    for encoding in encoder.tokenizer.encode_batch(list(texts)):
        ids = torch.tensor([encoding.ids])
        encoder(ids, torch.ones_like(ids))
    for handle in handles:
        handle.remove()
    return magnitudes
