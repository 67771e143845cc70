"""What violates a JSON schema, in words: with its place, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from bot.content import Diagnostic, Place
from bot.content.suggest import did_you_mean, is_misspelt
from bot.reading.keys import is_mistake, key_cure, lineage_of, odd_keys
from bot.reading.syntax import BLOCK
from bot.reading.text_kinds import TEXT_KINDS
from bot.reading.tree import Map, Seq

Path: TypeAlias = list[str | int]
Error: TypeAlias = Any
"""jsonschema's ValidationError, whose type stubs declare every field as possibly unset."""

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


def is_about_keys(error: Error) -> bool:
    """Whether the violation is that there are keys."""
    return error.validator in ("additionalProperties", "unknownKeys")


def extra_keys(error: Error) -> list[str]:
    """Return the keys that a violation about keys is about."""
    return odd_keys(error.instance, error.schema, error.schema.get("unknownKeys", "errors"))


def wanted_types(error: Error) -> list[str]:
    """Return the types that a violation of `type` asks for."""
    wanted = error.validator_value
    return [wanted] if isinstance(wanted, str) else list(wanted)


def find(tree: Any, path: Path) -> Any:
    """Return what is in a tree at this path."""
    for step in path:
        tree = tree[step]
    return tree


def _place(tree: Any, path: Path, file: str) -> Place:
    if not path:
        return tree.place if isinstance(tree, (Map, Seq)) else Place(file)
    place: Place = find(tree, path[:-1]).place_of(path[-1])
    return place


def explain(error: Error, tree: Any, file: str, root: dict[str, Any]) -> Iterator[Diagnostic]:
    """Yield the findings about a violation in the tree of a file; `root` is the whole schema."""
    path = list(error.absolute_path)
    place = _place(tree, path, file)
    keyword = str(error.validator)
    if _is_unquoted_example(error, path):
        message = "YAML reads this example as a mapping, not as text."
        yield Diagnostic("error", place, message, BLOCK, "wrong-type")
    elif is_about_keys(error):
        yield from _explain_extra(error, path, place, root)
    elif keyword != "required" or _missing(error):
        what, worded = _subject(path), _MESSAGES.get(keyword)
        message = worded(error, what) if worded else f"{what} does not follow `{keyword}` of its schema."
        yield Diagnostic("error", place, message, _cure(error), _CODES.get(keyword, "invalid-value"))


def _is_unquoted_example(error: Error, path: Path) -> bool:
    """Whether it is an example without quotes that contains a colon: a mapping with none of the keys known there."""
    if path[-2:-1] != ["examples"] or not isinstance(path[-1], int) or not isinstance(error.instance, Map):
        return False
    known = error.schema.get("properties", ())
    return bool(error.instance) and not any(key in known or is_misspelt(key, known) for key in error.instance)


def _explain_extra(error: Error, path: Path, place: Place, root: dict[str, Any]) -> Iterator[Diagnostic]:
    lineage = [*lineage_of(root, path)[:-1], error.schema]  # error.schema may be one of several for the same value
    for key in extra_keys(error):
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
    wanted = " or ".join(_KINDS[kind] for kind in wanted_types(error) if kind != "null")
    is_empty = error.instance is None
    return f"{what} must be {wanted}, but is {'empty' if is_empty else _KINDS[_json_type(error.instance)]}."


def _too_few(error: Error, what: str) -> str:
    unit = {"minLength": "characters", "minItems": "items", "minProperties": "keys"}[str(error.validator)]
    return f"{what} has fewer than {error.validator_value} {unit}." if error.instance else f"{what} is empty."


def _too_many_keys(error: Error, what: str) -> str:
    if error.validator_value == 1:
        return f"{what} has more than one key; is what follows indented too little?"
    return f"{what} has more than {error.validator_value} keys."


_MESSAGES: dict[str, Any] = {
    "None": lambda _, what: f"{what} has a part that must not be there.",  # of the schema `false`
    "type": _type_message,
    "required": lambda e, what: f"{what} lacks {_listed_keys(_missing(e))}.",
    "enum": lambda e, what: f"{what} is `{e.instance}`, which is not one of {', '.join(_allowed(e))}.",
    "minLength": _too_few,
    "maxLength": lambda e, what: f"{what} has more than {e.validator_value} characters.",
    "minItems": _too_few,
    "minProperties": _too_few,
    "maxProperties": _too_many_keys,
    "minimum": lambda e, what: f"{what} is {e.instance}; it must be at least {e.validator_value}.",
    "exclusiveMinimum": lambda e, what: f"{what} is {e.instance}; it must be more than {e.validator_value}.",
    "maximum": lambda e, what: f"{what} is {e.instance}; it must be at most {e.validator_value}.",
    "pattern": lambda _, what: f"{what} is not in the expected form.",  # of a token, perhaps
    "is": lambda e, what: f"{what} is {TEXT_KINDS[e.validator_value][0].format(e.instance)}.",
}

_CODES = {"type": "wrong-type", "required": "missing-key", "enum": "unknown-value"}


def _allowed(error: Error) -> list[str]:
    return [str(value) for value in error.validator_value if value is not None]


def _missing(error: Error) -> list[str]:
    """Return the required keys that are missing, without those that are misspelt: these are reported as such."""
    reports_unknown = "unknownKeys" in error.schema or error.schema.get("additionalProperties") is False
    odd = extra_keys(error) if reports_unknown else []
    lacking = (key for key in error.validator_value if key not in error.instance)
    return [key for key in lacking if not any(is_misspelt(written, (key,)) for written in odd)]


def _listed_keys(names: list[str]) -> str:
    return f"the key{'s' if names[1:] else ''} {', '.join(f'`{name}`' for name in names)}"


def _cure(error: Error) -> str:
    if error.validator == "enum" and (near := did_you_mean(str(error.instance), _allowed(error))):
        return near
    kind = _json_type(error.instance)
    schema = _mapping(error.schema)
    if kind in schema.get("cures", {}):
        return str(schema["cures"][kind])
    pair = _PAIR.match(error.instance) if kind == "string" else None
    if pair and pair["key"] in schema.get("properties", ()):
        return f"Write `{pair['key']}: …`, with an ordinary colon and a space after it."  # never the value
    if _is_bracketed(error):
        is_example = list(error.absolute_path)[-2:-1] == ["examples"]
        return BLOCK if is_example else "Put text that begins with { or [ in quotes."
    examples = schema.get("examples") or _mapping(schema.get("items")).get("examples")
    if examples:
        return f"For example: {_one_line(str(examples[0]))}"
    if error.validator == "type":
        return f"Write {' or '.join(_KINDS[kind] for kind in wanted_types(error) if kind != 'null')}."
    if error.validator == "required":
        return f"Add {' and '.join(f'`{key}: …`' for key in _missing(error))}."
    return "Write a value within these limits, or remove it."


def _mapping(schema: Any) -> dict[str, Any]:
    """Return a schema, or {} instead of `true`, `false` or None."""
    return schema if isinstance(schema, dict) else {}


def _is_bracketed(error: Error) -> bool:
    """Whether text is expected, and begins with a bracket, which makes it a mapping or list in YAML."""
    value = error.instance
    if error.validator != "type" or "string" not in wanted_types(error) or not isinstance(value, (Map, Seq)):
        return False
    place = value.place
    return value.source.lines[place.line - 1][place.column - 1 :].startswith(("{", "["))


def _one_line(example: str) -> str:
    return "`" + " ⏎ ".join(example.split("\n")) + "`"
