"""Find where rules and stories disagree, and which rules no story uses, by running all of them through the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from bot.content import NOWHERE, Diagnostic, Domain, Place
from bot.dialogue.events import ActionExecuted, ActionExecutionRejected, ActiveLoop, SlotSet, UserUttered
from bot.dialogue.evolve import evolve, evolve_all
from bot.dialogue.names import DEFAULT_INTENTS, LISTEN, SNIPPET
from bot.dialogue.rules import RuleOptions, RulePolicy, Rules, default_source, loop_source
from bot.dialogue.states import NOT_SET, States
from bot.dialogue.tracker import Tracker
from bot.dialogue.training import Example, TrainingStory, start_of

_DEFAULT_SOURCES: Final = frozenset(map(default_source, DEFAULT_INTENTS))


class Analysis(Struct, frozen=True):
    """The rules as they will be used, and what is wrong with them."""

    rules: Rules
    diagnostics: tuple[Diagnostic, ...]


def analyse(
    rules: Rules,
    rule_stories: Sequence[TrainingStory],
    stories: Sequence[TrainingStory],
    domain: Domain,
    options: RuleOptions,
) -> Analysis:
    """Run all rules and stories through the rule policy, as Rasa does at the end of training."""
    checker = _Checker(domain, options, RulePolicy(rules, domain, options))
    for story in rule_stories:
        checker.collect(story)
    for story in (*rule_stories, *stories):
        checker.check(story)
    loops = {loop_source(form, then) for form in domain.forms for then in ("", LISTEN)}
    unused = frozenset((checker.claims.keys() | _DEFAULT_SOURCES | loops) - checker.used_in_stories)
    return Analysis(replace(checker.policy.rules, not_in_stories=unused), tuple(dict.fromkeys(checker.diagnostics)))


def undecided(
    rules: Rules, stories: Iterable[TrainingStory], domain: Domain, options: RuleOptions
) -> Iterator[tuple[str, Example]]:
    """The examples in stories (each with its story's name) for which no rule predicts anything."""
    checker = _Checker(domain, options, RulePolicy(rules, domain, options))
    states = States(domain)
    for story in stories:
        examples = tuple(story.examples(states, start_of(domain)))
        yield from ((story.name, examples[step.number]) for step in checker.steps(story) if step.predicted is None)


class _Step(Struct, frozen=True):
    """The action of a story with this number (`gold`), what was predicted for it, and by which source."""

    number: int
    tracker: Tracker
    gold: str
    place: Place
    predicted: str | None
    source: str


class _Claim(NamedTuple):
    """A rule (or a built-in one, which is nowhere), and the action that it names."""

    name: str
    action: str
    place: Place


class _Checker(Struct):
    """Runs stories through the rule policy; `claims` are the rules behind each source of predictions."""

    domain: Domain
    options: RuleOptions
    policy: RulePolicy
    claims: dict[str, list[_Claim]] = field(default_factory=lambda: defaultdict(list))
    used_in_stories: set[str] = field(default_factory=set)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def collect(self, story: TrainingStory) -> None:
        """Record which rule predicts what from which source."""
        for step in self.steps(story):
            if step.source in _DEFAULT_SOURCES or step.source.startswith("loop "):
                self.claims[step.source].append(_Claim(step.source, step.predicted or "", NOWHERE))
            elif step.source:
                self.claims[step.source].append(_Claim(story.name, step.gold, step.place))

    def check(self, story: TrainingStory) -> None:
        """Record which sources stories use, and report contradictions."""
        for step in self.steps(story):
            if step.predicted == step.gold:
                if not story.is_rule:
                    self.used_in_stories.add(step.source)
            elif step.predicted and not self._gives_way(story, step):
                self._report(story, step)

    def steps(self, story: TrainingStory) -> Iterator[_Step]:
        """The story's actions that something should predict."""
        whole = evolve_all(story.events, start_of(self.domain))
        places = {id(event): place for event, place in zip(story.events, story.places, strict=True)}
        tracker = start_of(self.domain)
        user_spoke = False
        anything_may_follow = True  # at the beginning, and after a snippet
        number = 0
        for event in whole.applied:
            user_spoke = user_spoke or isinstance(event, UserUttered)
            if isinstance(event, ActionExecuted):
                is_snippet = event.name == SNIPPET
                bot_begins = not story.is_rule and not user_spoke and event.name != LISTEN
                if not is_snippet and not anything_may_follow and not bot_begins:
                    gold = event.action_text or event.name
                    step = self._predict(story, number, tracker, gold, places[id(event)])
                    tracker = step.tracker
                    yield step
                anything_may_follow = is_snippet
                number += 1
            tracker = evolve(event, tracker)

    def _predict(self, story: TrainingStory, number: int, tracker: Tracker, gold: str, place: Place) -> _Step:
        found = self.policy.predict_by_rules(tracker)
        loop = tracker.active_loop
        if loop and found.action == loop and gold != loop:
            # Training data has no rejections; a different action inside a loop implies one.
            tracker = evolve(ActionExecutionRejected(loop), tracker)
            found = self.policy.predict_by_rules(tracker)
        action = found.action
        if action is None and story.is_rule:
            action = self.options.core_fallback_action_name if self.options.enable_fallback_prediction else LISTEN
        return _Step(number, tracker, gold, place, action, found.source)

    def _gives_way(self, story: TrainingStory, step: _Step) -> bool:
        """Whether a rule that merely ends by listening yields to a story that continues after it."""
        if story.is_rule or step.predicted != LISTEN or step.source.count('"prev_action"') > 1:
            return False
        entries = self.policy.rules.entries
        beginning = step.source[:-2]  # the key without the brackets that close it
        is_continued = any(key.startswith(beginning) for key in entries if key != step.source)
        if step.source not in entries or not is_continued:
            return False
        self.policy = RulePolicy(self.policy.rules.without([step.source]), self.domain, self.options)
        return True

    def _report(self, story: TrainingStory, step: _Step) -> None:
        against = [claim for claim in self.claims.get(step.source, ()) if claim.action != step.gold]
        if not against:
            return
        kind = "rule" if story.is_rule else "story"
        loop = step.tracker.active_loop
        if loop and step.source == loop_source(loop, LISTEN):
            self.diagnostics.append(_missing_end_of_loop(f"The {kind} `{story.name}`", loop, step))
            return
        others = ", ".join(dict.fromkeys(map(_described, against)))
        says = "" if step.predicted == self.options.core_fallback_action_name else f", which says `{step.predicted}`"
        message = f"The {kind} `{story.name}` continues with `{step.gold}` here, which contradicts {others}{says}."
        cure = _cure({step.gold, *(claim.action for claim in against)})
        self.diagnostics.append(Diagnostic("error", step.place, message, cure, "contradiction"))


def _missing_end_of_loop(who: str, loop: str, step: _Step) -> Diagnostic:
    message = f"{who} continues with `{step.gold}` here, but while `{loop}` is running, the bot waits for an answer."
    cure = f"Write `- active_loop: null` before `{step.gold}`."
    return Diagnostic("error", step.place, message, cure, "contradiction")


def _cure(actions: set[str]) -> str:
    """The fix for rules that disagree. Rules for the sub-intents of one retrieval intent should be one rule."""
    retrieval, *others = {action.partition("/")[0] for action in actions}
    if not others and all("/" in action for action in actions):
        return f"Write one rule instead, for the intent before the slash: `{retrieval}` says the response that fits."
    return "Make both say the same, or distinguish them by a condition, a slot or the intent."


def _described(claim: _Claim) -> str:
    if claim.place == NOWHERE:
        return f"a built-in rule ({claim.name})"
    return f"the rule `{claim.name}` (at {claim.place})"


# --- rules by themselves -----------------------------------------------------


def long_rules(rule_stories: Iterable[TrainingStory]) -> Iterator[Diagnostic]:
    """Rules with more than one user message, which Rasa rejects unless `restrict_rules` is off."""
    for rule in rule_stories:
        happened = zip(rule.events, rule.places, strict=True)
        messages = [place for event, place in happened if isinstance(event, UserUttered)]
        if len(messages) > 1:
            message = f"The rule `{rule.name}` has a second user message here; a rule answers one."
            cure = "Write a story instead, or set `restrict_rules: false` for the RulePolicy."
            yield Diagnostic("error", messages[1], message, cure, "rule-too-long")


class _After(Struct):
    """What follows an action in the rules: slots that are set, and loops that become active or end."""

    slots: set[str] = field(default_factory=set)
    loops: set[str] = field(default_factory=set)


def incomplete_rules(rule_stories: Sequence[TrainingStory], domain: Domain) -> Iterator[Diagnostic]:
    """Rules that leave out a slot or loop that the same action sets in other rules."""
    known = _after_actions(rule_stories, domain)
    states = States(domain)
    for rule in rule_stories:
        for example in rule.examples(states, start_of(domain)):
            state = example.states[-1]
            after = known.get(state.action or "")
            if after is None or SNIPPET in (example.action, state.action):
                continue
            missing = after.slots - {name for name, _ in state.slots}
            if missing:
                yield _incomplete(rule, example.place, state.action, f"the slot {_list(missing)}", "slot_was_set")
            if after.loops and state.loop not in after.loops:
                yield _without_loop(rule, example.place, state.action or "", after.loops, domain)


def _without_loop(rule: TrainingStory, place: Place, action: str, loops: set[str], domain: Domain) -> Diagnostic:
    """Report a rule that does not say what happens to a loop; if it runs a form and names no loop, at that step."""
    if action in domain.forms and not any(isinstance(event, ActiveLoop) for event in rule.events):
        happened = zip(rule.events, rule.places, strict=True)
        runs_at = next(place for event, place in happened if isinstance(event, ActionExecuted) and event.name == action)
        message = (
            f"The rule `{rule.name}` runs the form `{action}` without saying that it becomes active, "
            "although other rules do."
        )
        return Diagnostic("error", runs_at, message, f"Add `- active_loop: {action}` after it.", "incomplete-rule")
    named = loops - {NOT_SET}
    what = f"the loop {_list(named)}" if named else "the active loop"
    return _incomplete(rule, place, action, what, "active_loop")


def _after_actions(rule_stories: Iterable[TrainingStory], domain: Domain) -> dict[str, _After]:
    featurized = {name for name, slot in domain.slots.items() if slot.influence_conversation}
    known: dict[str, _After] = defaultdict(_After)
    for rule in rule_stories:
        action: str | None = None
        for event in rule.events:
            if isinstance(event, ActionExecuted):
                action = event.action_text or event.name
            elif isinstance(event, UserUttered):
                action = None
            elif action and isinstance(event, SlotSet) and event.name in featurized:
                known[action].slots.add(event.name)
            elif action and isinstance(event, ActiveLoop) and event.name:
                known[action].loops.add(event.name)
    return known


def _incomplete(rule: TrainingStory, place: Place, action: str | None, what: str, key: str) -> Diagnostic:
    message = f"The rule `{rule.name}` does not say what happens to {what} after `{action}`, although other rules do."
    cure = f"Add `{key}:` after the action (null for unset), or end the rule with `wait_for_user_input: false`."
    return Diagnostic("error", place, message, cure, "incomplete-rule")


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
