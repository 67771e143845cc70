"""config.yml's policies: which of Teller's policies does the job of each, and with which options."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, TypeVar

from msgspec import Struct

from bot.content import NOWHERE, Component, Content, Diagnostic
from bot.content.names import SAME_AS_NAMED
from bot.dialogue.learned import HISTORY, LearnedOptions
from bot.dialogue.memoization import MemoizationOptions
from bot.dialogue.rules import RuleOptions

MAX_TURNS: Final = 50
"""The number of user turns that a policy looks back if config.yml sets no `max_history`."""

DEFAULT_POLICIES: Final = tuple(
    Component(name, place=NOWHERE) for name in ("MemoizationPolicy", "RulePolicy", "TEDPolicy")
)
"""Rasa's defaults if config.yml names no policies, except the one that is not used here."""

_RULES: Final = frozenset({"RulePolicy", "MappingPolicy", "FormPolicy", "FallbackPolicy", "TwoStageFallbackPolicy"})
_FALLBACKS: Final = frozenset({"FallbackPolicy", "TwoStageFallbackPolicy"})
_MEMORY: Final = frozenset({"MemoizationPolicy", "AugmentedMemoizationPolicy"})
_LEARNED: Final = frozenset({"TEDPolicy", "EmbeddingPolicy", "KerasPolicy", "SklearnPolicy", "LearnedPolicy"})
_NO_PART: Final = {
    "UnexpecTEDIntentPolicy": "Nothing predicts `action_unlikely_intent`; rules and stories for it are never used.",
}
_DOES_THE_JOB: Final = {
    **dict.fromkeys(_RULES, "the rule policy"),
    "MappingPolicy": "the rule policy, with a rule for each `triggers:` of an intent,",
    **dict.fromkeys(_FALLBACKS, "the rule policy, with a FallbackClassifier and a rule for `nlu_fallback`,"),
    **dict.fromkeys(_MEMORY, "the story memory"),
    **dict.fromkeys(_LEARNED, "the learned policy"),
}
_OPTIONS: Final = {
    **dict.fromkeys(_RULES, RuleOptions),
    **dict.fromkeys(_MEMORY, MemoizationOptions),
    **dict.fromkeys(_LEARNED, LearnedOptions),
}
_OLD_NAMES: Final = {
    "core_threshold": "core_fallback_threshold",
    "fallback_action_name": "core_fallback_action_name",
    "fallback_core_action_name": "core_fallback_action_name",
}
_OF_THE_CLASSIFIER: Final = frozenset({"nlu_threshold", "ambiguity_threshold"})
"""The options of fallback policies that the FallbackClassifier takes over; the rest have other names."""

Options = TypeVar("Options", RuleOptions, MemoizationOptions, LearnedOptions)


class PolicyConfig(Struct, frozen=True):
    """The policies to train, in config.yml's order; `other` are plugins' policies."""

    rules: RuleOptions | None
    memory: tuple[MemoizationOptions, ...]
    learned: LearnedOptions | None
    other: tuple[Component, ...]

    @property
    def reach(self) -> int | None:
        """How many states back the policies that know stories look by config.yml (None: all)."""
        histories = [options.max_history for options in (*self.memory, self.learned) if options]
        limits = [history for history in histories if history]
        return max(limits, default=None) if len(limits) == len(histories) else None


def policy_config(content: Content, known: Collection[str] = ()) -> PolicyConfig:
    """The policies that the content's config.yml names; `known` are plugins' policies. Unknown ones are left out."""
    entries = DEFAULT_POLICIES if content.policies is None else content.policies
    memory: list[MemoizationOptions] = []
    learned: LearnedOptions | None = None
    other: list[Component] = []
    ruled = [entry for entry in entries if entry.name not in known and entry.plain_name in _RULES]
    for entry in entries:
        name = entry.plain_name
        if entry.name in known:
            other.append(entry)
        elif name in _MEMORY:
            memory.append(_memory_options(entry))
        elif name in _LEARNED:
            learned = _learned_options(entry)
    return PolicyConfig(_rules(ruled), tuple(memory), learned, tuple(other))


