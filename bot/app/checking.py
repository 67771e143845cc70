"""Everything that can be checked in a project without running it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from traceback import walk_tb
from typing import Any

from msgspec.structs import replace

import bot
from bot.app.projects import Project
from bot.content import Content, Diagnostic, Place, Severity, Story
from bot.content.names import PIPELINE_NAMES, POLICY_NAMES
from bot.content.suggest import did_you_mean, is_misspelt
from bot.dialogue import check_contradictions, check_ways, describe_policies
from bot.errors import BotError, ContentError, PluginError
from bot.nlu import describe_pipeline
from bot.nlu.components import factory_of
from bot.plugins import PluginProblem, Plugins, find_plugins, hooking_actions, rasa_sdk_import
from bot.reading import channel_places, plugin_places, read_plugin_settings, read_project, read_settings

_SETTLED_BY_PLUGINS = frozenset(
    {
        "missing-question",
        "no-extractor",
        "unimplemented-action",
        "unknown-action",
        "unknown-component",
        "unknown-placeholder",
        "unknown-policy",
    }
)
"""Findings that a plugin may resolve: if a plugin cannot be loaded, they may only be consequences of that."""

_CONSEQUENCES = {"unknown-component": "no-extractor", "unknown-policy": "no-rule-policy"}
"""By the code of a misspelt name, the finding that may only follow from it: the misspelt one may be what is missing."""

_RASA_X = "rasa"
"""The channel of Rasa X, which every project created by `rasa init` has in credentials.yml."""

BUILT_IN_CHANNELS = frozenset({"rest", "callback"})
"""The channels that credentials.yml may name without a plugin."""


def check_project(folder: Path) -> list[Diagnostic]:
    """Every finding about the project's content, configuration and plugins, in the order of their places."""
    settings, _ = read_settings(folder)
    problems: list[PluginError] = []
    plugins = Plugins(find_plugins(folder, settings.plugins, problems.append), problems.append)
    actions, components, policies = plugins.actions(), plugins.nlu_components(), plugins.policies()
    channels = plugins.channels()
    plugins.observers()  # this and the next for their problems only
    plugins.commands()
    sdk_import = rasa_sdk_import(folder)
    read = read_project(folder, known_actions=frozenset(actions), all_known=sdk_import is None)
    schemas = plugins.settings_schemas(read.settings)
    _, wrong = read_plugin_settings(folder, schemas, all_known=not problems and sdk_import is None)
    found = [*read.diagnostics, *wrong, *_describe(read.content, components, policies)]
    if not read.errors:
        problems += _failing_parts(read.content, components, policies)
        found += check_ways(read.content, read.tests)
    found = _without_consequences(found, plugins_failed=bool(problems))
    contradictions = check_contradictions(_without_broken_stories(read.content, (*found, *read.held_back)))
    incomplete = {d.place for d in contradictions if d.code == "incomplete-rule"}
    found = [d for d in found if d.code != "form-not-activated" or d.place not in incomplete]
    found += contradictions
    if problems:
        found += [_plugin_finding(folder, problem) for problem in problems]
    else:
        found = _with_unserved_channels(found, channel_places(folder), {*BUILT_IN_CHANNELS, *channels})
    if sdk_import:
        has_endpoint = read.settings.action_endpoint is not None
        found = list(_with_action_server_note(found, sdk_import, hooking_actions(folder), has_endpoint))
    return sorted(found, key=lambda d: d.place)


def _without_consequences(found: Collection[Diagnostic], *, plugins_failed: bool) -> list[Diagnostic]:
    """The findings without those that may only follow from misspelt names, or from plugins that cannot be loaded."""
    consequences = {_CONSEQUENCES[d.code] for d in found if _is_misspelling(d)}
    if plugins_failed:
        consequences |= _SETTLED_BY_PLUGINS
    return [d for d in found if _is_misspelling(d) or d.code not in consequences]


