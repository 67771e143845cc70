"""The fingerprint of a content: equal content, wherever it stands, has an equal one."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import orjson

from bot.content import ANY, Content

_LEFT_OUT = frozenset({"place", "slot_places", "fingerprint"})


def content_fingerprint(content: Content) -> str:
    """The sha256 (hex) of the content, places and comments left out; the order of stories and examples counts."""
    options = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_SORT_KEYS
    return hashlib.sha256(orjson.dumps(content, default=_plain, option=options)).hexdigest()


@cache
def _fields(kind: type[Any]) -> tuple[str, ...]:
    if kind.__name__ == "Place":
        return ()
    return tuple(f.name for f in fields(kind) if f.name not in _LEFT_OUT)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        kind: Any = type(value)
        return [kind.__name__, *(getattr(value, name) for name in _fields(kind))]
    if isinstance(value, frozenset):
        return sorted(value)
    if value is ANY:
        return {"any": True}
    raise TypeError(type(value).__name__)