def _memory_options(entry: Component) -> MemoizationOptions:
    name = entry.plain_name
    return _options(MemoizationOptions, {"name": name, "augmented": name.startswith("Augmented"), **entry.options})


def _learned_options(entry: Component) -> LearnedOptions:
    return _options(LearnedOptions, {"name": entry.plain_name, **entry.options})


def _rules(entries: list[Component]) -> RuleOptions | None:
    """The rule policy's options: those of the policies that it replaces, overridden by its own."""
    if not entries:
        return None
    given: dict[str, Any] = {}
    for entry in sorted(entries, key=lambda entry: entry.plain_name == "RulePolicy"):
        renamed = {_old_name(entry, key): value for key, value in entry.options.items()}
        given |= {**renamed, "place": entry.place}
    return _options(RuleOptions, given)


def _old_name(entry: Component, key: str) -> str:
    return _OLD_NAMES.get(key, key) if entry.plain_name in _FALLBACKS else key


def describe_policies(content: Content, known: Collection[str] = ()) -> tuple[Diagnostic, ...]:
    """Notes on what does the job of policies that config.yml names, if their names do not say it; unknown ones."""
    return tuple(_findings(content, known))


def _findings(content: Content, known: Collection[str]) -> Iterator[Diagnostic]:
    for entry in content.policies or ():
        name = entry.plain_name
        if entry.name in known:
            continue
        if name in _NO_PART:
            yield Diagnostic("note", entry.place, f"`{name}` is not used here.", _NO_PART[name], "policy")
        elif name not in _DOES_THE_JOB:
            cure = f"Remove it, or add a plugin that registers a policy of this name. Known policies: {_names()}."
            yield Diagnostic("warning", entry.place, f"There is no policy called `{name}`.", cure, "unknown-policy")
        else:
            ignored = _ignored(entry)
            if ignored or name not in SAME_AS_NAMED:
                message = f"`{name}`: {_DOES_THE_JOB[name]} does its job.{ignored}"
                yield Diagnostic("note", entry.place, message, code="component-mapped")
            yield from _history_notes(entry)
    if content.rules and not policy_config(content, known).rules:
        place = content.policies[0].place if content.policies else content.rules[0].place
        cure = "Add `- name: RulePolicy` to `policies:`."
        yield Diagnostic("warning", place, "There are rules, but no policy that follows them.", cure, "no-rule-policy")


def _history_notes(entry: Component) -> Iterator[Diagnostic]:
    name = entry.plain_name
    if name in _MEMORY and _memory_options(entry).max_history is None:
        message = f"`{name}` sets no `max_history`, so it looks back at most {MAX_TURNS} user turns."
        yield Diagnostic("note", entry.place, message, "Set `max_history` to what your stories need.", "max-history")
    if name in _LEARNED and (_learned_options(entry).max_history or 0) > HISTORY:
        message = f"`{name}` looks only at the latest {HISTORY} states; older ones are ignored."
        yield Diagnostic("note", entry.place, message, "", "max-history")


def _ignored(entry: Component) -> str:
    understood = set(_OPTIONS[entry.plain_name].__struct_fields__)
    if entry.plain_name in _FALLBACKS:
        understood |= _OF_THE_CLASSIFIER
    ignored = sorted(key for key in entry.options if _old_name(entry, key) not in understood)
    return f" It needs no {_list(ignored)}." if ignored else ""


def _options(kind: type[Options], given: Mapping[str, Any]) -> Options:
    """The given options that this kind has, if they are of the right type; others have no effect."""
    chosen = {name: given[name] for name in kind.__struct_fields__ if name in given}
    defaults = kind()
    return kind(**{key: value for key, value in chosen.items() if _fits(value, getattr(defaults, key))})


def _fits(value: Any, default: Any) -> bool:
    if default is None:
        return value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0)
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, int | float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, type(default))


def _names() -> str:
    return _list(sorted({*_DOES_THE_JOB, *_NO_PART} - {"LearnedPolicy"}))


def _list(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
