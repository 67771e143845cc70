"""Text that is not valid YAML: where the mistake is, and what to write instead."""

from __future__ import annotations

import re

import yaml

from bot.content import Diagnostic, Place

TABS = "Indent with spaces, not tabs."

_CURES = (
    ("tab character", TABS),
    ("mapping values are not allowed", "Put text that contains `: ` in quotes, or check the indentation."),
    ("expected <document start>", "Check the indentation: every line at the left edge must be `key: value`."),
    ("undefined alias", "Define the anchor (`&name`) before using it, or put text that begins with * in quotes."),
    ("unexpected end of stream", "Close every quote and bracket that is opened."),
    ("escape", "Write \\\\ for a backslash inside double quotes, or use single quotes."),
    ("another document", "Keep one document per file: remove the second `---`."),
    ("expected a single document", "Keep one document per file: remove the second `---`."),
    ("control characters", "Remove the invisible character."),
)

_OPENED = (
    ("while parsing a flow", "Close the bracket that opens here, or put text that begins with [ or { in quotes."),
    ("quoted scalar: found unexpected end", "Close the quotes that open here."),
    ("scanning a simple key", "Write `key: value`, or, if this line continues a text, indent it more than the key."),
)
"""Parts of a problem's context, each with a fix: such a problem is reported where it began."""

BLOCK = "Write `examples: |`: each line below it is then plain text, whatever characters it contains."
"""The fix for examples that are not a block, if one of them means something else to YAML."""

NO_BREAK_SPACE = "This is indented with a no-break space, which YAML does not treat as a space."
SPACES = "Indent with ordinary spaces: this character only looks like one."
"""The message and the fix for an indentation that contains a no-break space."""

_LINES_ABOVE = 4
"""How many lines are searched for the mistake, since the parser may report it a little later."""

_KEY = r"(?=[A-Za-z_]\w*:(?:\s|$))"

_SLIPS = (
    (re.compile(r"[ \t]*(?:- *)*(?P<sign>\u00a0)"), NO_BREAK_SPACE, SPACES),
    (re.compile(rf"\s*(?P<sign>-){_KEY}"), "There is no space after this dash.", "Write `- `: a dash and a space."),
    (
        re.compile(rf"\s*(?P<sign>[–—−•·*])\s+{_KEY}"),
        "This is not the hyphen that begins a list item.",
        "Write `- `: a hyphen and a space.",
    ),
)
"""Mistakes that look right to the eye, with message and fix; the parser stops at them, or a little later."""

_BARE = re.compile(r"(?P<indent> *(?:- +)*)(?P<word>[A-Za-z_][\w/-]*)(?P<block> +[|>][-+]?)?\s*(?:#.*)?")
"""A line of one word, such as a key that lacks its colon."""

_CHILD = re.compile(r"(?P<indent> *)(?:- |(?P<key>[^\s#'\"-][^#]*?:(?:\s|$)))")
"""A line that begins a list or a mapping."""

_SMART = re.compile(r"\s*(?:- +)*(?:[^\s:#]+: +)?[“”„]")

_EXAMPLES = re.compile(r"\s*(?:- +)?examples:\s*(?:#.*)?")

_SIGN = re.compile(r"\s*(?:- +)*(?:[^\s:#]+: +|(?![-?]))(?P<sign>[]{}[*&!%@`|>?'\"-])")
"""A line whose value begins with a sign that has a meaning in YAML."""


