"""YAML text to nodes with marks: our own resolvers on libyaml's parser, with limited depth.

Scalars follow the YAML 1.2 core schema (true, false, null, numbers), not 1.1:
`no`, `on`, `12:30` stay text. It is stricter than core in two ways, so that no
digit is lost: a number with a leading zero (`012345`) or plus sign is text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import yaml

MAX_DEPTH: Final = 100
"""How deep mappings and sequences may nest."""

TAG: Final = "tag:yaml.org,2002:"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml's, if PyYAML was built with it
    """The C loader with its own resolvers; PyYAML's follow YAML 1.1 and would misread utterances."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # as in PyYAML


for _name, _pattern, _first in (
    ("null", r"(?:null|Null|NULL|~|)\Z", ["n", "N", "~", ""]),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)\Z", list("tTfF")),
    ("int", r"(?:-?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+)\Z", list("-0123456789")),
    (
        "float",
        r"(?:-?(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][-+]?[0-9]+)?|-?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z",
        list("-+.0123456789"),
    ),
    ("merge", r"<<\Z", ["<"]),
):
    _Loader.add_implicit_resolver(TAG + _name, re.compile(_pattern), _first)


RESOLVERS: Final = _Loader.yaml_implicit_resolvers
"""The tags that a plain scalar may resolve to, by its first character."""


_HALVES = re.compile(
    rb"(?<!\\)(?P<before>(?:\\\\)*)\\u(?P<high>d[89ab][0-9a-f]{2})\\u(?P<low>d[c-f][0-9a-f]{2})", re.IGNORECASE
)
"""A surrogate pair in JSON; an escaped backslash before `u` does not begin one."""


class TooDeep(Exception):
    """Nodes nest deeper than MAX_DEPTH; libyaml's own composer would overflow the C stack instead."""


def compose(text: str) -> yaml.Node | None:
    """Return the root node of the text's only document; None for an empty text. Raises yaml.YAMLError and TooDeep."""
    loader = _Loader(text)
    try:
        return _Composer(loader).document()
    finally:
        loader.dispose()


def json_as_yaml(json: bytes) -> bytes:
    """Return JSON as YAML: it is valid YAML, except for characters written as surrogate pairs."""

    def whole(match: re.Match[bytes]) -> bytes:
        high, low = int(match["high"], 16), int(match["low"], 16)
        return match["before"] + b"\\U%08x" % (0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)

    return _HALVES.sub(whole, json)


class _Composer:
    """Composes nodes from the parser's events, with limited depth."""

    def __init__(self, loader: Any) -> None:
        self.next: Callable[[], Any] = loader.get_event
        self.resolve: Callable[..., str] = loader.resolve
        self.anchors: dict[str, yaml.Node] = {}

    def document(self) -> yaml.Node | None:
        """Return the root of the only document; None for an empty file. Raises yaml.YAMLError and TooDeep."""
        self.next()  # the stream's start
        if isinstance(self.next(), yaml.StreamEndEvent):
            return None
        root = self.node(self.next(), 0)
        self.next()  # the document's end
        event = self.next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise yaml.MarkedYAMLError(problem="but found another document", problem_mark=event.start_mark)
        return root

    def node(self, event: Any, depth: int) -> yaml.Node:
        """Return the node that begins with the event."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            tag = event.tag
            if tag is None or tag == "!":
                tag = self.resolve(yaml.ScalarNode, event.value, event.implicit)
            return self.keep(event, yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark, event.style))
        if kind is yaml.AliasEvent:
            if event.anchor not in self.anchors:
                raise yaml.MarkedYAMLError(problem="found undefined alias", problem_mark=event.start_mark)
            return self.anchors[event.anchor]
        if depth > MAX_DEPTH:
            raise TooDeep
        return self.sequence(event, depth) if kind is yaml.SequenceStartEvent else self.mapping(event, depth)

    def keep(self, event: Any, node: yaml.Node) -> yaml.Node:
        """Store the node under its anchor, if it has one, and return it."""
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def sequence(self, event: Any, depth: int) -> yaml.Node:
        """Return a sequence, read up to its end event."""
        items: list[yaml.Node] = []
        node = self.keep(event, yaml.SequenceNode(event.tag or TAG + "seq", items, event.start_mark))
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            items.append(self.node(event, depth + 1))
        return node

    def mapping(self, event: Any, depth: int) -> yaml.Node:
        """Return a mapping, read up to its end event."""
        pairs: list[tuple[yaml.Node, yaml.Node]] = []
        node = self.keep(event, yaml.MappingNode(event.tag or TAG + "map", pairs, event.start_mark))
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            key = self.node(event, depth + 1)
            pairs.append((key, self.node(self.next(), depth + 1)))
        return node
