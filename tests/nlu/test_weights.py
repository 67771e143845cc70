"""Models are cached by what they were trained from; the shipped weights are part of that by their version."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bot.nlu.vectors import StaticVectors

NLU = Path(__file__).resolve().parents[2] / "bot" / "nlu"
FILES = (
    "weights/network.npy",
    "weights/steps.npy",
    "weights/vectors.npy",
    "weights/vocabulary.txt",
    "entities/clusters.npy",
)
KNOWN = {"static-4": "db15aa1e68df99a9e8c5aee57ea39f35a4e2883de82b6fb322d79fe21c541f5b"}


def test_changed_weights_need_a_new_version() -> None:
    """Otherwise a model trained with the old ones would be found in the cache, and understand nothing."""
    together = hashlib.sha256(b"".join((NLU / name).read_bytes() for name in FILES)).hexdigest()
    assert KNOWN.get(StaticVectors.version) == together, "the weights changed: raise StaticVectors.version"


def test_shipped_weights_take_at_most_ten_megabytes() -> None:
    assert sum(file.stat().st_size for folder in ("weights", "entities") for file in (NLU / folder).glob("*.*")) <= 1e7
