"""Checks of trees against JSON schemas: every problem with its place; what is left is valid.

If the schema asks for text, a number or boolean written without quotes is
text, as written. What violates the schema is reported and removed, so that
readers of the tree see only valid data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

from bot.content import Diagnostic
from bot.reading.keys import displaced, odd_keys
from bot.reading.text_kinds import TEXT_KINDS
from bot.reading.tree import Map, Seq, meant
from bot.reading.violations import Error, explain, extra_keys, find, is_about_keys, wanted_types

_ROUNDS = 20


def _unknown_keys(check: Any, mode: str, instance: Any, schema: dict[str, Any]) -> Iterator[ValidationError]:
    """Our own keyword `unknownKeys` beside `properties`, for places where Rasa takes any key.

    `typos`: a key that is nearly a known one, or is indented too little, is an
    error; any other is meant for other readers. `warnings`: any other is
    ignored with a warning, unless it begins with `x-` or `_`. `names` and
    `slots`: see odd_keys.
    """
    if isinstance(instance, dict) and odd_keys(instance, schema, mode):
        yield ValidationError("unknown keys")


def _is(check: Any, kind: str, instance: Any, schema: dict[str, Any]) -> Iterator[ValidationError]:
    """Our own keyword `is`: a text with a meaning, such as a time zone."""
    if isinstance(instance, str) and instance and not TEXT_KINDS[kind][1](instance):
        yield ValidationError("another kind of text")


_Validator: Any = validators.extend(  # type: ignore[no-untyped-call]  # jsonschema leaves it untyped
    Draft202012Validator, {"unknownKeys": _unknown_keys, "is": _is}
)


@cache
def validator(name: str) -> Any:
    """Return the validator of `schemas/<name>.json`, built once."""
    schema = load_schema(name)
    return validator_of(_inlined(schema, schema))


def validator_of(schema: Mapping[str, Any]) -> Any:
    """Return the validator of a schema without `$ref`."""
    return _Validator(schema)


def _inlined(part: Any, schema: dict[str, Any]) -> Any:
    """Return the part with every `$ref` replaced by its target (no schema here is recursive): a third faster."""
    if isinstance(part, list):
        return [_inlined(item, schema) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inlined(schema["$defs"][part["$ref"].removeprefix("#/$defs/")], schema)
    return {key: _inlined(value, schema) for key, value in part.items() if key != "$defs"}


@cache
def load_schema(name: str) -> dict[str, Any]:
    """Return the schema `schemas/<name>.json`."""
    schema: dict[str, Any] = json.loads(files("bot.reading").joinpath(f"schemas/{name}.json").read_bytes())
    return schema


def check_schema(tree: Any, name: str, file: str) -> tuple[Any, list[Diagnostic]]:
    """Return the tree without everything invalid (None if nothing is left), and what was wrong with it."""
    check = validator(name)
    misplaced = list(displaced(tree, check.schema, partial(_is_valid, check)))
    found = [_take_out_misplaced(within, key) for within, key in misplaced]
    tree, invalid = check_tree(tree, check, file)
    return tree, list(dict.fromkeys([*found, *invalid]))


def check_tree(tree: Any, check: Any, file: str) -> tuple[Any, list[Diagnostic]]:
    """Return the tree without what this validator finds invalid (None if nothing is left), and what was wrong."""
    errors = _outermost(_settle_types(tree, check))
    found = [finding for error in errors for finding in explain(error, tree, file, check.schema)]
    diagnostics = list(dict.fromkeys(found))
    for _ in range(_ROUNDS):
        if not errors:
            return tree, diagnostics
        tree = _without_invalid(tree, errors)
        errors = _outermost(list(check.iter_errors(tree)))
    return None, diagnostics


def _is_valid(check: Any, value: Any, part: dict[str, Any]) -> bool:
    return bool(check.evolve(schema=part).is_valid(value))


def _take_out_misplaced(within: Map, key: str) -> Diagnostic:
    """Remove a section from the mapping that it must not be in, and return the finding."""
    del within[key]
    message = f"`{key}:` is indented too far: it is inside another section."
    return Diagnostic("error", within.key_place(key), message, "Write it at the left edge.", "misplaced-section", key)


def _outermost(errors: list[Error]) -> list[Error]:
    """Return the errors without those below an unknown key."""
    odd = {(*error.absolute_path, key) for error in errors if is_about_keys(error) for key in extra_keys(error)}
    return [e for e in errors if not any(tuple(e.absolute_path)[: len(path)] == path for path in odd)]


def _settle_types(tree: Any, check: Any) -> list[Error]:
    """Turn scalars into text where text is expected, and into what they mean elsewhere; return the remaining errors."""
    for _ in range(_ROUNDS):
        errors = list(check.iter_errors(tree))
        settled = [_settle_type(error, tree) for error in errors]
        if not any(settled):
            break
    return errors


def _settle_type(error: Error, tree: Any) -> bool:
    """Give a scalar the expected type, if it can have that; return whether it now has another value."""
    if error.validator != "type" or not error.absolute_path:
        return False
    *path, key = error.absolute_path
    parent = find(tree, path)
    expects_text = "string" in wanted_types(error)
    if expects_text and isinstance(error.instance, (bool, int, float)):
        parent[key] = parent.nodes[key].value
        return True
    if expects_text or not isinstance(error.instance, str):
        return False
    value = meant(parent.nodes[key])  # a text from the environment may mean a number or the like
    if isinstance(value, str) or value is None:
        return False
    parent[key] = value
    return True


def _without_invalid(tree: Any, errors: list[Error]) -> Any:
    """Remove unknown keys, then whatever else is invalid: each once, inner and later ones first; return what is left.

    That is None if the tree as a whole is invalid.
    """
    paths: set[tuple[str | int, ...]] = set()
    for error in errors:
        if is_about_keys(error):
            for key in extra_keys(error):
                error.instance.pop(key, None)
        else:
            paths.add(tuple(error.absolute_path))
    if () in paths:
        return None
    for *path, last in sorted(paths, key=lambda p: [str(step).zfill(9) for step in p], reverse=True):
        parent = find(tree, path)
        if isinstance(parent, Seq):
            del parent.nodes[last]  # type: ignore[arg-type]  # a sequence is indexed by numbers
        del parent[last]
    return tree
