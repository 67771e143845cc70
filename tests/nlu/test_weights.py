"""Models are cached by what they were trained from; the shipped weights are named there by a version."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bot.nlu.vectors import StaticVectors

NLU = Path(__file__).resolve().parents[2] / "bot" / "nlu"
FILES = ("weights/steps.npy", "weights/vectors.npy", "weights/vocabulary.txt", "entities/clusters.npy")
KNOWN = {"static-3": "11cb00b8a7b4d8f9a10d4c1be7ba0e44464dd5596c9ff21a087ebb32161e2971"}


def test_other_weights_have_another_version() -> None:
    """Otherwise a model trained with the old ones would be found in the cache, and understand nothing."""
    together = hashlib.sha256(b"".join((NLU / name).read_bytes() for name in FILES)).hexdigest()
    assert KNOWN.get(StaticVectors.version) == together, "the weights changed: raise StaticVectors.version"
