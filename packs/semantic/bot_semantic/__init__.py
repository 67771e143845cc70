"""A sentence encoder for Teller's intent matcher, found through the entry point group `bot`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot import hookimpl
from bot_semantic.encoder import SemanticFeaturizer

__all__ = ["SemanticFeaturizer", "register_nlu_components"]


@hookimpl
def register_nlu_components(register: Callable[[str, Callable[[Mapping[str, Any]], SemanticFeaturizer]], None]) -> None:
    """Offer `SemanticFeaturizer`, with the option `share` (0 to 1)."""
    register("SemanticFeaturizer", lambda options: SemanticFeaturizer(float(options.get("share", 0.65))))
