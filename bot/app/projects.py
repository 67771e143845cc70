"""A project folder, loaded: settings, plugins and content, or every reason why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bot.config import Settings
from bot.content import Content, Diagnostic, Story
from bot.errors import ContentError
from bot.plugins import Plugins, find_plugins, needs_action_server
from bot.reading import read_project, read_settings


class Project(Struct, frozen=True):
    """A project that may be trained and run."""

    settings: Settings
    plugins: Plugins
    content: Content
    tests: tuple[Story, ...]
    diagnostics: tuple[Diagnostic, ...]


def load_project(
    folder: Path,
    options: dict[str, Any] | None = None,
    override: Callable[[Settings], Settings] | None = None,
    command: str = "run",
) -> Project:
    """The project in `folder`, read and its plugins found.

    `override` changes the settings first, then `options` (the values of the
    plugins' options of `command`) may. Raises ContentError with every error there is,
    ConfigurationError or PluginError.
    """
    settings, _ = read_settings(folder)
    plugins = Plugins(find_plugins(folder, settings.plugins))
    read = read_project(folder, known_actions=frozenset(plugins.actions()), all_known=not needs_action_server(folder))
    if read.errors:
        raise ContentError(read.errors)
    settings = configured(override(read.settings) if override else read.settings, plugins, command, options or {})
    return Project(settings, plugins, read.content, read.tests, read.diagnostics)


def private_folder(settings: Settings) -> Path:
    """The project's private folder, made (for its owner only) when it is not there; git ignores it."""
    folder = settings.data
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    return folder


def configured(settings: Settings, plugins: Plugins, command: str, options: dict[str, Any]) -> Settings:
    """The settings with the plugins' options of this command, each of which may change them."""
    settings = replace(settings, options=options)
    for added in plugins.commands().options:
        name = added.option.name or ""
        if added.configure is not None and added.command == command and name in options:
            settings = added.configure(settings, options[name])
    return settings
