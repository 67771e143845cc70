"""Checks of trees against JSON schemas: every problem with its place; what is left is valid.

If the schema asks for text, a number or boolean written without quotes is
text, as written. What violates the schema is reported and removed, so that
readers of the tree see only valid data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator, ValidationError, validators

from bot.content import Diagnostic, Place
from bot.content.suggest import did_you_mean, is_misspelt
from bot.reading.keys import displaced, is_mistake, key_cure, lineage_of, odd_keys
from bot.reading.syntax import BLOCK
from bot.reading.text_kinds import TEXT_KINDS
from bot.reading.tree import Map, Seq, meant

Path: TypeAlias = list[str | int]
Error: TypeAlias = Any
"""jsonschema's ValidationError, whose type stubs declare every field as possibly unset."""

_ROUNDS = 20

_PAIR = re.compile(r"(?P<key>[A-Za-z_]\w*)(?:[:：]| - )")
"""A text that looks like a key and its value, or a list below it, but lacks YAML's colon and space."""

_KINDS = {
    "object": "a mapping (`key: value`)",
    "array": "a list (`- item`)",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "nothing at all",
}


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
    found = [finding for error in errors for finding in _explain(error, tree, file, check.schema)]
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
    odd = {(*error.absolute_path, key) for error in errors if _is_about_keys(error) for key in _extra_keys(error)}
    return [e for e in errors if not any(tuple(e.absolute_path)[: len(path)] == path for path in odd)]


def _is_about_keys(error: Error) -> bool:
    return error.validator in ("additionalProperties", "unknownKeys")


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
    parent = _find(tree, path)
    expects_text = "string" in _wanted(error)
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


def _wanted(error: Error) -> list[str]:
    wanted = error.validator_value
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _find(tree: Any, path: Path) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def _without_invalid(tree: Any, errors: list[Error]) -> Any:
    """Remove unknown keys, then whatever else is invalid: each once, inner and later ones first; return what is left.

    That is None if the tree as a whole is invalid.
    """
    paths: set[tuple[str | int, ...]] = set()
    for error in errors:
        if _is_about_keys(error):
            for key in _extra_keys(error):
                error.instance.pop(key, None)
        else:
            paths.add(tuple(error.absolute_path))
    if () in paths:
        return None
    for *path, last in sorted(paths, key=lambda p: [str(step).zfill(9) for step in p], reverse=True):
        parent = _find(tree, path)
        if isinstance(parent, Seq):
            del parent.nodes[last]  # type: ignore[arg-type]  # a sequence is indexed by numbers
        del parent[last]
    return tree


def _extra_keys(error: Error) -> list[str]:
    return odd_keys(error.instance, error.schema, error.schema.get("unknownKeys", "errors"))


def _place(tree: Any, path: Path, file: str) -> Place:
    if not path:
        return tree.place if isinstance(tree, (Map, Seq)) else Place(file)
    place: Place = _find(tree, path[:-1]).place_of(path[-1])
    return place


def _explain(error: Error, tree: Any, file: str, root: dict[str, Any]) -> Iterator[Diagnostic]:
    path = list(error.absolute_path)
    place = _place(tree, path, file)
    keyword = str(error.validator)
    if _is_unquoted_example(error, path):
        message = "YAML reads this example as a mapping, not as text."
        yield Diagnostic("error", place, message, BLOCK, "wrong-type")
    elif _is_about_keys(error):
        yield from _explain_extra(error, path, place, root)
    elif keyword != "required" or _missing(error):
        what, explain = _subject(path), _MESSAGES.get(keyword)
        message = explain(error, what) if explain else f"{what} is not valid: {error.message}"
        yield Diagnostic("error", place, message, _cure(error), _CODES.get(keyword, "invalid-value"))


def _is_unquoted_example(error: Error, path: Path) -> bool:
    """Whether it is an example without quotes that contains a colon: a mapping with none of the keys known there."""
    if path[-2:-1] != ["examples"] or not isinstance(path[-1], int) or not isinstance(error.instance, Map):
        return False
    known = error.schema.get("properties", ())
    return bool(error.instance) and not any(key in known or is_misspelt(key, known) for key in error.instance)


def _explain_extra(error: Error, path: Path, place: Place, root: dict[str, Any]) -> Iterator[Diagnostic]:
    lineage = [*lineage_of(root, path)[:-1], error.schema]  # error.schema may be one of several for the same value
    for key in _extra_keys(error):
        where = error.instance.key_place(key) if isinstance(error.instance, Map) else place
        what = _subject(path)
        around = f" in {what[:1].lower()}{what[1:]}" if path else ""
        cure = key_cure(key, lineage)
        tolerated = error.validator_value == "warnings" and not is_mistake(key, error.schema)
        message = f"The key `{key}` is not known{around}"
        if tolerated:
            yield Diagnostic("warning", where, f"{message}; it is ignored.", cure, "unknown-key")
        else:
            yield Diagnostic("error", where, f"{message}.", cure, "unknown-key")


