"""Which package may import which: checked by walking every import, including those inside functions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Modules that every package may use.
SHARED = {"bot.messages", "bot.errors", "bot.sources", "bot.encoding", "bot.progress", "bot.config"}

# A package of `bot` may import only these parts of `bot` (and itself).
ALLOWED = {
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
    "bot.logs": {"bot.config", "bot.encoding", "bot.errors"},
    "bot.stores": SHARED | {"bot.dialogue", "bot.engine"},
    "bot.auth": SHARED | {"bot.stores"},
    "bot.plugins": SHARED | {"bot.actions", "bot.channels", "bot.content", "bot.dialogue", "bot.engine", "bot.nlu"},
    "bot.channels": SHARED | {"bot.engine", "bot.http", "bot.server"},
    "bot.server": SHARED
    | {
        "bot.auth",
        "bot.content",
        "bot.dialogue",
        "bot.engine",
        "bot.logs",
        "bot.reading",  # events that a backend sends
        "bot.stores",
    },
    "bot.testing": SHARED
    | {
        "bot.actions",
        "bot.content",
        "bot.dialogue",
        "bot.engine",
        "bot.plugins",  # what a lifespan is given
        "bot.reading",  # a project's domain, to test its actions with
    },
}
# `bot.app` and `bot.cli` put the packages together.
COMPOSING = {"bot", "bot.__main__", "bot.app", "bot.cli"}

# The bank project's own layers: what each folder may import from `actions`, apart from itself. The modules directly in
# `actions` answer questions, and do not use the transfer.
WORDS = {"actions.text", "actions.formatting"}
BANK_LAYERS = {
    "actions.bank": set(),
    "actions.signs": {"actions.text"},
    "actions.questions": WORDS | {"actions.bank"},
}

# A third-party package is imported in these places only.
THIRD_PARTY = {
    "yaml": {"bot.reading"},
    "jsonschema": {"bot.plugins", "bot.reading", "bot.server", "bot.http"},
    "dataset": {"bot.stores"},
    "sqlalchemy": {"bot.stores"},
    "psycopg": {"bot.stores"},
    "pluggy": {"bot.plugins"},
    "httpx": {"bot.http"},
    "backoff": {"bot.http"},
    "aiohttp": {"bot.server", "bot.channels", "simulator"},
    "click": {"bot.cli", "bot.plugins", "simulator"},
    "uvloop": {"bot.cli"},
    "rich": {"bot.cli"},
    "prometheus_client": {"bot.server"},
    "structlog": {"bot.logs"},
    "argon2": {"bot.auth"},
    "jwt": {"bot.auth"},
    "pycrfsuite": {"bot.nlu"},
    "matplotlib": {"bot.app"},
    "numpy": {"bot.nlu", "bot.learning", "bot.dialogue"},
}

# These packages are pure: they compute, and do no input or output.
PURE = ("bot.content", "bot.dialogue", "bot.nlu", "bot.learning")
IMPURE_MODULES = {
    "aiohttp",
    "asyncio",
    "dataset",
    "http",
    "httpx",
    "pluggy",
    "requests",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "subprocess",
    "urllib",
    "yaml",
}
# The files of `bot.nlu` and `bot.learning` are trained models and the package's own weights, in these modules.
FILES_OF_MODELS = {"bot.learning.folder", "bot.nlu.entities.crf", "bot.nlu.vectors", "bot.nlu.vocabulary"}

# The packages that may read the process's environment, and those that may import names known only at run time.
ENVIRONMENT = {"bot.reading", "bot.cli", "bot.logs"}  # `${NAME}` in config.yml; numeric threads; NO_COLOR
BY_NAME = {"bot", "bot.cli", "bot.plugins"}


def modules() -> Iterator[tuple[str, Path]]:
    for top in ("bot", "actions", "simulator"):
        for file in sorted((ROOT / top).rglob("*.py")):
            parts = list(file.relative_to(ROOT).with_suffix("").parts)
            if parts[-1] == "__init__":
                parts.pop()
            yield ".".join(parts), file


@cache
def _nodes(file: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


def imports(module: str, file: Path) -> Iterator[tuple[str, int]]:
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    for node in _nodes(file):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = package[: len(package) - node.level + 1]
                yield ".".join([*base, node.module] if node.module else base), node.lineno
            else:
                yield from ((target, node.lineno) for target in _targets(node))


def _targets(node: ast.ImportFrom) -> set[str]:
    """What `from x import y` imports: `from bot import Name` a public name, `from bot import config` a module."""
    if node.module != "bot":
        return {node.module or ""}
    return {f"bot.{alias.name}" if _is_module(alias.name) else "bot" for alias in node.names}


def _is_module(name: str) -> bool:
    return (ROOT / "bot" / name).is_dir() or (ROOT / "bot" / f"{name}.py").is_file()


def package_of(module: str) -> str:
    return ".".join(module.split(".")[:2]) if module.startswith("bot.") else module.split(".", maxsplit=1)[0]


ALL = list(modules())


def test_module_walk_covers_the_whole_tree() -> None:
    assert len(ALL) > 40
    assert any(name == "bot.engine.engine" for name, _ in ALL)


def breaches(among: Callable[[str], bool], wrong: Callable[[str], bool]) -> list[str]:
    """The forbidden imports of those modules, with their places."""
    return [
        f"{file.relative_to(ROOT)}:{line} imports {target}"
        for module, file in ALL
        if among(module)
        for target, line in imports(module, file)
        if wrong(target)
    ]


def of_bank(module: str) -> bool:
    return module.startswith(("actions", "simulator"))


def part_of(module: str) -> str:
    """The first two parts of a module's name: a folder of the bank's actions, or one of its modules."""
    return ".".join(module.split(".")[:2])


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_package_imports_only_allowed_packages(package: str) -> None:
    may = ALLOWED[package] | {package}
    assert not breaches(lambda m: package_of(m) == package, lambda t: t.startswith("bot") and package_of(t) not in may)


@pytest.mark.parametrize("name", sorted(THIRD_PARTY))
def test_third_party_package_is_imported_only_where_allowed(name: str) -> None:
    assert not breaches(lambda m: package_of(m) not in THIRD_PARTY[name], lambda t: t.split(".")[0] == name)


def test_pure_packages_import_no_io_modules() -> None:
    assert not breaches(lambda m: m.startswith(PURE), lambda t: t.split(".")[0] in IMPURE_MODULES)


def test_bank_project_uses_only_public_names() -> None:
    assert not breaches(of_bank, lambda t: t.startswith("bot."))


@pytest.mark.parametrize("folder", sorted(BANK_LAYERS))
def test_bank_folder_imports_only_lower_layers(folder: str) -> None:
    may = BANK_LAYERS[folder] | {folder}
    assert not breaches(lambda m: part_of(m) == folder, lambda t: t.startswith("actions") and part_of(t) not in may)


def test_only_the_transfer_folder_imports_transfers() -> None:
    transfer = "actions.transfer"
    assert not breaches(lambda m: part_of(m) != transfer, lambda t: part_of(t) == transfer)


def test_framework_does_not_import_the_bank() -> None:
    assert not breaches(lambda m: m.startswith("bot"), of_bank)


def test_every_package_is_listed() -> None:
    assert {package_of(module) for module, _ in ALL if module.startswith("bot")} == ALLOWED.keys() | COMPOSING


def test_application_does_not_import_the_command_line() -> None:
    assert not [line for module, file in ALL if package_of(module) == "bot.app" for line in _of_cli(module, file)]


def _of_cli(module: str, file: Path) -> Iterator[str]:
    return (f"{file}:{line}" for target, line in imports(module, file) if package_of(target) == "bot.cli")


def _named(module: str, file: Path, names: set[str]) -> Iterator[str]:
    """The places where one of the names is used, as a plain name or as an attribute."""
    for node in _nodes(file):
        used = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None
        if used in names:
            yield f"{file.relative_to(ROOT)}:{node.lineno} uses {used}"


@pytest.mark.parametrize(
    ("names", "packages"),
    [({"environ", "getenv", "environb"}, ENVIRONMENT), ({"import_module", "__import__"}, BY_NAME)],
    ids=["environment", "imports by name"],
)
def test_restricted_functions_are_used_only_in_allowed_packages(names: set[str], packages: set[str]) -> None:
    assert not [b for module, file in ALL if package_of(module) not in packages for b in _named(module, file, names)]


def test_pure_packages_touch_no_files_but_models_and_weights() -> None:
    files = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "rmtree", "unlink"}
    touching = {module for module, file in ALL if module.startswith(PURE) and any(_named(module, file, files))}
    assert touching <= FILES_OF_MODELS


def test_bank_and_simulator_do_not_import_each_other() -> None:
    other = {"actions": "simulator", "simulator": "actions"}
    breaches = [
        f"{file.relative_to(ROOT)}:{line} imports {target}"
        for module, file in ALL
        if (top := module.split(".")[0]) in other
        for target, line in imports(module, file)
        if target.split(".")[0] == other[top]
    ]
    assert not breaches, breaches


def test_str_format_is_not_used_on_user_written_text() -> None:
    """`str.format` evaluates attributes of its arguments; responses are filled by literal names in a single pass."""
    breaches = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for module, file in ALL
        if module.startswith(("bot.dialogue", "bot.actions", "bot.engine", "actions"))
        for node in _nodes(file)
        if isinstance(node, ast.Attribute) and node.attr in ("format", "format_map", "Formatter")
    ]
    assert not breaches, breaches
