"""Finding plugins: modules and folders named in config.yml, the project's `actions/` or `actions.py`, packages."""

from __future__ import annotations

import ast
import hashlib
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import TypeGuard

from bot.content import Place
from bot.plugins.problems import PluginProblem, Report, contained, described, raise_it

ENTRY_POINT_GROUP = "bot"


def find_plugins(project: Path, named: tuple[str, ...], report: Report = raise_it) -> Iterator[tuple[str, ModuleType]]:
    """The project's plugins in start order, each with its name for error messages.

    First those that config.yml names, then each module of `actions/` (or, as
    in Rasa, `actions.py` if there is no such folder), then those of installed
    packages (entry points of the group `bot`). `report` is called for (and by
    default raises) each plugin that cannot be imported, and each module of
    actions that adds commands.
    """
    namespace = _namespace(project)
    yield from _named_plugins(project, namespace, named, report)
    if rasa_sdk_import(project) is None:
        yield from _actions(project, namespace, report)
    yield from _installed_plugins(report)


def find_command_plugins(
    project: Path, named: tuple[str, ...], report: Report = raise_it
) -> Iterator[tuple[str, ModuleType]]:
    """The plugins that may add to the command line: all except the project's actions, which take longer to load."""
    yield from _named_plugins(project, _namespace(project), named, report)
    yield from _installed_plugins(report)


def _actions(project: Path, namespace: str, report: Report) -> Iterator[tuple[str, ModuleType]]:
    """The modules of actions, except those that add commands."""
    for name, module in _action_modules(project, namespace, report):
        adds = vars(module).get("register_commands")
        if getattr(adds, "bot_impl", None) is None:
            yield name, module
            continue
        what = (
            f"{name} adds commands, which only plugins can that are installed or named under `plugins:` in config.yml"
        )
        cure = "move them into such a plugin: `bot --help` does not load actions"
        report(PluginProblem(what, cure, code=adds))


def _action_modules(project: Path, namespace: str, report: Report) -> Iterator[tuple[str, ModuleType]]:
    if (project / "actions").is_dir():
        yield from _folder_plugins(project, namespace, "actions", report)
    elif (project / "actions.py").is_file():
        module = _import_part(f"{namespace}.actions", "actions.py", project, report)
        if module is not None:
            yield "actions.py", module


def _installed_plugins(report: Report) -> Iterator[tuple[str, ModuleType]]:
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda e: e.name):
        module = _loaded(entry.load)
        if isinstance(module, BaseException):
            what = f"the installed plugin {entry.name!r} cannot be imported: {module}"
            report(PluginProblem(what, "reinstall it, or remove it").caused_by(module))
            continue
        yield f"{entry.name} ({entry.value})", module


def rasa_sdk_import(project: Path) -> Place | None:
    """Return where the project's `actions` first import Rasa's SDK: such actions run on an action server, not here."""
    for file, tree in _actions_with(project, b"rasa_sdk"):
        for node in ast.walk(tree):
            if _imports(node, "rasa_sdk"):
                return Place(file, node.lineno, node.col_offset + 1)
    return None


def hooking_actions(project: Path) -> list[str]:
    """Return the files of the project's `actions` that implement hooks, found without running them."""
    return [file for file, tree in _actions_with(project, b"hookimpl") if any(map(_names_hookimpl, ast.walk(tree)))]


def _actions_with(project: Path, word: bytes) -> Iterator[tuple[str, ast.AST]]:
    """Yield the files of actions that contain the word: each with its name in the project and its syntax tree."""
    for file in (*sorted((project / "actions").rglob("*.py")), *project.glob("actions.py")):
        with suppress(SyntaxError, ValueError, OSError):
            text = file.read_bytes()
            if word in text:  # parsing all actions at every start would take longer than loading them
                yield file.relative_to(project).as_posix(), ast.parse(text)


def _imports(node: ast.AST, package: str) -> TypeGuard[ast.stmt]:
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:  # not relative
        names = [node.module]
    return any(name.split(".")[0] == package for name in names)


def _names_hookimpl(node: ast.AST) -> bool:
    """Whether the node is `from bot import hookimpl` or `bot.hookimpl`."""
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == "hookimpl" for alias in node.names)
    return isinstance(node, ast.Attribute) and node.attr == "hookimpl"


