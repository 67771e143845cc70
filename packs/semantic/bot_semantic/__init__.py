"""A sentence encoder for Teller's intent matcher, found through the entry point group `bot`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bot import hookimpl

if TYPE_CHECKING:
    from bot_semantic.encoder import SemanticFeaturizer

__all__ = ["register_nlu_components"]


@hookimpl
def register_nlu_components(register: Callable[[str, Callable[[Mapping[str, Any]], SemanticFeaturizer]], None]) -> None:
    """Offer `SemanticFeaturizer`, with the option `share` (0 to 1)."""
    register("SemanticFeaturizer", _make)


def _make(options: Mapping[str, Any]) -> SemanticFeaturizer:
    """The featurizer; its dependencies are imported only by bots that use it."""
    from bot_semantic.encoder import SemanticFeaturizer

    return SemanticFeaturizer(float(options.get("share", 0.8)))
