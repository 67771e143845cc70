"""Text that is no YAML: where it stops being any, and what to write instead."""

from __future__ import annotations

import re

import yaml

from bot.content import Diagnostic, Place

_CURES = (
    ("tab character", "Indent with spaces, not tabs."),
    ("cannot start any token", "Indent with spaces, not tabs; put text that begins with @, ` or % in quotes."),
    ("mapping values are not allowed", "Put text that contains `: ` in quotes, and check the line's indentation."),
    ("could not find expected ':'", "Write `key: value`, and check the line's indentation."),
    ("expected <document start>", "Check the indentation: everything at the left edge is `key: value`."),
    ("undefined alias", "Define the anchor (`&name`) before it is used; put text that begins with * in quotes."),
    ("unexpected end of stream", "Close the quotes or brackets that were opened."),
    ("escape", "Write \\\\ for a backslash inside double quotes, or use single quotes."),
    ("another document", "Keep one document in a file: take the second `---` out."),
    ("expected a single document", "Keep one document in a file: take the second `---` out."),
    ("control characters", "Take the invisible character out."),
)


_OPENED = (
    ("while parsing a flow", "Close the bracket that opens here, or put text that begins with [ or { in quotes."),
    ("quoted scalar: found unexpected end", "Close the quotes that open here."),
)
"""What a problem began with, and its cure: the place to look at is where it began."""

BLOCK = "Write `examples: |`: each line below it is then text, whatever it begins with."
"""What to write where examples are no block, and one of them means something to YAML."""

NO_BREAK_SPACE = "This is indented with a no-break space, which is no space to YAML."
SPACES = "Indent with ordinary spaces: this one looks like them, and is another character."
"""What is wrong, and what to write instead, where an indentation has a no-break space."""

_FEW = 4
"""In how many lines what makes a text no YAML is looked for: the parser tells it a little later."""

_NO_BREAK = re.compile(r"[ \t]*\u00a0")

_EXAMPLES = re.compile(r"\s*(?:- +)?examples:\s*(?:#.*)?")

_SIGN = re.compile(r"\s*(?:- +)*(?:[^\s:#]+: +|(?![-?]))(?P<sign>[]{}[*&!%@`|>?'\"-])")
"""The sign that means something to YAML and with which what a line says begins."""


def syntax_error(error: yaml.YAMLError, file: str, text: str) -> Diagnostic:
    """The finding about a text that YAML's parser refuses."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    context = str(getattr(error, "context", None) or "")
    opened = next((cure for part, cure in _OPENED if part in f"{context}: {problem}"), None)
    mark = getattr(error, "context_mark" if opened else "problem_mark", None)
    if mark is not None:
        place = Place(file, mark.line + 1, mark.column + 1)
    else:
        position = getattr(error, "position", 0)
        before = text[: position if isinstance(position, int) else 0]
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
    if odd := _odd_indent(text, place.line):
        return Diagnostic("error", Place(file, *odd), NO_BREAK_SPACE, SPACES, "yaml-syntax")
    block = BLOCK if _is_example(text, place.line) else None
    cure = (
        block or opened or next((cure for part, cure in _CURES if part in problem), None) or _of_line(text, place.line)
    )
    return Diagnostic("error", place, f"This is not YAML: {problem}.", cure, "yaml-syntax")


def _odd_indent(text: str, number: int) -> tuple[int, int] | None:
    """The line and column of a no-break space in an indentation, at the line or in the few above it."""
    lines = text.split("\n")
    for line in range(min(number, len(lines)), max(number - _FEW, 0), -1):
        if match := _NO_BREAK.match(lines[line - 1]):
            return line, match.end()
    return None


def _is_example(text: str, number: int) -> bool:
    """Whether a line is an item of examples that are no block, and begins with a sign or holds a colon and a space."""
    lines = text.split("\n")[:number]
    said = lines[-1] if lines else ""
    if not said.lstrip().startswith("- ") or not (": " in said or _SIGN.match(said)):
        return False
    above = next(
        (line for line in reversed(lines[:-1]) if line.strip() and not line.lstrip().startswith(("- ", "#"))), ""
    )
    return _EXAMPLES.fullmatch(above) is not None


def _of_line(text: str, number: int) -> str:
    """What to write instead of a line with nothing else to say of it."""
    lines = text.split("\n")
    says = _SIGN.match(lines[number - 1]) if number <= len(lines) else None
    if says is None:
        return "Check the indentation, quotes and brackets of this line and the one before it."
    if says["sign"] in "\"'":
        return "Quotes go around all of a text: put the whole of it in quotes of the other kind, or take these out."
    if says["sign"] in "|>":
        return f"Write the text below, indented, or put text that begins with {says['sign']} in quotes."
    return f"Put text that begins with {says['sign']} in quotes."
