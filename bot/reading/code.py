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
_OF_PARTS: Final = frozenset(
    {"startswith", "endswith", "removeprefix", "removesuffix", "partition", "replace", "split"}
)
"""Methods whose arguments are parts of a text."""

_SLOT = re.compile(r"""(?:\.(?:slot|slot_before|set|get_slot)|SlotSet)\(\s*["']([^"']+)["']""")
_TURN: Final = frozenset({"slot", "slot_before", "set"})
"""Methods of a turn whose first argument is a slot's name."""

_Named: TypeAlias = Iterator[tuple[str, ast.Constant]]


def words_of_code(folder: Path) -> frozenset[str]:
    """Return every word in the project's own Python: a response that an action names is in use."""
    return frozenset(word for _, text in _code(folder) for word in re.split(r"[\s\"']+", text))


def responses_of_code(folder: Path, known: Set[str]) -> dict[str, Place]:
    """Return the unknown responses that the project's own Python names in full, each with its first place."""
    return _unknown(folder, known, _RESPONSE, lambda tree: (n for n in _texts(tree) if _RESPONSE.fullmatch(n[0])))


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
    for file, text in sorted(_code(folder)):
        if known >= set(pattern.findall(text)):
            continue  # parsing all Python would slow down every start
        with suppress(SyntaxError, ValueError, RecursionError):  # importing it reports what is wrong
            for word, node in names(ast.parse(text)):
                if word not in known:
                    before = text.split("\n")[node.lineno - 1].encode()[: node.col_offset]  # col_offset counts bytes
                    named.setdefault(word, Place(file, node.lineno, len(before.decode()) + 1))
    return named


def _texts(tree: ast.AST) -> _Named:
    """Yield the complete texts in Python, not pieces that others are built from: those may be any part of a name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _OF_PARTS:
            yield from _texts(node.func)
        elif not isinstance(node, (ast.JoinedStr, ast.BinOp)):
            yield from _texts(node)


def _slots(tree: ast.AST) -> _Named:
    """Yield the first arguments of all calls that take a slot, if they are texts."""
    turns = {arg.arg for arg in ast.walk(tree) if isinstance(arg, ast.arg) and _is_turn(arg)}
    for call in ast.walk(tree):
        first = call.args[0] if isinstance(call, ast.Call) and call.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and _takes_slot(call, turns):
            yield first.value, first


def _is_turn(arg: ast.arg) -> bool:
    """Whether an argument of a function is the turn, by its name or its annotation."""
    said = ast.unparse(arg.annotation) if arg.annotation is not None else ""
    return arg.arg == "turn" or said.strip("'").rpartition(".")[2] == "Turn"


def _takes_slot(call: ast.AST, turns: Set[str]) -> bool:
    function = call.func if isinstance(call, ast.Call) else None
    if isinstance(function, ast.Name):
        return function.id == "SlotSet"
    if not isinstance(function, ast.Attribute):
        return False
    of = function.value.id if isinstance(function.value, ast.Name) else ""
    of_tracker = function.attr == "get_slot" and of == "tracker"  # rasa-sdk's
    return function.attr == "SlotSet" or of_tracker or (of in turns and function.attr in _TURN)


def _code(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each Python file of the project's actions."""
    for path in (*files_below(folder / "actions"), folder / "actions.py"):
        if path.suffix == ".py" and path.is_file():
            with suppress(OSError):  # importing it reports that it cannot be read
                yield path.relative_to(folder).as_posix(), path.read_text("utf-8-sig", "replace")
