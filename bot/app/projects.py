"""Loads a project folder: settings, plugins and content, or every reason why it cannot be loaded."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bot.config import Settings
from bot.content import Content, Diagnostic, Story
from bot.errors import ConfigurationError, ContentError, PluginError
from bot.plugins import Commands, Plugins, find_plugins, rasa_sdk_import
from bot.reading import read_plugin_settings, read_project, read_settings


class Project(Struct, frozen=True):
    """A project that can be trained and run."""

    settings: Settings
    plugins: Plugins
    content: Content
    tests: tuple[Story, ...]
    diagnostics: tuple[Diagnostic, ...]


def _unchanged(settings: Settings) -> Settings:
    return settings


def load_project(
    folder: Path,
    options: dict[str, Any] | None = None,
    override: Callable[[Settings], Settings] = _unchanged,
    command: str = "run",
) -> Project:
    """The project in `folder`, with its plugins.

    `override` changes the settings and takes precedence over `options`, the values of the plugins' options of
    `command`. Raises ContentError with every error in content, configuration and plugins, ConfigurationError or
    PluginError. Environment variables used in endpoints.yml and credentials.yml may be unset unless `command` uses
    them: "run" serves the channels, and for "train" no action runs.
    """
    try:
        settings, _ = read_settings(folder)
        plugins = Plugins(find_plugins(folder, settings.plugins))
        commands = plugins.commands()
        known, all_known = frozenset(plugins.actions()), rasa_sdk_import(folder) is None
        read = read_project(folder, known_actions=known, all_known=all_known)
        schemas = plugins.settings_schemas(read.settings)
        plugin_settings, wrong = read_plugin_settings(folder, schemas, all_known=all_known)
        errors = [*read.errors, *(d for d in wrong if d.severity == "error")]
        if command != "train" and any(d.code == "unset-variable" for d in read.diagnostics):
            from bot.app.checking import BUILT_IN_CHANNELS, unset_variables

            served = {*BUILT_IN_CHANNELS, *plugins.channels()} if command == "run" else ()
            errors += unset_variables(read.diagnostics, served)
        if errors:
            raise ContentError([*errors, *_held_back(read.diagnostics)])
    except (ContentError, PluginError):
        from bot.app.checking import check_project  # a start without errors need not load it

        # Errors of one layer must not hide those of another.
        found = check_project(folder)
        if errors := [d for d in found if d.severity == "error"]:
            raise ContentError([*errors, *_held_back(found)]) from None
        raise
    # Before, so that plugins see what the command line says; after, so that they cannot change it.
    settings = replace(read.settings, plugin_settings=plugin_settings)
    settings = override(_configured(override(settings), commands, command, options or {}))
    return Project(settings, plugins, read.content, read.tests, read.diagnostics)


def _held_back(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The note that more problems may show once these errors are fixed."""
    return [d for d in found if d.code == "held-back"]


def private_folder(settings: Settings) -> Path:
    """The project's private folder, created (for its owner only) if it does not exist; git ignores it.

    Raises ConfigurationError if it is world-writable: anybody who can put a store there can let themselves in. A folder
    of another owner, such as a mounted volume, is accepted as it is.
    """
    folder = settings.data
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_mode & stat.S_IWOTH and found.st_uid == os.geteuid():
        raise ConfigurationError([f"{folder}: others can write in this folder; run `chmod 700 {folder}`"])
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", encoding="utf-8")
    return folder


def _configured(settings: Settings, commands: Commands, command: str, options: dict[str, Any]) -> Settings:
    """The settings, changed by the plugins' options of this command.

    Raises ConfigurationError with the problems that all of them report.
    """
    settings = replace(settings, options=options)
    problems: list[str] = []
    for added in commands.options:
        name = added.option.name or ""
        if added.configure is not None and added.command == command and name in options:
            try:
                settings = added.configure(settings, options[name])
            except ConfigurationError as error:
                problems += error.problems
    if problems:
        raise ConfigurationError(problems)
    return settings
