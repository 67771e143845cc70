"""YAML text as plain values that know their places.

Every mapping becomes a `Map` and every sequence a `Seq`. They keep their
nodes, so that the place of any value and the text as written can be looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from msgspec import Struct, field

from bot.content import Diagnostic, Place
from bot.reading.compose import MAX_DEPTH, RESOLVERS, TAG, TooDeep, compose, json_as_yaml
from bot.reading.syntax import NO_BREAK_SPACE, SPACES, syntax_error

MAX_REPEATED = 20_000
"""How many nodes aliases may repeat, so that a few lines cannot expand into millions."""

_LARGEST = 2**63


@dataclass(frozen=True)
class Source:
    """A file's name (relative to the project) and text."""

    file: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text, without line breaks."""
        return self.text.splitlines()

    def rest(self, mark: yaml.Mark) -> str:
        """Return the rest of the line, from the mark on."""
        line = self.lines[mark.line : mark.line + 1]
        return line[0][mark.column :] if line else ""

    def place(self, node: yaml.Node) -> Place:
        """Return where a node begins."""
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)


class WrittenInstead(yaml.ScalarNode):
    """A scalar whose text was replaced after it was read."""


class _Written:
    """What mappings and sequences know about how they are written."""

    __slots__ = ()

    source: Source
    node: yaml.Node
    nodes: Any

    @property
    def place(self) -> Place:
        """Where it begins."""
        return self.source.place(self.node)

    def place_of(self, key: Any) -> Place:
        """Return where the value of a key, or an item, begins."""
        return self.source.place(self.nodes[key])

    def cut_off(self, key: Any) -> str:
        """Return what follows or precedes the text of a key or an item without being part of it."""
        return _cut_off(self.nodes[key], self.source)

    def write_instead(self, key: Any, text: str) -> None:
        """Replace the text of a key or an item."""
        node = self.nodes[key]
        self.nodes[key] = WrittenInstead(node.tag, text, node.start_mark, node.end_mark, getattr(node, "style", None))
        self[key] = text  # type: ignore[index]  # self is a mapping or a sequence


class Map(_Written, dict[str, Any]):
    """A YAML mapping; keys are always text, as written."""

    __slots__ = ("key_nodes", "node", "nodes", "source")

    def __init__(self, source: Source, node: yaml.Node) -> None:
        super().__init__()
        self.source = source
        self.node = node
        self.key_nodes: dict[str, yaml.Node] = {}
        self.nodes: dict[str, yaml.Node] = {}

    def put(self, key: yaml.Node, node: yaml.Node, value: Any) -> None:
        """Set the key written at `key` to the value written at `node`."""
        self.key_nodes[key.value] = key
        self.nodes[key.value] = node
        self[key.value] = value

    @property
    def lost(self) -> set[str]:
        """The keys that were removed, because they or their values are not valid."""
        return self.key_nodes.keys() - self.keys()

    def key_place(self, key: str) -> Place:
        """Return where a key begins."""
        return self.source.place(self.key_nodes[key])

    def is_folded(self, key: str) -> bool:
        """Whether a key's text is a `>` block, which joins several lines into one."""
        return getattr(self.nodes[key], "style", None) == ">"

    def lines(self, key: str) -> Iterator[tuple[str, Place]]:
        """Yield the lines of a key's text, each with its place."""
        return _lines(self[key], self.nodes[key], self.source)


class Seq(_Written, list[Any]):
    """A YAML sequence."""

    __slots__ = ("node", "nodes", "source")

    def __init__(self, source: Source, node: yaml.Node) -> None:
        super().__init__()
        self.source = source
        self.node = node
        self.nodes: list[yaml.Node] = []

    @property
    def has_lost(self) -> bool:
        """Whether items were removed, because they are not valid."""
        return len(self) < len(self.node.value)

    def placed(self) -> Iterator[tuple[Any, Place]]:
        """Yield the items, each with its place."""
        return ((item, self.source.place(node)) for item, node in zip(self, self.nodes, strict=True))


