"""Entities marked in a text: `[text](entity:value)`, `[text]{"entity": …}` and `[text][{…}, {…}]`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from bot.content import Annotation
from bot.encoding import decode

MARK_KEYS = ("entity", "value", "role", "group")
"""The keys that the JSON of a mark may have."""

_LIST_BEGINS = re.compile(r"\[\s*\{")


class Problem(NamedTuple):
    """A mark that cannot be read, or one with an unknown key."""

    mark: str
    key: str | None = None


class _Mark(Struct):
    """A mark `text[start:end]`: the marked text without brackets, and its annotation with them."""

    start: int
    end: int
    marked: str
    annotation: str


def read_annotations(text: str) -> tuple[str, tuple[Annotation, ...], list[Problem]]:
    """Return the plain text, its annotations in order, and what is wrong with the marks.

    A mark that cannot be read yields no annotation. Takes time linear in the length of the text.
    """
    if "[" not in text:
        return text, (), []
    plain: list[str] = []
    found: list[Annotation] = []
    problems: list[Problem] = []
    length = end = 0
    for mark in _Marks(text):
        before = text[end : mark.start]
        end = mark.end
        plain += before, mark.marked
        start = length + len(before)
        length = start + len(mark.marked)
        written = text[mark.start : end]
        try:
            entities = _entities(mark.annotation)
        except ValueError:
            problems.append(Problem(written))
            continue
        found += [_annotation(start, mark.marked, entity) for entity in entities]
        problems += [Problem(written, key) for entity in entities for key in entity if key not in MARK_KEYS]
    return "".join(plain) + text[end:], tuple(found), problems


class _NextMatch:
    """Finds the next match of a pattern; called with growing positions, it scans each character once."""

    def __init__(self, pattern: str, text: str) -> None:
        self._pattern, self._text = re.compile(pattern), text
        self._found: re.Match[str] | None = None
        self._searched = False

    def __call__(self, position: int) -> re.Match[str] | None:
        """Return the first match that begins at the position or after it."""
        if not self._searched or (self._found and self._found.start() < position):
            self._searched = True
            self._found = self._pattern.search(self._text, position)
        return self._found


class _Marks:
    """Iterates over the marks of a text, in order. A bracket that begins no mark is not looked at again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._close, self._colon, self._line = (_NextMatch(sign, text) for sign in (r"\]", ":", "\n"))
        self._ends = {"(": _NextMatch(r"\)", text), "{": _NextMatch(r"\}", text)}
        self._list_end = _NextMatch(r"\}\s*\]", text)

    def __iter__(self) -> Iterator[_Mark]:
        start = self._text.find("[")
        while start >= 0 and (close := self._close(start)):
            after = close.end()
            end = self._end(after) if close.start() > start + 1 else None
            if end is not None:
                yield _Mark(start, end, self._text[start + 1 : close.start()], self._text[after:end])
            start = self._text.find("[", after if end is None else end)

    def _end(self, at: int) -> int | None:
        """Return where the annotation of the marked text ends, if one begins at this position."""
        bracket = self._text[at : at + 1]
        if bracket == "[":
            return self._end_of_list(at)
        if bracket not in self._ends:
            return None
        begin, close = at + 1, self._ends[bracket](at + 1)
        if close is None:
            return None
        colon = self._colon(begin) if bracket == "(" else None
        if colon and colon.start() < close.start():
            is_complete = begin < colon.start() and colon.end() < close.start()
        else:
            is_complete = begin < close.start()
        return close.end() if is_complete else None

    def _end_of_list(self, at: int) -> int | None:
        """Return where an annotation `[{…}, {…}]`, which must be on one line, ends."""
        begins = _LIST_BEGINS.match(self._text, at)
        if begins is None:
            return None
        ends, line = self._list_end(begins.end()), self._line(begins.end())
        return ends.end() if ends and not (line and line.start() < ends.start()) else None


def _entities(annotation: str) -> list[dict[str, Any]]:
    if annotation[0] == "(":
        name, colon, value = annotation[1:-1].partition(":")
        return [{"entity": name.strip()} | ({"value": value.strip()} if colon else {})]
    entities = decode(annotation if annotation[0] == "[" else f"[{annotation}]")
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
