"""What a trained model depends on, as one hash: equal content, versions and seed need no training."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from bot.content import Content
from bot.nlu.vectors import StaticVectors

FORMAT: Final = 6
"""Raised whenever training would make another model of the same content."""


def fingerprint_of(content: Content, seed: int = 0) -> str:
    """The sha256 (hex) of all of `content` that the matcher reads, of the versions that train it, and of `seed`.

    Places count: they are what `nearest` shows.
    """
    retrieval = {k: v for k, v in content.domain.responses.items() if "/" in k}
    parts = {
        "format": FORMAT,
        "vectors": StaticVectors.version,
        "versions": {name: version(name) for name in ("numpy", "python-crfsuite")},
        "seed": seed,
        "nlu": content.nlu,
        "language": content.language,
        "pipeline": content.pipeline,
        "intents": sorted(content.domain.intents),
        "entities": content.domain.entities,
        "responses": retrieval,
    }
    text = json.dumps(parts, default=_plain, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _plain(value: Any) -> Any:
    """JSON for what json does not know; raises TypeError for what content has none of."""
    if isinstance(value, Struct):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} is no part of content")