Tree: TypeAlias = Map | Seq | str | int | float | bool | None


def plain(value: Any) -> Any:
    """Return the value as ordinary dicts and lists, without places."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def _cut_off(node: yaml.Node, source: Source) -> str:
    """Return a comment right after plain text (one space before its `#`), or an anchor that nothing refers to."""
    if getattr(node, "style", "|") or node.end_mark is None:  # in quotes or a block, every character is text
        return ""
    first, last = source.rest(node.start_mark), source.rest(node.end_mark)
    if first.startswith("&") and f"*{first.split()[0][1:]}" not in source.text:
        return first.split()[0]
    return last[1:] if last.startswith(" #") else ""


def _lines(text: str, node: yaml.Node, source: Source) -> Iterator[tuple[str, Place]]:
    start = source.place(node)
    is_block = getattr(node, "style", None) == "|"  # the lines of a `>` block are not those of the file
    for offset, line in enumerate(text.split("\n")):
        if not is_block:
            yield line, start
            continue
        number = start.line + 1 + offset
        written = source.lines[number - 1] if number <= len(source.lines) else ""
        yield line, Place(source.file, number, len(written) - len(written.lstrip()) + 1)


def read_yaml(path: Path, file: str) -> tuple[Tree, list[Diagnostic]]:
    """Return the tree of the file at `path` (called `file` in places) and what is wrong with it. Never raises."""
    try:
        data = path.read_bytes()
        return parse_yaml(json_as_yaml(data) if path.suffix == ".json" else data, file)
    except OSError as error:
        message = f"This file cannot be read: {error.strerror or error}."
        return None, [Diagnostic("error", Place(file), message, "Check its permissions.", "unreadable")]


def parse_yaml(data: bytes, file: str) -> tuple[Tree, list[Diagnostic]]:
    """Return the tree of a YAML file's bytes (None if nothing is readable) and what is wrong with it. Never raises."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        return None, [Diagnostic("error", place, "This is not UTF-8 text.", "Save the file as UTF-8.", "yaml-encoding")]
    source = Source(file, text)
    try:
        node = compose(text)
    except yaml.YAMLError as error:
        return None, [syntax_error(error, file, text)]
    except TooDeep:
        return None, [_too_deep(Place(file))]
    builder = _Builder(source)
    value = builder.build(node) if node is not None else None
    for finding in builder.diagnostics:
        if finding.code == "yaml-syntax":  # the file is indented oddly, so its structure may be another
            return None, [finding]
    return value, builder.diagnostics


def _too_deep(place: Place) -> Diagnostic:
    message = f"This is nested deeper than {MAX_DEPTH} levels, or its aliases expand without end."
    return Diagnostic("error", place, message, "Flatten it, without aliases.", "yaml-depth")


