"""The fingerprint of content: equal content has an equal fingerprint, wherever it is written."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import orjson
from msgspec import Struct

from bot.content import ANY, Content, Place

_LEFT_OUT = frozenset({"place", "slot_places", "fingerprint"})


def content_fingerprint(content: Content) -> str:
    """Return the sha256 (hex) of the content without places and comments; the order of stories and examples counts."""
    return hashlib.sha256(orjson.dumps(content, default=_plain, option=orjson.OPT_SORT_KEYS)).hexdigest()


@cache
def _fields(kind: type[Struct]) -> tuple[str, ...]:
    if kind is Place:
        return ()
    return tuple(name for name in kind.__struct_fields__ if name not in _LEFT_OUT)


def _plain(value: Any) -> Any:
    if isinstance(value, Struct):
        kind = type(value)
        return [kind.__name__, *(getattr(value, name) for name in _fields(kind))]
    if isinstance(value, frozenset):
        return sorted(value)
    if value is ANY:
        return {"any": True}
    raise TypeError(type(value).__name__)