def _subject(path: Path) -> str:
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return "This"
    return f"This item of `{names[-1]}`" if isinstance(path[-1], int) else f"`{names[-1]}`"


def _json_type(value: Any) -> str:
    """Return JSON's name for a value's type."""
    kinds = {bool: "boolean", dict: "object", list: "array", str: "string", type(None): "null"}
    return next((name for kind, name in kinds.items() if isinstance(value, kind)), "number")


def _type_message(error: Error, what: str) -> str:
    wanted = " or ".join(_KINDS[kind] for kind in _wanted(error) if kind != "null")
    is_empty = error.instance is None
    return f"{what} must be {wanted}, but is {'empty' if is_empty else _KINDS[_json_type(error.instance)]}."


_MESSAGES: dict[str, Any] = {
    "type": _type_message,
    "required": lambda e, what: f"{what} lacks {_listed_keys(_missing(e))}.",
    "enum": lambda e, what: f"{what} is `{e.instance}`, which is not one of {', '.join(_allowed(e))}.",
    "minLength": lambda _, what: f"{what} is empty.",
    "minItems": lambda _, what: f"{what} is an empty list.",
    "minProperties": lambda _, what: f"{what} is empty.",
    "maxProperties": lambda _, what: f"{what} has more than one key; is what follows indented too little?",
    "minimum": lambda e, what: f"{what} is {e.instance}; it must be at least {e.validator_value}.",
    "exclusiveMinimum": lambda e, what: f"{what} is {e.instance}; it must be more than {e.validator_value}.",
    "maximum": lambda e, what: f"{what} is {e.instance}; it must be at most {e.validator_value}.",
    "pattern": lambda e, what: f"{what} is `{e.instance}`, which is not in the expected form.",
    "is": lambda e, what: f"{what} is {TEXT_KINDS[e.validator_value][0].format(e.instance)}.",
}

_CODES = {"type": "wrong-type", "required": "missing-key", "enum": "unknown-value"}


def _allowed(error: Error) -> list[str]:
    return [str(value) for value in error.validator_value if value is not None]


def _missing(error: Error) -> list[str]:
    """Return the required keys that are missing, without those that are misspelt: these are reported as such."""
    reports_unknown = "unknownKeys" in error.schema or error.schema.get("additionalProperties") is False
    odd = _extra_keys(error) if reports_unknown else []
    lacking = (key for key in error.validator_value if key not in error.instance)
    return [key for key in lacking if not any(is_misspelt(written, (key,)) for written in odd)]


def _listed_keys(names: list[str]) -> str:
    return f"the key{'s' if names[1:] else ''} {', '.join(f'`{name}`' for name in names)}"


def _cure(error: Error) -> str:
    if error.validator == "enum" and (near := did_you_mean(str(error.instance), _allowed(error))):
        return near
    kind = _json_type(error.instance)
    if kind in error.schema.get("cures", {}):
        return str(error.schema["cures"][kind])
    pair = _PAIR.match(error.instance) if kind == "string" else None
    if pair and pair["key"] in error.schema.get("properties", ()):
        return f"Write `{pair['key']}: …`, with an ordinary colon and a space after it."  # never the value
    if _is_bracketed(error):
        is_example = list(error.absolute_path)[-2:-1] == ["examples"]
        return BLOCK if is_example else "Put text that begins with { or [ in quotes."
    examples = error.schema.get("examples") or error.schema.get("items", {}).get("examples")
    if examples:
        return f"For example: {_one_line(str(examples[0]))}"
    if error.validator == "type":
        return f"Write {' or '.join(_KINDS[kind] for kind in _wanted(error) if kind != 'null')}."
    return "Write a value within these limits, or remove it."


def _is_bracketed(error: Error) -> bool:
    """Whether text is expected, and begins with a bracket, which makes it a mapping or list in YAML."""
    value = error.instance
    if error.validator != "type" or "string" not in _wanted(error) or not isinstance(value, (Map, Seq)):
        return False
    place = value.place
    return value.source.lines[place.line - 1][place.column - 1 :].startswith(("{", "["))


def _one_line(example: str) -> str:
    return "`" + " ⏎ ".join(example.split("\n")) + "`"
