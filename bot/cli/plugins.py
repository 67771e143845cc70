"""What the plugins of the current project add to the command line."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bot.errors import PluginError
from bot.plugins import Commands, Plugins, find_command_plugins


def project_commands(project: Path) -> tuple[Commands, list[PluginError]]:
    """Return the commands and options of the project's plugins (none if there is no project), and what is wrong."""
    return _commands(project.resolve())


@cache
def _commands(project: Path) -> tuple[Commands, list[PluginError]]:
    from bot.reading import read_settings

    if not (project / "config.yml").is_file():
        return Commands(), []
    settings, _ = read_settings(project)
    problems: list[PluginError] = []
    found = find_command_plugins(project, settings.plugins, problems.append)
    return Plugins(found, problems.append).commands(), problems
