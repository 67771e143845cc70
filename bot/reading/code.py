"""The responses and slots that the project's own Python names."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Set
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

from bot.content import Place
from bot.reading.finding import files_below

_RESPONSE = re.compile(r"utter_\w*[a-zA-Z0-9](?:/\w+)?")
_PART_METHODS: Final = frozenset(
    {"startswith", "endswith", "removeprefix", "removesuffix", "partition", "replace", "split"}
)
"""Methods whose arguments are parts of a text."""

_SLOT = re.compile(r"""(?:\.(?:slot|slot_before|set|get_slot)|SlotSet)\(\s*["']([^"']+)["']""")
_TURN_METHODS: Final = frozenset({"slot", "slot_before", "set"})
"""Methods of a turn whose first argument is a slot's name."""

_Named: TypeAlias = Iterator[tuple[str, ast.Constant]]


def words_of_code(folder: Path) -> frozenset[str]:
    """Return every word in the project's own Python: a response that an action names is in use."""
    return frozenset(word for _, text in _python_files(folder) for word in re.split(r"[\s\"']+", text))


def responses_of_code(folder: Path, known: Set[str]) -> dict[str, Place]:
    """Return the unknown responses that the project's own Python names in full, each with its first place."""
    return _unknown(folder, known, _RESPONSE, _responses)


def slots_of_code(folder: Path, known: Set[str]) -> dict[str, Place]:
    """Return the unknown slots that the project's own Python reads or sets, each with its first place.

    These are the arguments of `turn.slot("…")`, `turn.slot_before("…")` and `turn.set("…", …)`, and of Rasa's
    `SlotSet("…", …)` and `tracker.get_slot("…")`.
    """
    return _unknown(folder, known, _SLOT, _slots)


def _unknown(
    folder: Path, known: Set[str], pattern: re.Pattern[str], names: Callable[[ast.AST], _Named]
) -> dict[str, Place]:
    """Return the unknown names in code; `pattern` finds all of them, and maybe others, without parsing the code."""
    named: dict[str, Place] = {}
    for file, text in sorted(_python_files(folder)):
        if known >= set(pattern.findall(text)):
            continue  # parsing all Python would slow down every start
        with suppress(SyntaxError, ValueError, RecursionError):  # importing it reports what is wrong
            for word, node in names(ast.parse(text)):
                if word not in known:
                    named.setdefault(word, _place(file, text, node))
    return named


def _place(file: str, text: str, node: ast.Constant) -> Place:
    before = text.split("\n")[node.lineno - 1].encode()[: node.col_offset]  # col_offset counts bytes
    return Place(file, node.lineno, len(before.decode()) + 1)


def _responses(tree: ast.AST) -> _Named:
    """Yield the texts that are a response's whole name."""
    for text, node in _whole_texts(tree):
        if _RESPONSE.fullmatch(text):
            yield text, node


def _whole_texts(tree: ast.AST) -> _Named:
    """Yield the complete texts in Python, not pieces that others are built from: those may be any part of a name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _PART_METHODS:
            yield from _whole_texts(node.func)
        elif not isinstance(node, (ast.JoinedStr, ast.BinOp)):
            yield from _whole_texts(node)


def _slots(tree: ast.AST) -> _Named:
    """Yield the first arguments of all calls that take a slot, if they are texts."""
    nodes = list(ast.walk(tree))
    turns = {node.arg for node in nodes if isinstance(node, ast.arg) and _is_turn(node)}
    for node in nodes:
        if isinstance(node, ast.Call) and node.args and _takes_slot(node.func, turns):
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, first


def _is_turn(arg: ast.arg) -> bool:
    """Whether an argument of a function is the turn, by its name or its annotation."""
    annotation = ast.unparse(arg.annotation) if arg.annotation is not None else ""
    return arg.arg == "turn" or annotation.strip("'").rpartition(".")[2] == "Turn"


def _takes_slot(function: ast.expr, turns: Set[str]) -> bool:
    """Whether the first argument of this function is a slot; `turns` are the names of arguments that hold a turn."""
    if isinstance(function, ast.Name):
        return function.id == "SlotSet"
    if not isinstance(function, ast.Attribute):
        return False
    if function.attr == "SlotSet":
        return True
    owner = function.value.id if isinstance(function.value, ast.Name) else ""
    if function.attr == "get_slot":
        return owner == "tracker"  # rasa-sdk's
    return owner in turns and function.attr in _TURN_METHODS


def _python_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each Python file of the project's actions."""
    for path in (*files_below(folder / "actions"), folder / "actions.py"):
        if path.suffix == ".py" and path.is_file():
            with suppress(OSError):  # importing it reports that it cannot be read
                yield path.relative_to(folder).as_posix(), path.read_text("utf-8-sig", "replace")
