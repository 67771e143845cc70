"""Unknown keys: which they are, and where they belong."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeAlias

from bot.content.suggest import did_you_mean, is_misspelt
from bot.reading.tree import Map, Seq

Schema: TypeAlias = dict[str, Any]


def odd_keys(instance: dict[str, Any], schema: Schema, mode: str) -> list[str]:
    """Return the keys of the instance that `mode` (the keyword `unknownKeys`, or `errors`) does not accept.

    `names`: any name is accepted, except the keys of the named values: a list
    or text below such a key is indented too little. `slots`: any name is
    accepted for a slot with its mappings below it, but not with plain names.
    """
    if mode == "names":
        inner = _entry_schema(schema).get("properties", {})
        return [key for key, value in instance.items() if key in inner and not isinstance(value, dict)]
    patterns = schema.get("patternProperties", ())
    odd = [key for key in instance if key not in schema.get("properties", {}) and not _matches(key, patterns)]
    if mode == "slots":
        return [key for key in odd if is_misspelt(key, schema["properties"]) or _are_names(instance[key])]
    if mode == "typos":
        return [key for key in odd if is_mistake(key, schema)]
    return odd if mode == "errors" else [key for key in odd if not key.startswith(("x-", "_"))]


def _matches(key: str, patterns: Collection[str]) -> bool:
    return any(re.search(pattern, key) for pattern in patterns)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def is_mistake(key: str, schema: Schema) -> bool:
    """Whether an unknown key is nearly a known one, was one in Rasa 1, or is one that belongs further in."""
    return (
        key in schema.get("renamed", ())
        or is_misspelt(key, schema.get("properties", ()))
        or any(inner == key for inner, _ in _inner_keys(schema))
    )


def key_cure(key: str, lineage: Sequence[Schema]) -> str:
    """Return what to write instead of an unknown key of the last schema in the lineage, which begins at the root."""
    *outer, schema = lineage
    if key in schema.get("renamed", ()):
        return f"Write `{schema['renamed'][key]}:`, its name since Rasa 2."
    known = list(schema.get("properties", ()))
    indented = "" if schema.get("unknownKeys") == "slots" else _indentation(key, outer, schema)
    if indented and not is_misspelt(key, known):
        return indented
    return did_you_mean(key, known, indented) or f"Known keys: {', '.join(known)}."


def displaced(tree: Any, schema: Schema, is_valid: Callable[[Any, Schema], bool]) -> Iterator[tuple[Map, str]]:
    """Yield the sections of the schema's root that are inside others: the mapping that contains each, and its key.

    `is_valid` says whether a value satisfies a schema: below a freely chosen name, a valid value is not a section.
    """
    sections = {key: part.get("type", ()) for key, part in schema["properties"].items()}

    def inside(value: Any, schema: Schema, *, at_edge: bool = False) -> Iterator[tuple[Map, str]]:
        if isinstance(value, Seq):
            for item in value:
                yield from inside(item, schema.get("items", {}))
        elif isinstance(value, Map):
            for key, inner in value.items():
                part = schema.get("properties", {}).get(key)
                is_section = part is None and not at_edge and _is_of_type(inner, sections.get(key, ()))
                if is_section and not _is_allowed(inner, schema, is_valid):
                    yield value, key
                else:
                    yield from inside(inner, part or _named_schema(schema))

    yield from inside(tree, schema, at_edge=True)


def _is_of_type(value: Any, types: Collection[str]) -> bool:
    """Whether a value is a mapping or list, as the schema's `type` allows."""
    return (isinstance(value, Map) and "object" in types) or (isinstance(value, Seq) and "array" in types)


def _is_allowed(value: Any, schema: Schema, is_valid: Callable[[Any, Schema], bool]) -> bool:
    """Whether a value is allowed at a key that the schema does not name."""
    named = _named_schema(schema)
    if not named:
        return "unknownKeys" not in schema and schema.get("additionalProperties", True) is True
    known = named.get("properties", {})
    keys = value if isinstance(value, Map) else ()
    return is_valid(value, named) or any(key in known or is_misspelt(key, known) for key in keys)


def _named_schema(schema: Schema) -> Schema:
    """Return the schema of values below freely chosen names; an empty one if those are unrestricted or not allowed."""
    named = schema.get("additionalProperties")
    return named if isinstance(named, dict) else {}


def lineage_of(root: Schema, path: Sequence[str | int]) -> list[Schema]:
    """Return the schemas of the values along the path, from the root on."""
    lineage = [root]
    for step in path:
        schema = lineage[-1]
        if isinstance(step, int):
            part = schema.get("items")
        else:
            part = schema.get("properties", {}).get(step, schema.get("additionalProperties"))
        lineage.append(part if isinstance(part, dict) else {})
    return lineage


def _indentation(key: str, outer: Sequence[Schema], schema: Schema) -> str:
    """Return how to indent a key that is known further in or further out; empty if it is known nowhere."""
    places = list(dict.fromkeys(place for inner, place in _inner_keys(schema) if inner == key))
    if places:
        return f"Indent it more: it belongs inside {' or '.join(places)}."
    knowing = [index for index, parent in enumerate(outer) if key in parent.get("properties", ())]
    if not knowing:
        return ""
    return "Write it at the left edge." if knowing == [0] else "Indent it less: it belongs further out."


def _inner_keys(schema: Schema, place: str = "the entry above it") -> Iterator[tuple[str, str]]:
    """Yield the keys that are known further in, each with the key that it belongs below.

    Keys that may hold anything are left out: their names are too common.
    """
    for name, part in schema.get("properties", {}).items():
        yield from _keys_of(part, f"`{name}:`")
    if entry := _entry_schema(schema):
        yield from _keys_of(entry, place)


def _keys_of(schema: Schema | bool, place: str) -> Iterator[tuple[str, str]]:
    if not isinstance(schema, dict):  # true or false: anything, or nothing
        return
    parts = schema.get("properties", {}).items()
    yield from ((key, place) for key, part in parts if isinstance(part, dict) and ("type" in part or "enum" in part))
    yield from _inner_keys(schema, place)


def _entry_schema(schema: Schema) -> Schema:
    """Return the schema of values below freely chosen names, or of items."""
    named = schema.get("additionalProperties")
    entry = named.get("items", named) if isinstance(named, dict) else schema.get("items")
    return entry if isinstance(entry, dict) else {}
