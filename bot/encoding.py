"""JSON text: one codec for the store, the wire and the fingerprints."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

_OPTIONS = orjson.OPT_NON_STR_KEYS


def encode(value: Any) -> bytes:
    """The value as compact UTF-8 JSON; dataclasses and UTC datetimes included."""
    return orjson.dumps(value, option=_OPTIONS)


def decode(text: bytes | str) -> Any:
    """The value of a JSON text; raises ValueError where it is none."""
    return orjson.loads(text)


def canonical(value: Any) -> bytes:
    """The value as JSON with sorted keys: equal values give equal bytes."""
    return orjson.dumps(value, option=_OPTIONS | orjson.OPT_SORT_KEYS)


def fingerprint(value: Any) -> str:
    """The sha256 (hex) of the value's canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()
