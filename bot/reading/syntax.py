"""Text that is no YAML: where it stops being any, and what to write instead."""

from __future__ import annotations

import re

import yaml

from bot.content import Diagnostic, Place

TABS = "Indent with spaces, not tabs."

_CURES = (
    ("tab character", TABS),
    ("mapping values are not allowed", "Put text that contains `: ` in quotes, and check the line's indentation."),
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
    ("scanning a simple key", "Write `key: value`; where a text goes on here, indent it more than its key."),
)
"""What a problem began with, and its cure: the place to look at is where it began."""

BLOCK = "Write `examples: |`: each line below it is then text, whatever it begins with."
"""What to write where examples are no block, and one of them means something to YAML."""

NO_BREAK_SPACE = "This is indented with a no-break space, which is no space to YAML."
SPACES = "Indent with ordinary spaces: this one looks like them, and is another character."
"""What is wrong, and what to write instead, where an indentation has a no-break space."""

_FEW = 4
"""In how many lines what makes a text no YAML is looked for: the parser tells it a little later."""

_KEY = r"(?=[A-Za-z_]\w*:(?:\s|$))"

_SLIPS = (
    (re.compile(r"[ \t]*(?:- *)*(?P<sign>\u00a0)"), NO_BREAK_SPACE, SPACES),
    (re.compile(rf"\s*(?P<sign>-){_KEY}"), "There is no space after this dash.", "Write `- `: a dash and a space."),
    (
        re.compile(rf"\s*(?P<sign>[–—−•·*])\s+{_KEY}"),
        "This is not the dash that begins an item.",
        "Write `- `: a hyphen and a space.",
    ),
)
"""What the eye takes for right, with the message and the cure; the parser stops at it, or a little later."""

_SMART = re.compile(r"\s*(?:- +)*(?:[^\s:#]+: +)?[“”„]")

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
    lines = text.split("\n")[: place.line]
    if slip := _slip(lines, file) or _without_dash(lines, file):
        return slip
    of_problem = next((cure for part, cure in _CURES if part in problem), None)
    cure = _of_line(lines, place.column) or opened or of_problem or _of_sign(lines)
    return Diagnostic("error", place, f"This is not YAML: {problem}.", cure, "yaml-syntax")


def _slip(lines: list[str], file: str) -> Diagnostic | None:
    """What the eye takes for right, in the last of the lines or the few above it."""
    for number in range(len(lines), max(len(lines) - _FEW, 0), -1):
        for pattern, message, cure in _SLIPS:
            if match := pattern.match(lines[number - 1]):
                return Diagnostic("error", Place(file, number, match.start("sign") + 1), message, cure, "yaml-syntax")
    return None


def _without_dash(lines: list[str], file: str) -> Diagnostic | None:
    """The line before the last, if both the last and what is above are items and it is a key beside them."""
    *_, above, line, last = ("", "", *lines)
    indent = last[: len(last) - len(last.lstrip(" "))]
    is_among = last.startswith(f"{indent}- ") and above.startswith((f"{indent}- ", f"{indent}  "))
    if not is_among or not re.match(rf"{indent}[A-Za-z_]\w*: ", line):
        return None
    place = Place(file, len(lines) - 1, len(indent) + 1)
    return Diagnostic(
        "error", place, "The lines around this begin with `- `.", "Begin this one with `- `, too.", "yaml-syntax"
    )


def _of_line(lines: list[str], column: int) -> str:
    """What to write instead of the last of the lines, where a look at it tells more than the parser does."""
    said, above = ["", "", *lines][-1], ["", *lines][-2]
    if said[column - 1 : column] == "\t":
        return TABS
    if _is_example(lines):
        return BLOCK
    if _SMART.match(said):
        return 'Write straight quotes (") in place of “ and ”, which are no quotes to YAML.'
    if re.fullmatch(r"\s*(?:- +)*[\w-]+", said[: column - 1]) and said[column - 1 : column] == ":":
        return "The line above is complete: indent this one like it, or begin that one with `- `."
    if re.search(r": *[|>][-+]?$", above) and len(said) - len(said.lstrip()) <= len(above) - len(above.lstrip()):
        return f"Indent this more than `{above.strip()}` above it."
    return ""


def _is_example(lines: list[str]) -> bool:
    """Whether the last line is an item of examples that are no block, and begins with a sign or holds a colon."""
    said = lines[-1] if lines else ""
    if not said.lstrip().startswith("- ") or not (": " in said or _SIGN.match(said)):
        return False
    above = next(
        (line for line in reversed(lines[:-1]) if line.strip() and not line.lstrip().startswith(("- ", "#"))), ""
    )
    return _EXAMPLES.fullmatch(above) is not None


def _of_sign(lines: list[str]) -> str:
    """What to write instead of a last line with nothing else to say of it."""
    says = _SIGN.match(lines[-1]) if lines else None
    if says is None:
        return "Check the indentation, quotes and brackets of this line and the one before it."
    if says["sign"] in "\"'":
        return "Quotes go around all of a text: put the whole of it in quotes of the other kind, or take these out."
    if says["sign"] in "|>":
        return f"Write the text below, indented, or put text that begins with {says['sign']} in quotes."
    return f"Put text that begins with {says['sign']} in quotes."
