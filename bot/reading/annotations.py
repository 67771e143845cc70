"""Entities marked in a text: `[text](entity:value)`, `[text]{"entity": …}` and `[text][{…}, {…}]`."""

from __future__ import annotations

import re
from typing import Any

from bot.content import Annotation
from bot.encoding import decode

_MARKED = re.compile(
    r"\[(?P<text>[^\]]+?)\]"
    r"(?:\((?P<entity>[^:)]+?)(?::(?P<value>[^)]+))?\)|\{(?P<one>[^}]+?)\}|\[(?P<many>\s*\{.*?\}\s*)\])"
)


def read_annotations(text: str) -> tuple[str, tuple[Annotation, ...], list[str]]:
    """The plain text, its annotations in order, and what is wrong with the marks (a wrong one marks nothing)."""
    if "[" not in text:
        return text, (), []
    plain: list[str] = []
    found: list[Annotation] = []
    problems: list[str] = []
    length = end = 0
    for match in _MARKED.finditer(text):
        before, marked = text[end : match.start()], match["text"]
        end = match.end()
        plain += before, marked
        start = length + len(before)
        length = start + len(marked)
        try:
            found += [_annotation(start, marked, entity) for entity in _entities(match)]
        except ValueError:
            problems.append(match[0])
    return "".join(plain) + text[end:], tuple(found), problems


def _entities(match: re.Match[str]) -> list[dict[str, Any]]:
    if match["entity"]:
        entity: dict[str, Any] = {"entity": match["entity"].strip()}
        return [entity | {"value": match["value"].strip()} if match["value"] else entity]
    entities = decode("[" + (match["many"] or "{" + match["one"] + "}") + "]")
    if not all(isinstance(e, dict) and isinstance(e.get("entity"), str) and e["entity"] for e in entities):
        raise ValueError("no entity is named")
    return list(entities)


def _annotation(start: int, text: str, entity: dict[str, Any]) -> Annotation:
    role, group = entity.get("role"), entity.get("group")
    return Annotation(
        start,
        start + len(text),
        entity["entity"],
        entity.get("value", text),
        str(role) if role is not None else None,
        str(group) if group is not None else None,
    )