def _with_unserved_channels(
    found: Iterable[Diagnostic], places: Mapping[str, Place], offered: Collection[str]
) -> list[Diagnostic]:
    """The findings; one per channel in credentials.yml (`places`) not offered replaces those on its variables."""
    unserved = places.keys() - offered
    relevant = [d for d in found if d.code != "unset-variable" or d.name not in unserved]
    return relevant + [_unserved_channel(name, places[name], offered) for name in unserved]


def check_learnable(project: Project) -> None:
    """Raise ContentError with the errors that reading a project does not find but training would run into.

    Those are unknown components and policies, and rules that cannot be followed.
    """
    found = _describe(project.content, project.plugins.nlu_components(), project.plugins.policies())
    found += check_contradictions(_without_broken_stories(project.content, found))
    if errors := sorted((d for d in found if d.severity == "error"), key=lambda d: d.place):
        raise ContentError(errors)


def unset_variables(found: Iterable[Diagnostic], channels: Collection[str]) -> list[Diagnostic]:
    """The findings about unset variables that endpoints.yml and credentials.yml cannot do without, as errors.

    `channels` are those that are served.
    """
    used = {"action_endpoint", *channels}
    return [replace(d, severity="error") for d in found if d.code == "unset-variable" and d.name in used]


def _describe(content: Content, components: Mapping[str, Any], policies: Mapping[str, Any]) -> list[Diagnostic]:
    """The findings about the components and policies in config.yml; the two mappings are those of plugins."""
    described = (*describe_pipeline(content, components), *describe_policies(content, policies))
    names = {entry.place: entry.name for entry in (*(content.pipeline or ()), *(content.policies or ()))}
    offered = {*components, *policies}
    return [_judged_by_spelling(finding, names, offered) for finding in described]


def _failing_parts(
    content: Content, components: Mapping[str, Callable[..., Any]], policies: Mapping[str, Callable[..., Any]]
) -> Iterator[PluginError]:
    """The errors from creating the plugins' components and policies that config.yml names, with its options."""
    makers = [
        partial(policies[entry.name], content, entry) for entry in content.policies or () if entry.name in policies
    ]
    factories = [(factory_of(entry.name, components), entry.options) for entry in content.pipeline or ()]
    makers += [partial(factory, options) for factory, options in factories if factory]
    for make in makers:
        try:
            make()
        except PluginError as error:
            yield error
        except BotError as error:
            yield PluginProblem(str(error), code=make)


def _judged_by_spelling(finding: Diagnostic, names: Mapping[Place, str], offered: Collection[str]) -> Diagnostic:
    """The finding; if the name of a component or policy is misspelt, as an error with the right spelling.

    For a project's own class, which is named with its module, it is a warning: the class is just not used.
    """
    built_in = {"unknown-component": PIPELINE_NAMES, "unknown-policy": POLICY_NAMES}.get(finding.code)
    if built_in is None:
        return finding
    name, known = names[finding.place], built_in | set(offered)
    if "." in name:
        return replace(finding, severity="warning")
    if not is_misspelt(name, known):
        return finding
    return replace(finding, severity="error", cure=did_you_mean(name, known) or finding.cure)


def _is_misspelling(finding: Diagnostic) -> bool:
    """Whether the finding is about a component or policy whose name is surely a misspelt known one."""
    return finding.code in ("unknown-component", "unknown-policy") and finding.cure.startswith("Did you mean")


def _without_broken_stories(content: Content, found: Collection[Diagnostic]) -> Content:
    """The content without the stories and rules that have errors, or name things that errors may have left unread.

    The remains of those might contradict others. If a policy's name is misspelt, the default policies are used.
    """
    if any(d.code == "unknown-policy" and d.severity == "error" for d in found):
        content = replace(content, policies=None)
    if not any(d.severity == "error" for d in found):
        return content
    breaking = [d for d in found if d.severity == "error" or d.code.startswith("unknown-")]
    places = [place for d in breaking for place in (d.place, *d.also)]
    broken = _starts_of_stories_with(places, (*content.stories, *content.rules))
    return replace(
        content,
        stories=tuple(story for story in content.stories if story.place not in broken),
        rules=tuple(rule for rule in content.rules if rule.place not in broken),
    )


