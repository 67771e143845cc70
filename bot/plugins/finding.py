"""Finding plugins: modules and folders named in config.yml, the project's `actions/`, installed packages."""

from __future__ import annotations

import ast
import hashlib
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from bot.errors import PluginError

ENTRY_POINT_GROUP = "bot"


def find_plugins(project: Path, named: tuple[str, ...]) -> Iterator[tuple[str, ModuleType]]:
    """The project's plugins in start order, each with the name errors call it by.

    First those that config.yml names, then each module of `actions/`, then the
    installed packages' (entry points of the group `bot`). Raises PluginError
    for one that cannot be imported, and for a module of `actions/` that adds commands.
    """
    namespace = _namespace(project)
    for name in named:
        yield name, _named_plugin(project, namespace, name)
    if (project / "actions").is_dir() and not needs_action_server(project):
        for name, module in _folder_plugins(namespace, "actions"):
            if getattr(vars(module).get("register_commands"), "bot_impl", None) is not None:
                raise PluginError(
                    f"{name} adds commands, which is for plugins that config.yml names under `plugins:` or that are "
                    "installed; `bot --help` does not load actions"
                )
            yield name, module
    yield from _installed_plugins()


def find_command_plugins(project: Path, named: tuple[str, ...]) -> Iterator[tuple[str, ModuleType]]:
    """The plugins that may add to the command line: all but the project's `actions/`, which take longer to load."""
    namespace = _namespace(project)
    for name in named:
        yield name, _named_plugin(project, namespace, name)
    yield from _installed_plugins()


def _installed_plugins() -> Iterator[tuple[str, ModuleType]]:
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda e: e.name):
        try:
            yield f"{entry.name} ({entry.value})", entry.load()
        except Exception as error:
            raise PluginError(f"the installed plugin {entry.name!r} cannot be imported: {error}") from error


def needs_action_server(project: Path) -> bool:
    """Whether the project's `actions` are written for Rasa's SDK: they run on an action server, not in here."""
    files = [*(project / "actions").rglob("*.py"), *project.glob("actions.py")]
    return any(_imports_rasa_sdk(file) for file in files)


def _imports_rasa_sdk(file: Path) -> bool:
    try:
        text = file.read_bytes()
        if b"rasa_sdk" not in text:  # parsing every action at every start would take longer than loading them
            return False
        tree = ast.parse(text)
    except (SyntaxError, ValueError, OSError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        if any(name.split(".")[0] == "rasa_sdk" for name in names):
            return True
    return False


def _namespace(project: Path) -> str:
    """A private package whose path is the project, so that two projects' `actions` never meet in one process."""
    folder = project.resolve()
    name = f"_bot_project_{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name


def _named_plugin(project: Path, namespace: str, name: str) -> ModuleType:
    inside = (project / name).is_dir() or (project / f"{name}.py").is_file()
    try:
        return importlib.import_module(f"{namespace}.{name}" if inside else name)
    except Exception as error:
        raise PluginError(f"config.yml names the plugin {name!r}, which cannot be imported: {error}") from error


def _folder_plugins(namespace: str, folder: str) -> Iterator[tuple[str, ModuleType]]:
    package = _import_part(f"{namespace}.{folder}", f"{folder}/")
    yield f"{folder}/", package
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        shown = f"{folder}/{module.name}" + ("/" if module.ispkg else ".py")
        yield shown, _import_part(f"{namespace}.{folder}.{module.name}", shown)


def _import_part(module: str, shown: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except Exception as error:
        raise PluginError(f"{shown} cannot be imported: {type(error).__name__}: {error}") from error
