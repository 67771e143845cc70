"""All that can be said about a project without running it."""

from __future__ import annotations

from pathlib import Path

from bot.content import Diagnostic, Place
from bot.dialogue import check_contradictions, describe_policies
from bot.errors import PluginError
from bot.nlu import describe_pipeline
from bot.plugins import Plugins, find_plugins, needs_action_server
from bot.reading import read_project, read_settings


def check_project(folder: Path) -> list[Diagnostic]:
    """Every finding about the project's content, configuration and plugins, in the order of their places."""
    settings, _ = read_settings(folder)
    found: list[Diagnostic] = []
    actions: frozenset[str] = frozenset()
    try:
        actions = frozenset(Plugins(find_plugins(folder, settings.plugins)).actions())
    except PluginError as error:
        found.append(Diagnostic("error", Place("actions"), str(error), code="plugin"))
    read = read_project(folder, known_actions=actions)
    found += read.diagnostics
    found += describe_pipeline(read.content)
    found += describe_policies(read.content)
    if not read.errors:
        found += check_contradictions(read.content)
    if needs_action_server(folder):
        found.append(_action_server_note(read.settings.action_endpoint is not None))
    return sorted(found, key=lambda d: d.place)


def _action_server_note(has_endpoint: bool) -> Diagnostic:
    cure = "Run it beside the bot." if has_endpoint else "Name it in endpoints.yml under `action_endpoint:`."
    message = "These actions are written for Rasa's SDK; they run on an action server and are not loaded here."
    return Diagnostic("note", Place("actions"), message, cure, "needs-action-server")
