"""Training the policies that a content's config.yml names, and saving and loading what was learned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bot.content import Component, Content, Diagnostic
from bot.dialogue.conflicts import conflicts
from bot.dialogue.contradictions import Analysis, analyse, incomplete_rules, long_rules, undecided
from bot.dialogue.dialogue import Dialogue
from bot.dialogue.events import UserUttered
from bot.dialogue.learned import LearnedModel, LearnedPolicy, learn, model_arrays, model_facts, read_model
from bot.dialogue.memoization import MemoizationPolicy, memorize
from bot.dialogue.policy_config import MAX_TURNS, PolicyConfig, policy_config
from bot.dialogue.prediction import Policy
from bot.dialogue.rules import RuleOptions, RulePolicy, Rules, rule_entries, unhappy_hints
from bot.dialogue.states import NOT_SET, RuleOnly, States
from bot.dialogue.training import Example, TrainingStory, start_of, training_stories
from bot.learning import ModelError, read_folder, write_folder

Factory: TypeAlias = Callable[[Content, Component], Policy]
"""Creates a plugin's policy from the content and its entry in config.yml."""

FORMAT: Final = 5
"""Incremented whenever training would learn something different from the same content."""

_OURS: Final = (RulePolicy, MemoizationPolicy, LearnedPolicy)
FEWEST_TURNS: Final = 5
"""The minimum number of user turns to keep, whatever the policies need: the two-stage fallback goes back this far."""


def train_dialogue(content: Content, policies: Mapping[str, Factory] | None = None) -> Dialogue:
    """Train the dialogue that the content's rules and stories describe; deterministic.

    `policies` are factories of plugins' policies, by their names in config.yml.
    """
    lessons = _Lessons.of(content)
    config = policy_config(content, policies or {})
    rules = _analysis(lessons, config.rules).rules if config.rules else None
    learned = learn(lessons.story_examples, config.learned) if config.learned else None
    return _assemble(lessons, config, rules, learned, policies or {})


def save_dialogue(dialogue: Dialogue, folder: Path) -> None:
    """Save what is slow to learn in `folder`; the rest is derived from the content on loading."""
    learned = next((p.model for p in dialogue.policies if isinstance(p, LearnedPolicy)), None)
    rules = next((p.rules for p in dialogue.policies if isinstance(p, RulePolicy)), None)
    facts: dict[str, Any] = {
        "format": FORMAT,
        "learned": model_facts(learned) if learned else None,
        "other": sorted(p.name for p in dialogue.policies if not isinstance(p, _OURS)),
        "rules": None,
    }
    if rules:
        facts["rules"] = {"not_in_stories": sorted(rules.not_in_stories), "dropped": sorted(rules.dropped)}
    write_folder(folder, facts, model_arrays(learned) if learned else {})


def load_dialogue(folder: Path, content: Content, policies: Mapping[str, Factory] | None = None) -> Dialogue:
    """Load what `save_dialogue` saved for the same content; raises ValueError if it cannot be read."""
    try:
        facts, arrays = read_folder(folder)
    except ModelError as error:
        raise ValueError(str(error)) from error
    if facts.get("format") != FORMAT:
        raise ValueError(f"{folder}: saved by another version")
    config = policy_config(content, policies or {})
    if len(facts["other"]) != len(config.other):
        raise ValueError(f"{folder}: saved with different plugin policies")
    lessons = _Lessons.of(content)
    learned = read_model(facts["learned"], arrays) if facts["learned"] else None
    rules = None
    if facts["rules"]:
        kept = lessons.rules_as_read().without(facts["rules"]["dropped"])
        rules = replace(kept, not_in_stories=frozenset(facts["rules"]["not_in_stories"]))
    return _assemble(lessons, config, rules, learned, policies or {})


