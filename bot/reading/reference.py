"""The reference pages that are made from schemas and codes: `python -m bot.reading.reference` writes them.

A test fails when the pages in docs/reference are not what this module makes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.content.codes import CODES
from bot.reading.schema import load_schema

PAGES = Path(__file__).resolve().parents[2] / "docs" / "reference"

_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "mapping",
}


def configuration_page() -> str:
    """docs/reference/configuration.md."""
    config, endpoints = load_schema("config")["properties"], load_schema("endpoints")["properties"]
    credentials = load_schema("credentials")
    sections = {name: schema for name, schema in config.items() if "properties" in schema}
    single = {name: schema for name, schema in config.items() if name not in sections}
    lines = [
        "# Configuration",
        "",
        "`config.yml` stands in the project's folder. Every key may be left out. A key that is nearly a known one is",
        "an error with a suggestion. `${NAME}` stands for an environment variable, in all three files below; without",
        "quotes, for a number or truth value too, where one is asked for.",
        "",
        "*This page is made from the schema by `python -m bot.reading.reference`.*",
        "",
        "## config.yml",
        "",
        *_table(single),
        "",
        *(line for name, schema in sections.items() for line in _section(f"`{name}:`", schema)),
        "## endpoints.yml",
        "",
        *_section("`action_endpoint:`", endpoints["action_endpoint"]),
        "## credentials.yml",
        "",
        str(credentials["description"]),
        "",
        *_section("`callback:`", credentials["properties"]["callback"]),
    ]
    return "\n".join(lines)


def diagnostics_page() -> str:
    """docs/reference/diagnostics.md."""
    lines = [
        "# Findings of `bot validate`",
        "",
        "Each finding is `file:line:column: severity: what. What to write instead. [code]`. Errors refuse a start;",
        "warnings and notes do not.",
        "",
        "*This page is made by `python -m bot.reading.reference`.*",
        "",
        "| code | meaning |",
        "| --- | --- |",
        *(f"| `{code}` | {meaning} |" for code, meaning in sorted(CODES.items())),
    ]
    return "\n".join(lines) + "\n"


def _section(title: str, schema: dict[str, Any]) -> Iterator[str]:
    yield from (f"### {title}", "", schema["description"], "", *_table(schema["properties"]), "")


def _table(properties: dict[str, Any]) -> Iterator[str]:
    yield "| key | value | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for name, schema in properties.items():
        yield f"| `{name}` | {_value(schema)} | {_default(schema)} | {schema['description']} |"


def _value(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kinds = schema.get("type", [])
    names = " or ".join(_KINDS[k] for k in ([kinds] if isinstance(kinds, str) else kinds) if k != "null")
    return " ".join(filter(None, (names or "anything", _bounds(schema))))


def _bounds(schema: dict[str, Any]) -> str:
    words = (("minimum", "from"), ("exclusiveMinimum", "over"), ("maximum", "to"))
    return " ".join(f"{word} {schema[key]}" for key, word in words if key in schema)


def _default(schema: dict[str, Any]) -> str:
    return f"`{json.dumps(schema['default'])}`" if "default" in schema else ""


def write_pages() -> None:
    """Write the pages into docs/reference."""
    (PAGES / "configuration.md").write_text(configuration_page(), "utf-8")
    (PAGES / "diagnostics.md").write_text(diagnostics_page(), "utf-8")


if __name__ == "__main__":
    write_pages()
