"""A hash of everything a trained model depends on: if it is unchanged, no training is needed."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from bot.content import Content
from bot.nlu.vectors import StaticVectors

FORMAT: Final = 7
"""Increased whenever training would produce a different model from the same content."""


def fingerprint_of(content: Content, seed: int = 0) -> str:
    """The SHA-256 (hex) of the parts of `content` that the matcher reads, the versions that train it, and `seed`.

    Places are included, because `nearest` shows them.
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
    """JSON for content's own types; raises TypeError for any other."""
    if isinstance(value, Struct):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} is not a part of content")
