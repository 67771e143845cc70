"""What config.yml says about plugins: where it names each one, and their sections of `plugin_settings`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from bot.content import Diagnostic, Place, Severity
from bot.content.suggest import did_you_mean, is_misspelt
from bot.reading.schema import check_tree, validator_of
from bot.reading.settings import read_config
from bot.reading.tree import Map, Seq, plain

Schema: TypeAlias = Mapping[str, Any]

_KEY = "plugin_settings"


def plugin_places(folder: Path) -> dict[str, Place]:
    """Return where config.yml names each of its plugins."""
    named = read_config(folder)[0].get("plugins")
    return dict(named.placed()) if isinstance(named, Seq) else {}


def read_plugin_settings(
    folder: Path, schemas: Mapping[str, Schema], *, all_known: bool = True
) -> tuple[dict[str, Any], list[Diagnostic]]:
    """Return `plugin_settings` of config.yml, with values of the types that the schemas ask for, and what is wrong.

    `schemas` are the JSON schemas of the sections that plugins declare, by name. A section that none declares is an
    error, or a warning if not `all_known`, because some plugins could not be loaded. What is wrong with config.yml
    itself is left to `read_settings`.
    """
    tree, reported = read_config(folder)
    sections: Any = tree.get(_KEY) or {}
    known = {name: schemas[name] for name in sections if name in schemas}
    found = [*_undeclared(sections, schemas, "error" if all_known else "warning")]
    if not any(d.severity == "error" for d in reported):
        found += _missing(tree, sections, schemas)
    if known:
        inner = {"type": ["object", "null"], "properties": known}
        tree, wrong = check_tree(tree, validator_of({"properties": {_KEY: inner}}), sections.source.file)
        places = {d.place for d in reported}
        found += [d for d in wrong if d.place not in places]
    return plain((tree or {}).get(_KEY) or {}), found


def _undeclared(sections: Map, schemas: Mapping[str, Schema], severity: Severity) -> Iterator[Diagnostic]:
    for name in sections:
        if name not in schemas:
            message = f"No plugin declares the section `{name}` of `{_KEY}`."
            otherwise = "Remove it, or let the plugin that reads it implement `register_settings`."
            cure = did_you_mean(name, schemas, otherwise)
            yield Diagnostic(severity, sections.key_place(name), message, cure, "unknown-key", name)


def _missing(tree: Any, sections: Mapping[str, Any], schemas: Mapping[str, Schema]) -> Iterator[Diagnostic]:
    """Yield a finding for each section that may not be left out: an empty one would lack something."""
    undeclared = [name for name in sections if name not in schemas]
    for name, schema in schemas.items():
        is_misnamed = any(is_misspelt(written, (name,)) for written in undeclared)
        if name in sections or is_misnamed or validator_of(schema).is_valid({}):
            continue
        place = tree.key_place(_KEY) if _KEY in tree else Place("config.yml")
        needed = "".join(f"`{key}:` and " for key in schema.get("required", ())).removesuffix(" and ")
        cure = f"Write `{name}:` below `{_KEY}:`" + (f", with {needed} below it." if needed else ".")
        yield Diagnostic("error", place, f"`{_KEY}` lacks the section `{name}`.", cure, "missing-key", name)
