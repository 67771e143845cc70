"""Texts with marked entities, as designers write them: `[text](entity)`, `[text]{"entity": …}`, `[text][{…}, {…}]`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Protocol


class Marked(Protocol):
    """An entity in a text, such as an annotation of an example or an entity of a message."""

    @property
    def start(self) -> int:
        """The offset in the text at which it begins."""

    @property
    def end(self) -> int:
        """The offset at which it ends (exclusive)."""

    @property
    def entity(self) -> str:
        """Its name."""

    @property
    def value(self) -> Any:
        """Its value."""

    @property
    def role(self) -> str | None:
        """Its role, if it has one."""

    @property
    def group(self) -> str | None:
        """Its group, if it has one."""


def marked(text: str, entities: Iterable[Marked]) -> str:
    """The text with its entities marked; of overlapping ones only the first, unless they have the same span."""
    parts: list[str] = []
    position = 0
    for (start, end), marks in groupby(_without_overlaps(entities), lambda e: (e.start, e.end)):
        parts += text[position:start], mark(text[start:end], list(marks))
        position = end
    return "".join(parts) + text[position:]


def mark(part: str, entities: Sequence[Marked]) -> str:
    """A piece of text marked as these entities; a value is written only if it differs from the piece."""
    if len(entities) > 1:
        return f"[{part}][{', '.join(_json(part, entity) for entity in entities)}]"
    only = entities[0]
    if (only.value, only.role, only.group) == (part, None, None):
        return f"[{part}]({only.entity})"
    return f"[{part}]{_json(part, only)}"


def _without_overlaps(entities: Iterable[Marked]) -> Iterator[Marked]:
    """The entities in text order, without those that overlap an earlier one (the same span is allowed)."""
    span = (0, 0)
    for entity in sorted(entities, key=lambda e: (e.start, -e.end)):
        if (entity.start, entity.end) == span or span[1] <= entity.start < entity.end:
            span = (entity.start, entity.end)
            yield entity


def _json(part: str, entity: Marked) -> str:
    value = None if entity.value == part else entity.value
    fields = {"entity": entity.entity, "role": entity.role, "group": entity.group, "value": value}
    written = {key: field for key, field in fields.items() if field is not None}
    return json.dumps(written, ensure_ascii=False, default=str)