def _namespace(project: Path) -> str:
    """Return a private package for the project, so that the `actions` of two projects never clash in one process."""
    folder = project.resolve()
    return _package(f"_bot_project_{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}", folder)


def _package(name: str, folder: Path) -> str:
    """Create a package with this name whose path is the folder, unless it exists; return the name."""
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name


def _named_plugins(
    project: Path, namespace: str, named: tuple[str, ...], report: Report
) -> Iterator[tuple[str, ModuleType]]:
    for name in named:
        is_in_project = (project / name).is_dir() or (project / f"{name}.py").is_file()
        module = _imported(f"{namespace}.{name}" if is_in_project else name)
        if isinstance(module, BaseException):
            what = f"config.yml names the plugin {name!r}, which cannot be imported: {described(module)}"
            if not is_in_project and _is_not_found(name, module):
                cure = _cure_for_name(name, project)
            else:
                cure = _cure(module, project)
            report(PluginProblem(what, cure, named=name).caused_by(module))
            continue
        yield name, module


def _is_not_found(name: str, error: BaseException) -> bool:
    """Whether the plugin's own module, or a package that contains it, was not found."""
    return isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}.")


def _cure_for_name(name: str, project: Path) -> str:
    from bot.content.suggest import did_you_mean

    cure = did_you_mean(name, [path.stem for path in project.iterdir() if _is_importable(path)])
    return cure or "name a folder or module of the project, or an installed package"


def _is_importable(path: Path) -> bool:
    return path.suffix == ".py" or (path / "__init__.py").is_file()


def _folder_plugins(project: Path, namespace: str, folder: str, report: Report) -> Iterator[tuple[str, ModuleType]]:
    if not os.access(project / folder, os.R_OK | os.X_OK):
        cure = "change its permissions so that it can be read"
        report(PluginProblem("This folder cannot be read", cure, file=folder))
        return
    if not (project / folder / "__init__.py").is_file():
        _package(f"{namespace}.{folder}", (project / folder).resolve())
    package = _import_part(f"{namespace}.{folder}", f"{folder}/", project, report)
    if package is None:
        return
    yield f"{folder}/", package
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        shown = f"{folder}/{found.name}" + ("/" if found.ispkg else ".py")
        module = _import_part(f"{namespace}.{folder}.{found.name}", shown, project, report)
        if module is not None:
            yield shown, module


def _import_part(module: str, shown: str, project: Path, report: Report) -> ModuleType | None:
    found = _imported(module)
    if isinstance(found, BaseException):
        what = f"{shown} cannot be imported: {described(found)}"
        report(PluginProblem(what, _cure(found, project), file=shown.rstrip("/")).caused_by(found))
        return None
    return found


def _imported(module: str) -> ModuleType | BaseException:
    return _loaded(partial(importlib.import_module, module))


def _loaded(load: Callable[[], ModuleType]) -> ModuleType | BaseException:
    """Return the module, or the exception that its import raised (any except KeyboardInterrupt)."""
    try:
        with contained():
            return load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return error


def _cure(error: BaseException, project: Path) -> str:
    if isinstance(error, SystemExit):
        return "remove the exit: the module is imported, not run"
    if isinstance(error, ModuleNotFoundError):
        return _relative_import(error, project) or "install what it imports, or import it by its right name"
    if isinstance(error, PermissionError):
        return "check its permissions"
    return "fix this line"


def _relative_import(error: ModuleNotFoundError, project: Path) -> str | None:
    """Return how to import a module of the project (its folder is not on Python's path); None if it has no such one."""
    name = (error.name or "").split(".")[0]
    importer = _importing_folder(error, project.resolve())
    if importer is None or not name:
        return None
    for dots, folder in enumerate((importer, *importer.parents), 1):
        if folder / name == importer:
            wrong = f"`from {name}.NAME import`"
            return f"write `from .NAME import` instead of {wrong}: imports within a project are relative"
        if (folder / name).is_dir() or (folder / f"{name}.py").is_file():
            return f"write `from {'.' * dots}{name} import`: imports within a project are relative"
        if folder == project.resolve():
            break
    return None


def _importing_folder(error: ModuleNotFoundError, project: Path) -> Path | None:
    """The folder of the project's file whose import failed, None if it was another's."""
    files = [Path(frame.f_code.co_filename) for frame, _ in walk_tb(error.__traceback__)]
    return next((file.parent for file in reversed(files) if file.is_relative_to(project)), None)
