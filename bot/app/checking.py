"""All that can be said about a project without running it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from traceback import walk_tb
from typing import Any

from bot.content import Diagnostic, Place
from bot.dialogue import check_contradictions, describe_policies
from bot.errors import PluginError
from bot.nlu import describe_pipeline
from bot.plugins import Plugins, find_plugins, needs_action_server
from bot.reading import read_project, read_settings

_NOTHING: Mapping[str, Any] = {}
_TOLD_BY_PLUGINS = frozenset(
    {"unknown-action", "unknown-placeholder", "missing-question", "unknown-component", "unknown-policy"}
)
"""Findings that a plugin may settle: while one cannot be loaded, they would be its consequences."""


def check_project(folder: Path) -> list[Diagnostic]:
    """Every finding about the project's content, configuration and plugins, in the order of their places."""
    settings, _ = read_settings(folder)
    found: list[Diagnostic] = []
    actions, components, policies = _NOTHING, _NOTHING, _NOTHING
    unknown: frozenset[str] = frozenset()
    try:
        plugins = Plugins(find_plugins(folder, settings.plugins))
        actions, components, policies = plugins.actions(), plugins.nlu_components(), plugins.policies()
    except PluginError as error:
        found.append(Diagnostic("error", _place(folder, error), str(error), code="plugin"))
        unknown = _TOLD_BY_PLUGINS
    read = read_project(folder, known_actions=frozenset(actions))
    found += [d for d in read.diagnostics if d.code not in unknown]
    described = (*describe_pipeline(read.content, components), *describe_policies(read.content, policies))
    found += [d for d in described if d.code not in unknown]
    if not read.errors:
        found += check_contradictions(read.content)
    if needs_action_server(folder):
        found.append(_action_server_note(read.settings.action_endpoint is not None))
    return sorted(found, key=lambda d: d.place)


def _place(folder: Path, error: PluginError) -> Place:
    """The line of the project at which a plugin failed: that of the syntax error, or the last one that was running."""
    cause = error.__cause__
    if isinstance(cause, SyntaxError) and cause.filename:
        lines = [(Path(cause.filename), cause.lineno or 1, cause.offset or 1)]
    else:
        frames = walk_tb(cause.__traceback__) if cause else ()
        lines = [(Path(frame.f_code.co_filename), line, 1) for frame, line in frames]
    ours = [place for place in lines if place[0].is_relative_to(folder.resolve())]
    if not ours:
        return Place("actions")
    path, line, column = ours[-1]
    return Place(path.relative_to(folder.resolve()).as_posix(), line, column)


def _action_server_note(has_endpoint: bool) -> Diagnostic:
    cure = "Run it beside the bot." if has_endpoint else "Name it in endpoints.yml under `action_endpoint:`."
    message = "These actions are written for Rasa's SDK; they run on an action server and are not loaded here."
    return Diagnostic("note", Place("actions"), message, cure, "needs-action-server")