def _starts_of_stories_with(places: Iterable[Place], stories: Iterable[Story]) -> set[Place]:
    """The first places of the stories that the given places are in: for each, the last start before it in its file."""
    starts_by_file: dict[str, list[Place]] = defaultdict(list)
    for place in sorted(story.place for story in stories):
        starts_by_file[place.file].append(place)
    found = set()
    for place in places:
        starts = starts_by_file[place.file]
        if count := bisect_right(starts, place):
            found.add(starts[count - 1])
    return found


def _plugin_finding(folder: Path, problem: PluginError) -> Diagnostic:
    what, cure = str(problem), "Fix this line."
    if isinstance(problem, PluginProblem):
        what, cure = problem.what, problem.cure
    sentence = what if what.endswith(".") else f"{what}."  # the cure follows as a separate sentence
    return Diagnostic("error", _failing_place(folder, problem), sentence, cure, "plugin")


def _failing_place(folder: Path, error: PluginError) -> Place:
    """The line of the project at which a plugin failed.

    That is the line of a syntax error, the project's last line in the traceback,
    the line of the faulty function, or the one that names the plugin in config.yml.
    """
    cause = error.__cause__
    lines: list[tuple[Path, int, int]] = []
    if isinstance(error, PluginProblem) and error.place:
        lines = [(*error.place, 1)]
    elif isinstance(cause, SyntaxError) and cause.filename:
        lines = [(Path(cause.filename), cause.lineno or 1, cause.offset or 1)]
    else:
        traceback = (cause or error).__traceback__
        lines = [(Path(frame.f_code.co_filename), line, 1) for frame, line in walk_tb(traceback)]
    ours = [place for place in lines if _is_own_file(folder.resolve(), place[0])]
    if ours:
        path, line, column = ours[-1]
        return Place(path.relative_to(folder.resolve()).as_posix(), line, column)
    if not isinstance(error, PluginProblem):
        return Place("actions")
    return plugin_places(folder).get(error.named or "", Place(error.file or "actions"))


def _is_own_file(folder: Path, file: Path) -> bool:
    """Whether the file is the project's own: not the framework's, and not of a package installed below the folder."""
    return (
        file.is_relative_to(folder)
        and not file.is_relative_to(Path(bot.__file__).parent)
        and "site-packages" not in file.parts
    )


def _unserved_channel(name: str, place: Place, offered: Collection[str]) -> Diagnostic:
    severity: Severity = "note" if name == _RASA_X else "warning"
    served = ", ".join(f"`{channel}`" for channel in sorted(offered))
    cure = did_you_mean(name, offered, f"Use one that is ({served}), or add a plugin with `register_channels`.")
    return Diagnostic(severity, place, f"The channel `{name}` is not served here.", cure, "unknown-channel")


def _with_action_server_note(
    found: Iterable[Diagnostic], sdk_import: Place, skipped: Sequence[str], has_endpoint: bool
) -> Iterator[Diagnostic]:
    """The findings about a project whose `actions/` imports Rasa's SDK (at `sdk_import`), and one on that import.

    `skipped` are the files in it that implement hooks: an unknown action may be registered there.
    """
    if not skipped:
        cure = "Run it beside the bot." if has_endpoint else "Name it in endpoints.yml under `action_endpoint:`."
        message = "These actions are written for Rasa's SDK; they run on an action server and are not loaded here."
        yield from (*found, Diagnostic("note", sdk_import, message, cure, "needs-action-server"))
        return
    files = f"`{skipped[0]}`"
    if len(skipped) > 1:
        files += f" and {len(skipped) - 1} more"
    message = f"The actions run on an action server, as this imports Rasa's SDK: no hook of {files} is called."
    cure = "Move the hooks into another folder and name that in config.yml under `plugins:`, or remove the import."
    yield Diagnostic("warning", sdk_import, message, cure, "needs-action-server")
    why = f"It may be in {files}, not loaded because of the import at {sdk_import}."
    for finding in found:
        is_unknown = finding.code == "unknown-action"
        yield replace(finding, cure=f"{why} {finding.cure}") if is_unknown else finding