def check_contradictions(content: Content) -> tuple[Diagnostic, ...]:
    """Find contradictions by Rasa's checks, sorted by place.

    These are errors in rules that contradict rules or stories, are incomplete or
    too long, and warnings on stories that contradict each other.
    """
    lessons = _Lessons.of(content)
    config = policy_config(content)
    options = config.rules
    found: list[Diagnostic] = []
    examples: Iterable[tuple[str, Example]] = lessons.story_examples
    if options is not None:
        if options.restrict_rules:
            found += long_rules(lessons.rules)
        if options.check_for_contradictions:
            found += incomplete_rules(lessons.rules, content.domain)
        analysis = _analysis(lessons, options)
        found += analysis.diagnostics
        examples = undecided(analysis.rules, lessons.stories, content.domain, options)
    if config.memory or config.learned:
        found += conflicts(examples, config.reach)
    return tuple(sorted(dict.fromkeys(found), key=lambda d: d.place))


class _Lessons(Struct, frozen=True):
    """Expanded rules and stories, with the examples to learn from."""

    content: Content
    rules: tuple[TrainingStory, ...]
    stories: tuple[TrainingStory, ...]
    rule_examples: list[tuple[str, Example]]
    story_examples: list[tuple[str, Example]]

    @classmethod
    def of(cls, content: Content) -> _Lessons:
        rules, stories = training_stories(content)
        states, domain = States(content.domain), content.domain
        bare, start = start_of(domain, bare=True), start_of(domain)
        return cls(
            content,
            rules,
            stories,
            [(rule.name, example) for rule in rules for example in rule.examples(states, bare)],
            [(story.name, example) for story in stories for example in story.examples(states, start)],
        )

    def rules_as_read(self) -> Rules:
        """The rules before stories are checked for contradictions."""
        examples = [example for _, example in (*self.rule_examples, *self.story_examples)]
        return Rules(rule_entries(self.rule_examples), unhappy_hints(examples))


def _assemble(
    lessons: _Lessons,
    config: PolicyConfig,
    rules: Rules | None,
    learned: LearnedModel | None,
    factories: Mapping[str, Factory],
) -> Dialogue:
    content, domain = lessons.content, lessons.content.domain
    policies: list[Policy] = []
    rule_only = RuleOnly()
    if config.rules and rules:
        policies.append(RulePolicy(rules, domain, config.rules))
        if config.rules.check_for_contradictions:
            rule_only = _rule_only(lessons)
    policies += [
        MemoizationPolicy(memorize(lessons.story_examples, options), rule_only, domain, options)
        for options in config.memory
    ]
    if config.learned and learned:
        policies.append(LearnedPolicy(learned, rule_only, States(domain), config.learned))
    policies += [factories[entry.name](content, entry) for entry in config.other]
    return Dialogue(policies, _max_turns(lessons, config))


def _analysis(lessons: _Lessons, options: RuleOptions) -> Analysis:
    if not options.check_for_contradictions:
        return Analysis(lessons.rules_as_read(), ())
    return analyse(lessons.rules_as_read(), lessons.rules, lessons.stories, lessons.content.domain, options)


def _rule_only(lessons: _Lessons) -> RuleOnly:
    rule_slots, rule_loops = _mentioned(lessons.rule_examples)
    slots, loops = _mentioned(lessons.story_examples)
    return RuleOnly(frozenset(rule_slots - slots), frozenset(rule_loops - loops - {NOT_SET}))


def _mentioned(examples: Iterable[tuple[str, Example]]) -> tuple[set[str], set[str]]:
    """The slots and loops in these examples."""
    states = {state for _, example in examples for state in example.states}
    slots = {name for state in states for name, _ in state.slots}
    return slots, {state.loop for state in states if state.loop}


def _max_turns(lessons: _Lessons, config: PolicyConfig) -> int:
    """The largest number of user turns that any policy may look at, limited by the longest story."""
    in_rules = max((_user_turns(rule) for rule in lessons.rules), default=0)
    longest = max((_user_turns(story) for story in lessons.stories), default=0) + 1
    histories = [options.max_history for options in (*config.memory, config.learned) if options is not None]
    wanted = max((min(longest, history or MAX_TURNS) for history in histories), default=0)
    if config.other:
        wanted = max(wanted, MAX_TURNS)  # how far back a plugin's policy looks is unknown
    return max(FEWEST_TURNS, in_rules + 1, wanted)


def _user_turns(story: TrainingStory) -> int:
    return sum(isinstance(event, UserUttered) for event in story.events)
