"""Stories as a picture: a self-contained HTML page, with one tree for the rules and one for the stories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Final

from msgspec import Struct
from rich.cells import cell_len, set_cell_size

from bot.dialogue.story_tree import Node

Describe = Callable[[Node], Iterable[str]]
"""Returns the lines of a node's tooltip."""

# All lengths are in CSS pixels; _LETTER is the width of a character of the font.
_LETTER: Final = 7.3
_ROW: Final = 36
_BOX: Final = 26
_GAP: Final = 40
_CORNER: Final = 8
_MARGIN: Final = 12

_LONGEST_LABEL: Final = 44
"""In characters; longer labels are cut, and complete in the tooltip. Names of stories are never cut."""

_LEGEND: Final = {"user": "the user says", "bot": "the bot does", "loop": "form or loop", "slot": "slot"}

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b2422; --line: #9aa8a4; --paper: #fff;
  --user: #d6e7fb; --bot: #d5efe2; --loop: #fbe6c2; --slot: #e7e3f4; --start: #1b2422; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ecea; --line: #60706b; --paper: #14191a;
  --user: #1f3f63; --bot: #17503a; --loop: #5c4310; --slot: #433a66; --start: #e6ecea; } }
body { margin: 1.5rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
.legend span { padding: .15rem .6rem; margin-right: .5rem; border-radius: 6px; }
.picture { overflow-x: auto; }
svg { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
svg text { fill: var(--ink); dominant-baseline: central; }
svg path { fill: none; stroke: var(--line); stroke-width: 1.5; }
.end text { font-style: italic; opacity: .75; }
.user { background: var(--user); fill: var(--user); } .bot { background: var(--bot); fill: var(--bot); }
.loop { background: var(--loop); fill: var(--loop); } .slot { background: var(--slot); fill: var(--slot); }
.start { fill: var(--start); }
"""


class _Box(Struct, frozen=True):
    """The position of a node: its left edge, the middle of its row, and its width."""

    node: Node
    x: float
    y: float
    width: float
    before: _Box | None

    @property
    def right(self) -> float:
        return self.x + self.width


def page(title: str, trees: Mapping[str, Node], describe: Describe) -> str:
    """Return the page with these trees, by their headings. Labels and descriptions are text, not HTML."""
    legend = "".join(f'<span class="{kind}">{meaning}</span>' for kind, meaning in _LEGEND.items())
    pictures = "".join(
        f'<h2>{escape(heading)}</h2>\n<div class="picture">{_picture(heading, tree, describe)}</div>\n'
        for heading, tree in trees.items()
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f'<p class="legend">{legend}</p>\n{pictures}</body>\n</html>\n'
    )


def _picture(heading: str, tree: Node, describe: Describe) -> str:
    boxes = list(_lay_out(tree))
    width = max(box.right for box in boxes) + _MARGIN
    height = max(box.y for box in boxes) + _ROW / 2 + _MARGIN
    drawn = "\n".join(part for box in boxes for part in _svg_parts(box, describe))
    return f'<svg role="img" aria-label="{escape(heading)}" width="{width:.0f}" height="{height:.0f}">\n{drawn}\n</svg>'


def _lay_out(tree: Node) -> Iterator[_Box]:
    """Lay the tree out from left to right: a node's first child is in its row, the others in rows of their own."""
    row = 0
    waiting: list[tuple[Node, _Box | None, bool]] = [(tree, None, True)]
    while waiting:
        node, before, is_first_child = waiting.pop()
        if not is_first_child:
            row += 1
        x = before.right + _GAP if before else _MARGIN
        width = cell_len(_label(node)) * _LETTER + 20 if node.label else 12
        box = _Box(node, x, _MARGIN + (row + 0.5) * _ROW, width, before)
        yield box
        children = [(child, box, number == 0) for number, child in enumerate(node.after.values())]
        waiting += reversed(children)


def _svg_parts(box: _Box, describe: Describe) -> Iterator[str]:
    if box.before is not None:
        yield f'<path d="{_line(box.before, box)}"/>'
    kind, top = box.node.kind, box.y - _BOX / 2
    if kind == "start":
        yield f'<circle class="start" cx="{box.x + 6:.1f}" cy="{box.y}" r="6"/>'
        return
    tip = escape("\n".join((box.node.label, *describe(box.node))))
    shape = f'<rect class="{kind}" x="{box.x:.1f}" y="{top}" width="{box.width:.1f}" height="{_BOX}" rx="6"/>'
    text = f'<text x="{box.x + 10:.1f}" y="{box.y}">{escape(_label(box.node))}</text>'
    yield f'<g class="{kind}"><title>{tip}</title>{"" if kind == "end" else shape}{text}</g>'


def _line(start: _Box, end: _Box) -> str:
    """Return a line to the next node: straight in the same row, else along a vertical line that siblings share."""
    if start.y == end.y:
        return f"M{start.right:.1f} {start.y} H{end.x:.1f}"
    trunk = start.right + _GAP / 2
    corner = f"V{end.y - _CORNER} Q{trunk:.1f} {end.y} {trunk + _CORNER:.1f} {end.y}"
    return f"M{start.right:.1f} {start.y} H{trunk:.1f} {corner} H{end.x:.1f}"


def _label(node: Node) -> str:
    label = " ".join(node.label.split())
    if node.kind == "end" or cell_len(label) <= _LONGEST_LABEL:
        return label
    return f"{set_cell_size(label, _LONGEST_LABEL - 1).rstrip()}…"