def syntax_error(error: yaml.YAMLError, file: str, text: str) -> Diagnostic:
    """Return the finding about a text that YAML's parser rejected with `error`."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    context = str(getattr(error, "context", None) or "")
    opened = next((cure for part, cure in _OPENED if part in f"{context}: {problem}"), None)
    place = _place(getattr(error, "context_mark" if opened else "problem_mark", None), error, file, text)
    all_lines = text.split("\n")
    lines = all_lines[: place.line]
    if variable := _variable_in_brackets(error, context, file, all_lines):
        return variable
    if slip := _slip(lines, file) or _without_dash(lines, file) or _without_colon(all_lines, place):
        return slip
    cure_of_problem = next((cure for part, cure in _CURES if part in problem), None)
    cure = _cure_of_line(lines, place.column) or opened or cure_of_problem or _cure_of_sign(lines)
    return Diagnostic("error", place, f"This is not YAML: {problem}.", cure, "yaml-syntax")


def _place(mark: yaml.Mark | None, error: yaml.YAMLError, file: str, text: str) -> Place:
    """Return the place of the mark; if there is none, that of the character that the error names by its position."""
    if mark is not None:
        return Place(file, mark.line + 1, mark.column + 1)
    position = getattr(error, "position", 0)
    before = text[: position if isinstance(position, int) else 0]
    return Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _variable_in_brackets(error: yaml.YAMLError, context: str, file: str, lines: list[str]) -> Diagnostic | None:
    """Return the finding about a `${NAME}` whose bracket the parser met inside other brackets."""
    mark = getattr(error, "problem_mark", None)
    if mark is None or not context.startswith("while parsing a flow"):
        return None
    line = next(iter(lines[mark.line :]), "")  # YAML has more line breaks
    if not line[: mark.column + 1].endswith("${"):
        return None
    place = Place(file, mark.line + 1, mark.column)
    message = "Inside brackets, YAML takes the bracket of `${…}` for another one."
    cure = "Write the value in quotes, or on a line of its own."
    return Diagnostic("error", place, message, cure, "yaml-syntax")


def _slip(lines: list[str], file: str) -> Diagnostic | None:
    """Return the finding about a mistake that is easily overlooked, in the last line or the few above it."""
    for number in range(len(lines), max(len(lines) - _LINES_ABOVE, 0), -1):
        for pattern, message, cure in _SLIPS:
            if match := pattern.match(lines[number - 1]):
                return Diagnostic("error", Place(file, number, match.start("sign") + 1), message, cure, "yaml-syntax")
    return None


def _without_dash(lines: list[str], file: str) -> Diagnostic | None:
    """Return the finding about the line before the last, if it is a key among list items and lacks its dash."""
    *_, above, line, last = ("", "", *lines)
    indent = last[: len(last) - len(last.lstrip(" "))]
    is_among = last.startswith(f"{indent}- ") and above.startswith((f"{indent}- ", f"{indent}  "))
    if not is_among or not re.match(rf"{indent}[A-Za-z_]\w*: ", line):
        return None
    place = Place(file, len(lines) - 1, len(indent) + 1)
    message, cure = "The lines around this one begin with `- `.", "Begin this one with `- `, too."
    return Diagnostic("error", place, message, cure, "yaml-syntax")


def _without_colon(lines: list[str], place: Place) -> Diagnostic | None:
    """Return the finding about a key without its colon above a block, at the place or in the few lines above it."""
    for number in range(min(place.line, len(lines)), max(place.line - _LINES_ABOVE, 0), -1):
        bare = _BARE.fullmatch(lines[number - 1])
        if bare and _has_block(lines, number, bare.start("word")) and _may_be_key(lines[: number - 1], bare):
            where = Place(place.file, number, bare.start("word") + 1)
            cure = f"Write `{bare['word']}:{bare['block'] or ''}`."
            return Diagnostic("error", where, f"`{bare['word']}` lacks its `:`.", cure, "yaml-syntax")
    return None


def _has_block(lines: list[str], number: int, column: int) -> bool:
    """Whether a list or a mapping begins below the line of this number, for a key at this column."""
    below = next((line for line in lines[number:] if line.strip() and not line.lstrip().startswith("#")), "")
    child = _CHILD.match(below)
    if child is None:
        return False
    indent = len(child["indent"])
    return indent > column if child["key"] else indent >= column


def _may_be_key(above: list[str], bare: re.Match[str]) -> bool:
    """Whether the line can be a key, not part of a longer text: the line that it is indented below ends with `:`."""
    column = bare.end("indent") if "-" not in bare["indent"] else bare["indent"].index("-")
    for line in reversed(above):
        text = line.partition(" #")[0].rstrip()
        if text and not text.lstrip().startswith("#") and len(text) - len(text.lstrip(" -")) < column:
            return text.endswith(":")
    return True


def _cure_of_line(lines: list[str], column: int) -> str:
    """Return what to write instead of the last line, if the line itself says more than the parser's problem."""
    *_, above, line = ("", "", *lines)
    sign = line[column - 1 : column]
    if sign == "\t":
        return TABS
    if _is_example(lines):
        return BLOCK
    if _SMART.match(line):
        return 'Write straight quotes (") instead of “ and ”, which YAML does not treat as quotes.'
    if sign == ":" and re.fullmatch(r"\s*(?:- +)*[\w-]+", line[: column - 1]):
        return "The line above already has a value: indent this line like it, or begin that one with `- `."
    is_indented = len(line) - len(line.lstrip()) > len(above) - len(above.lstrip())
    if re.search(r": *[|>][-+]?$", above) and not is_indented:
        return f"Indent this more than `{above.strip()}` above it."
    return ""


def _is_example(lines: list[str]) -> bool:
    """Whether the last line is an item of `examples:` without `|`, and begins with a sign or contains a colon."""
    last = lines[-1] if lines else ""
    if not last.lstrip().startswith("- ") or not (": " in last or _SIGN.match(last)):
        return False
    others = (line for line in reversed(lines[:-1]) if line.strip() and not line.lstrip().startswith(("- ", "#")))
    return _EXAMPLES.fullmatch(next(others, "")) is not None


def _cure_of_sign(lines: list[str]) -> str:
    """Return what to write instead of the last line if nothing more specific is known."""
    match = _SIGN.match(lines[-1]) if lines else None
    if match is None:
        return "Check the indentation, quotes and brackets of this line and the one before it."
    sign = match["sign"]
    if sign in "\"'":
        return "Quotes must enclose the whole text: put all of it in quotes of the other kind, or remove these."
    if sign in "|>":
        return f"Write the text below, indented, or put text that begins with {sign} in quotes."
    return f"Put text that begins with {sign} in quotes."