class _Builder(Struct):
    """Turns nodes into values; reports duplicate keys and unknown tags. Numbers that JSON cannot hold stay text."""

    source: Source
    diagnostics: list[Diagnostic] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    repeated: int = 0

    def build(self, node: yaml.Node, depth: int = 0) -> Tree:
        """Return the node's value."""
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        is_alias = id(node) in self.seen
        self.seen.add(id(node))
        if depth > MAX_DEPTH or self.repeated > MAX_REPEATED:
            if not any(d.code == "yaml-depth" for d in self.diagnostics):
                self.diagnostics.append(_too_deep(self.source.place(node)))
            return None
        if is_alias:
            self.repeated += 1 + len(node.value)
        if not node.tag.startswith((TAG + "map", TAG + "seq")):
            self.report(node, f"The tag `{node.tag}` means nothing here.", "Leave it out.", "yaml-tag")
        return self.mapping(node, depth) if isinstance(node, yaml.MappingNode) else self.sequence(node, depth)

    def report(self, node: yaml.Node, message: str, cure: str, code: str, name: str = "") -> None:
        """Report an error at the node's place."""
        self.diagnostics.append(Diagnostic("error", self.source.place(node), message, cure, code, name))

    def sequence(self, node: yaml.Node, depth: int) -> Seq:
        """Return a sequence with its items."""
        items = Seq(self.source, node)
        items.nodes = list(node.value)
        items.extend([self.build(item, depth + 1) for item in node.value])
        return items

    def mapping(self, node: yaml.MappingNode, depth: int) -> Map:
        """Return a mapping with its entries; its own take precedence over those merged in with `<<`."""
        result = Map(self.source, node)
        merged: list[Map] = []
        for key_node, value_node in node.value:
            if key_node.value[:1] == "\u00a0" and not key_node.style:
                self.report(key_node, NO_BREAK_SPACE, SPACES, "yaml-syntax")
            if not key_node.tag.startswith(TAG):
                self.report(key_node, f"The tag `{key_node.tag}` means nothing here.", "Leave it out.", "yaml-tag")
            if key_node.tag == TAG + "merge":
                merged += self.merged(key_node, self.build(value_node, depth + 1))
            elif not isinstance(key_node, yaml.ScalarNode):
                self.report(key_node, "A key must be plain text.", "Write `name: value`.", "yaml-key")
            elif (name := key_node.value) in result.nodes:
                first = result.key_place(name).line
                message = f"The key `{name}` is repeated here (first at line {first}); this one is ignored."
                self.report(key_node, message, _cure_of_duplicate(value_node), "duplicate-key", name)
            else:
                result.put(key_node, value_node, self.build(value_node, depth + 1))
        for other in merged:
            for key in other.keys() - result.keys():
                result.put(other.key_nodes[key], other.nodes[key], other[key])
        return result

    def merged(self, key: yaml.Node, value: Tree) -> list[Map]:
        """Return the mappings that `<<` names: one, or a list of them."""
        named = value if isinstance(value, Seq) else [value]
        maps = [item for item in named if isinstance(item, Map)]
        if len(maps) < len(named):
            self.report(key, "`<<` can only merge mappings.", "Write `<<: *name`, or put it in quotes.", "wrong-type")
        return maps

    def scalar(self, node: yaml.ScalarNode) -> Tree:
        """Return a scalar as text, number, boolean or null."""
        tag = node.tag.removeprefix(TAG)
        try:
            value: Tree = _SCALARS[tag](node.value)
        except KeyError:
            self.report(node, f"The tag `{node.tag}` means nothing here.", "Leave it out.", "yaml-tag")
            value = node.value
        except ValueError:  # a number that JSON cannot hold (infinite, over 64 bits) stays text
            value = node.value
        return value


def _cure_of_duplicate(value: yaml.Node) -> str:
    if isinstance(value, yaml.ScalarNode):
        return "Keep one, or begin the second with `- ` if it is a separate item."
    return "Keep one, or merge the two."


def _integer(text: str) -> int:
    if len(text) > 30:
        raise ValueError(text)
    value = int(text, 0)
    if not -_LARGEST <= value < _LARGEST:
        raise ValueError(text)
    return value


def _number(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)
    return value


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_SCALARS: dict[str, Any] = {
    "str": str,
    "null": lambda _: None,
    "bool": _boolean,
    "int": _integer,
    "float": _number,
    "merge": str,
}


def meant(node: yaml.Node) -> Tree:
    """Return the value of an unquoted scalar whose text was replaced; the text itself if it is quoted."""
    text: str = node.value
    if not isinstance(node, WrittenInstead) or node.style:
        return text
    tags = (tag for tag, pattern in RESOLVERS.get(text[:1], ()) if pattern.match(text))
    try:
        value: Tree = _SCALARS[next(tags, TAG + "str").removeprefix(TAG)](text)
    except ValueError:
        return text
    return value
