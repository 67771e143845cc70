"""All that can be said about a project without running it."""

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
from bot.content.names import PIPELINE_NAMES, POLICY_NAMES, plain_name
from bot.content.suggest import did_you_mean, is_misspelt
from bot.dialogue import check_contradictions, check_ways, describe_policies
from bot.errors import BotError, ContentError, PluginError
from bot.nlu import describe_pipeline
from bot.nlu.components import factory_of
from bot.plugins import PluginProblem, Plugins, find_plugins, hooking_actions, rasa_sdk_import
from bot.reading import channel_places, plugin_places, read_project, read_settings

_TOLD_BY_PLUGINS = frozenset(
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
"""Findings that a plugin may settle: while one cannot be loaded, they would be its consequences."""

_SAME = frozenset(
    {
        "AugmentedMemoizationPolicy",
        "CRFEntityExtractor",
        "EntitySynonymMapper",
        "FallbackClassifier",
        "IntentMatcher",
        "LearnedPolicy",
        "MemoizationPolicy",
        "RegexEntityExtractor",
        "RegexFeaturizer",
        "ResponseSelector",
        "RulePolicy",
        "TellerEntityExtractor",
    }
)
"""Components and policies that are here what they are called: what does their job needs no note."""

_RASA_X = "rasa"
"""The channel of Rasa's own tool, which every project that Rasa began has in credentials.yml."""

BUILT_IN_CHANNELS = frozenset({"rest", "callback"})
"""The channels that credentials.yml may name without a plugin."""


def check_project(folder: Path) -> list[Diagnostic]:
    """Every finding about the project's content, configuration and plugins, in the order of their places."""
    settings, _ = read_settings(folder)
    problems: list[PluginError] = []
    plugins = Plugins(find_plugins(folder, settings.plugins, problems.append), problems.append)
    actions, components, policies = plugins.actions(), plugins.nlu_components(), plugins.policies()
    channels, _, _ = plugins.channels(), plugins.observers(), plugins.commands()  # which report what is wrong with them
    rasas = rasa_sdk_import(folder)
    read = read_project(folder, known_actions=frozenset(actions), all_known=rasas is None)
    found = [*read.diagnostics, *_described(read.content, components, policies)]
    if not read.errors:
        problems += _failing_parts(read.content, components, policies)
        found += check_ways(read.content, read.tests)
    if any(_is_a_slip(d) and d.code == "unknown-policy" for d in found):
        found = [d for d in found if d.code != "no-rule-policy"]  # the misspelt one may be it
    if problems:
        found = [d for d in found if d.code not in _TOLD_BY_PLUGINS or _is_a_slip(d)]
    contradictions = check_contradictions(_sound(read.content, (*found, *read.held_back)))
    told = {d.place for d in contradictions if d.code == "incomplete-rule"}
    found = [d for d in found if d.code != "form-not-activated" or d.place not in told]
    found += contradictions
    found += [_plugin_finding(folder, problem) for problem in problems]
    if not problems:
        places, offered = channel_places(folder), {*BUILT_IN_CHANNELS, *channels}
        found = [d for d in found if d.code != "unset-variable" or d.name not in places.keys() - offered]
        found += [_unserved(name, places[name], offered) for name in places.keys() - offered]
    if rasas:
        found = list(_run_elsewhere(found, rasas, hooking_actions(folder), read.settings.action_endpoint is not None))
    return sorted(found, key=lambda d: d.place)


def check_learnable(project: Project) -> None:
    """Raise ContentError with the errors that show only in what a project that was read is to be learned from.

    Those are components and policies that nobody knows, and rules that cannot be followed.
    """
    found = _described(project.content, project.plugins.nlu_components(), project.plugins.policies())
    found += check_contradictions(_sound(project.content, found))
    if errors := sorted((d for d in found if d.severity == "error"), key=lambda d: d.place):
        raise ContentError(errors)


def unset_variables(found: Iterable[Diagnostic], channels: Collection[str]) -> list[Diagnostic]:
    """Of these findings, as errors, the variables without which endpoints.yml and credentials.yml cannot be used.

    `channels` are those that plugins offer.
    """
    used = {"action_endpoint", *BUILT_IN_CHANNELS, *channels}
    return [replace(d, severity="error") for d in found if d.code == "unset-variable" and d.name in used]


def _described(content: Content, components: Mapping[str, Any], policies: Mapping[str, Any]) -> list[Diagnostic]:
    """What is said of the components and policies that config.yml names; those given are plugins'."""
    described = (*describe_pipeline(content, components), *describe_policies(content, policies))
    named = {entry.place: entry.name for entry in (*(content.pipeline or ()), *(content.policies or ()))}
    offered, told = {*components, *policies}, (d for d in described if _is_news(d, named))
    return [_spelt(finding, named, offered) for finding in told]


def _is_news(finding: Diagnostic, named: Mapping[Place, str]) -> bool:
    """Whether it says more of a component or policy than its name does; `named` are their names, by their places."""
    is_same = finding.code == "component-mapped" and plain_name(named[finding.place]) in _SAME
    return not is_same or "It needs no" in finding.message


def _failing_parts(
    content: Content, components: Mapping[str, Callable[..., Any]], policies: Mapping[str, Callable[..., Any]]
) -> Iterator[PluginError]:
    """Why components and policies of plugins that config.yml names cannot be made of what it says of them."""
    offered = {name: partial(make, content) for name, make in policies.items()}
    makers = [partial(offered[entry.name], entry) for entry in content.policies or () if entry.name in offered]
    named = [(factory_of(entry.name, components), entry.options) for entry in content.pipeline or ()]
    makers += [partial(make, options) for make, options in named if make]
    for make in makers:
        try:
            make()
        except BotError as error:
            yield error if isinstance(error, PluginError) else PluginProblem(str(error), code=make)


def _spelt(finding: Diagnostic, named: Mapping[Place, str], offered: Collection[str]) -> Diagnostic:
    """The finding; for a slip of the hand in the name of a component or policy, an error that says so.

    A class of the project's own, which is named with its module, is only not used.
    """
    names = {"unknown-component": PIPELINE_NAMES, "unknown-policy": POLICY_NAMES}.get(finding.code)
    if names is None:
        return finding
    name, known = named[finding.place], names | set(offered)
    if "." in name:
        return replace(finding, severity="warning")
    if not is_misspelt(name, known):
        return finding
    return replace(finding, severity="error", cure=did_you_mean(name, known) or finding.cure)


def _is_a_slip(finding: Diagnostic) -> bool:
    """Whether a component or policy is so nearly a known one that no plugin is needed to tell."""
    return finding.code in ("unknown-component", "unknown-policy") and finding.cure.startswith("Did you mean")


def _sound(content: Content, found: Collection[Diagnostic]) -> Content:
    """The content without the stories and rules that have errors, or name what errors may have kept from being read.

    What is left of them might contradict others. Where a policy's name is misspelt, the default policies count.
    """
    if any(d.code == "unknown-policy" and d.severity == "error" for d in found):
        content = replace(content, policies=None)
    if not any(d.severity == "error" for d in found):
        return content
    broken_by = [d for d in found if d.severity == "error" or d.code.startswith("unknown-")]
    wrong = [place for d in broken_by for place in (d.place, *d.also)]
    broken = _holding(wrong, (*content.stories, *content.rules))
    return replace(
        content,
        stories=tuple(story for story in content.stories if story.place not in broken),
        rules=tuple(rule for rule in content.rules if rule.place not in broken),
    )


def _holding(places: Iterable[Place], stories: Iterable[Story]) -> set[Place]:
    """The beginnings of the stories that the places are in: for each the last one before it in its file."""
    starts: dict[str, list[Place]] = defaultdict(list)
    for story in stories:
        starts[story.place.file].append(story.place)
    for begin in starts.values():
        begin.sort()
    before = ((starts[place.file], bisect_right(starts[place.file], place)) for place in places)
    return {begin[at - 1] for begin, at in before if at}


def _plugin_finding(folder: Path, problem: PluginError) -> Diagnostic:
    what, cure = str(problem), "Mend this line."
    if isinstance(problem, PluginProblem):
        what, cure = problem.what, problem.cure
    sentence = what if what.endswith(".") else f"{what}."  # the cure is another one
    return Diagnostic("error", _place(folder, problem), sentence, cure, "plugin")


def _place(folder: Path, error: PluginError) -> Place:
    """The line of the project at which a plugin failed.

    That is the line of a syntax error, the last one that was running, that of
    the function which is wrong, or the one which names the plugin in config.yml.
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
    ours = [place for place in lines if _is_of(folder.resolve(), place[0])]
    if ours:
        path, line, column = ours[-1]
        return Place(path.relative_to(folder.resolve()).as_posix(), line, column)
    if not isinstance(error, PluginProblem):
        return Place("actions")
    return plugin_places(folder).get(error.named or "", Place(error.file or "actions"))


def _is_of(folder: Path, file: Path) -> bool:
    """Whether the file is the project's own: neither the framework's nor a package's that is installed below it."""
    return (
        file.is_relative_to(folder)
        and not file.is_relative_to(Path(bot.__file__).parent)
        and "site-packages" not in file.parts
    )


def _unserved(name: str, place: Place, offered: Collection[str]) -> Diagnostic:
    severity: Severity = "note" if name == _RASA_X else "warning"
    served = ", ".join(f"`{channel}`" for channel in sorted(offered))
    cure = did_you_mean(name, offered, f"Use one that is ({served}), or a plugin with `register_channels`.")
    return Diagnostic(severity, place, f"The channel `{name}` is not served here.", cure, "unknown-channel")


def _run_elsewhere(
    found: Iterable[Diagnostic], rasas: Place, skipped: Sequence[str], has_endpoint: bool
) -> Iterator[Diagnostic]:
    """The findings where `actions/` is written for Rasa's SDK, which is imported at the place, and that this is so.

    `skipped` are the files of it that implement hooks: they may register an action that nobody knows.
    """
    if not skipped:
        cure = "Run it beside the bot." if has_endpoint else "Name it in endpoints.yml under `action_endpoint:`."
        message = "These actions are written for Rasa's SDK; they run on an action server and are not loaded here."
        yield from (*found, Diagnostic("note", rasas, message, cure, "needs-action-server"))
        return
    files = f"`{skipped[0]}`" + f" and {len(skipped) - 1} more" * (len(skipped) > 1)
    message = f"The actions run on an action server, as this imports Rasa's SDK: no hook of {files} is called."
    cure = "Move the hooks into another folder and name that in config.yml under `plugins:`, or take the import out."
    yield Diagnostic("warning", rasas, message, cure, "needs-action-server")
    why = f"It may be in {files}, not loaded for what {rasas} imports."
    for finding in found:
        yield replace(finding, cure=f"{why} {finding.cure}") if finding.code == "unknown-action" else finding
