"""Typed reading of fields in JSON from outside; ValueError if a field has the wrong type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.messages import JsonObject


def text(data: JsonObject, key: str) -> str:
    """A string; KeyError if it is missing."""
    value = data[key]
    if not isinstance(value, str):
        raise _wrong(key, value)
    return value


def optional_text(data: JsonObject, key: str) -> str | None:
    """A string, or None if it is missing."""
    return None if data.get(key) is None else text(data, key)


def number(data: JsonObject, key: str) -> float | None:
    """A number, or None if it is missing."""
    value = data.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise _wrong(key, value)
    return value


def whole(data: JsonObject, key: str) -> int:
    """An integer, 0 if it is missing."""
    value = data.get(key) or 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(key, value)
    return value


def mapping(data: JsonObject, key: str) -> JsonObject:
    """An object, empty if it is missing."""
    value = data.get(key) or {}
    if not isinstance(value, Mapping):
        raise _wrong(key, value)
    return value


def mappings(data: JsonObject, key: str) -> tuple[JsonObject, ...]:
    """A list of objects, empty if it is missing."""
    items = data.get(key) or ()
    if not isinstance(items, list | tuple) or not all(isinstance(item, Mapping) for item in items):
        raise _wrong(key, items)
    return tuple(items)


def _wrong(key: str, value: Any) -> ValueError:
    return ValueError(f"{key!r} (it is a {type(value).__name__})")
