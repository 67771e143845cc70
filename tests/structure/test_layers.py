"""Who may import whom: the rooms of the design, held by walking every import, those inside functions too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A room imports, of ours, only these rooms (and itself).
ROOMS = {
    "bot.messages": set(),
    "bot.errors": set(),
    "bot.sources": set(),
    "bot.encoding": set(),
    "bot.progress": set(),
    "bot.config": set(),
    "bot.content": set(),
    "bot.learning": {"bot.content"},
    "bot.nlu": {"bot.content", "bot.learning", "bot.messages", "bot.errors", "bot.encoding", "bot.progress"},
    "bot.dialogue": {"bot.content", "bot.learning", "bot.messages", "bot.errors", "bot.encoding"},
    "bot.actions": {
        "bot.content",
        "bot.dialogue",
        "bot.messages",
        "bot.errors",
        "bot.encoding",
        "bot.config",
        "bot.sources",
        "bot.http",
    },
    "bot.engine": {
        "bot.actions",
        "bot.content",
        "bot.dialogue",
        "bot.messages",
        "bot.errors",
        "bot.encoding",
        "bot.config",
        "bot.sources",
    },
    "bot.reading": {"bot.content", "bot.config", "bot.messages", "bot.errors", "bot.encoding"},
    "bot.http": {"bot.errors", "bot.encoding", "bot.sources", "bot.messages"},
}

# A package is imported in these places only.
PACKAGES = {
    "yaml": {"bot.reading"},
    "jsonschema": {"bot.reading", "bot.server", "bot.http"},
    "dataset": {"bot.stores"},
    "sqlalchemy": {"bot.stores"},
    "psycopg": {"bot.stores"},
    "pluggy": {"bot.plugins"},
    "httpx": {"bot.http"},
    "backoff": {"bot.http"},
    "aiohttp": {"bot.server", "bot.channels", "simulator"},
    "click": {"bot.cli", "bot.plugins", "simulator"},
}

# These rooms are pure: they compute, and do no input or output.
PURE = ("bot.content", "bot.dialogue", "bot.nlu", "bot.learning")
IMPURE_MODULES = {"aiohttp", "dataset", "httpx", "pluggy", "yaml", "sqlalchemy", "socket", "subprocess", "sqlite3"}


def modules() -> Iterator[tuple[str, Path]]:
    for top in ("bot", "actions", "simulator"):
        for file in sorted((ROOT / top).rglob("*.py")):
            parts = list(file.relative_to(ROOT).with_suffix("").parts)
            if parts[-1] == "__init__":
                parts.pop()
            yield ".".join(parts), file


def imports(module: str, file: Path) -> Iterator[tuple[str, int]]:
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = package[: len(package) - node.level + 1]
                yield ".".join([*base, node.module] if node.module else base), node.lineno
            else:
                # `from bot.x import y` may name a module y; `from bot import Name` stays the public surface.
                yield node.module or "", node.lineno


def room_of(module: str) -> str:
    return ".".join(module.split(".")[:2]) if module.startswith("bot.") else module.split(".", maxsplit=1)[0]


ALL = list(modules())


def test_the_walk_sees_the_whole_tree() -> None:
    assert len(ALL) > 40
    assert any(name == "bot.engine.engine" for name, _ in ALL)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    breaches = [
        f"{file.relative_to(ROOT)}:{line} imports {target}"
        for module, file in ALL
        if room_of(module) == room
        for target, line in imports(module, file)
        if target.startswith("bot") and room_of(target) not in ROOMS[room] | {room}
    ]
    assert not breaches, breaches


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_a_package_is_imported_in_its_rooms_only(package: str) -> None:
    breaches = [
        f"{file.relative_to(ROOT)}:{line} imports {target}"
        for module, file in ALL
        for target, line in imports(module, file)
        if target.split(".")[0] == package and room_of(module) not in PACKAGES[package]
    ]
    assert not breaches, breaches


def test_the_pure_rooms_do_no_input_or_output() -> None:
    breaches = [
        f"{file.relative_to(ROOT)}:{line} imports {target}"
        for module, file in ALL
        if module.startswith(PURE)
        for target, line in imports(module, file)
        if target.split(".")[0] in IMPURE_MODULES
    ]
    assert not breaches, breaches


def test_the_bank_project_uses_the_public_names_only() -> None:
    breaches = [
        f"{file.relative_to(ROOT)}:{line} imports {target}"
        for module, file in ALL
        if module.split(".")[0] in ("actions", "simulator")
        for target, line in imports(module, file)
        if target.startswith("bot.")
    ]
    assert not breaches, breaches


def test_the_framework_knows_nothing_of_the_bank() -> None:
    breaches = [
        f"{file.relative_to(ROOT)}:{line} imports {target}"
        for module, file in ALL
        if module.startswith("bot")
        for target, line in imports(module, file)
        if target.split(".")[0] in ("actions", "simulator")
    ]
    assert not breaches, breaches


def test_only_the_composition_root_and_the_command_line_import_the_application() -> None:
    breaches = [
        f"{file.relative_to(ROOT)}:{line} imports {target}"
        for module, file in ALL
        if module.startswith("bot.") and room_of(module) not in ("bot.app", "bot.cli", "bot.testing")
        for target, line in imports(module, file)
        if target == "bot.app"
    ]
    assert not breaches, breaches


def test_nothing_formats_strings_that_people_write() -> None:
    """`str.format` evaluates attributes of its arguments; responses are filled by literal names in one pass."""
    breaches = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for module, file in ALL
        if module.startswith(("bot.dialogue", "bot.actions", "bot.engine", "actions"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("format", "format_map", "Formatter")
    ]
    assert not breaches, breaches
