"""What the plugins of the current project add to the command line."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bot.plugins import Commands, Plugins, find_command_plugins


def project_commands(project: Path) -> Commands:
    """Return the commands and options of the project's plugins; none if there is no project.

    Raises PluginError if a plugin cannot be loaded.
    """
    return _commands(project.resolve())


@cache
def _commands(project: Path) -> Commands:
    from bot.reading import read_settings

    if not (project / "config.yml").is_file():
        return Commands()
    settings, _ = read_settings(project)
    return Plugins(find_command_plugins(project, settings.plugins)).commands()
