"""The rule policy: matching rules, active loops, default intents, and the fallback when no policy is confident.

The semantics are those of Rasa 3's RulePolicy: a rule matches if its states
hold at the end of the conversation; of several, the longest wins; an active
loop takes precedence over rules unless it rejected, default intents over all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from bot.content import NOWHERE, Domain, Place
from bot.dialogue.events import LoopInterrupted
from bot.dialogue.matching import Patterns
from bot.dialogue.names import DEFAULT_FALLBACK, DEFAULT_INTENTS, LISTEN, SNIPPET
from bot.dialogue.prediction import Because, Prediction, intent_confidence
from bot.dialogue.states import NOT_SET, State, States
from bot.dialogue.tracker import Tracker
from bot.dialogue.training import Example

PRIORITY: Final = 4
NAME: Final = "RulePolicy"


class RuleOptions(Struct, frozen=True):
    """The options of Rasa's RulePolicy, with its defaults. `place` is the place of its entry in config.yml."""

    priority: int = PRIORITY
    core_fallback_threshold: float = 0.3
    core_fallback_action_name: str = DEFAULT_FALLBACK
    enable_fallback_prediction: bool = True
    restrict_rules: bool = True
    check_for_contradictions: bool = True
    use_nlu_confidence_as_score: bool = False
    place: Place = NOWHERE


class RuleEntry(Struct, frozen=True):
    """States (oldest first) after which the rules at `because` run `action`; `key` is Rasa's serialised form."""

    states: tuple[State, ...]
    action: str
    because: tuple[Because, ...]
    key: str


class Rules(Struct, frozen=True):
    """What the rule policy knows: entries by key, and hints for loops (`unhappy`) by key.

    `not_in_stories` are the sources that no story uses; `dropped` are the keys
    of entries that were dropped in favour of stories.
    """

    entries: Mapping[str, RuleEntry]
    unhappy: Mapping[str, tuple[tuple[State, ...], str]]
    not_in_stories: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    def without(self, keys: Iterable[str]) -> Rules:
        """These rules without the entries of these keys."""
        dropped = self.dropped | frozenset(keys)
        kept = {key: entry for key, entry in self.entries.items() if key not in dropped}
        return Rules(kept, self.unhappy, self.not_in_stories, dropped)


INTERRUPTED: Final = "loop_was_interrupted"
DO_NOT_PREDICT_LOOP: Final = "do_not_predict_loop_action"


class Sourced(Struct, frozen=True):
    """A prediction (None: only the fallback applies) with the source that Rasa would name for it."""

    prediction: Prediction | None
    source: str
    events: tuple[LoopInterrupted, ...] = ()

    @property
    def action(self) -> str | None:
        """The predicted action, if any."""
        return self.prediction.action if self.prediction else None


class RulePolicy:
    """Predicts by rules; see the module docstring."""

    name = NAME

    def __init__(self, rules: Rules, domain: Domain, options: RuleOptions) -> None:
        self.rules = rules
        self.options = options
        self.priority = options.priority
        self._domain = domain
        self._states = States(domain)
        self._entries = Patterns((entry.states, entry.key, entry) for entry in rules.entries.values())
        self._unhappy = Patterns((states, key, hint) for key, (states, hint) in rules.unhappy.items())
        self._longest = max(self._entries.longest, self._unhappy.longest)
        self.by_text = any(state.user.text for entry in rules.entries.values() for state in entry.states)

    def predict(self, tracker: Tracker) -> Prediction:
        """The action by rules, else the fallback with its threshold as confidence (or a listen with confidence 0)."""
        found = self.predict_by_rules(tracker)
        if found.prediction is not None:
            return found.prediction
        if not self.options.enable_fallback_prediction:
            return Prediction(LISTEN, 0.0, NAME, self.priority, (), found.events)
        fallback = self.options.core_fallback_action_name
        # A fallback that reverts nothing would be predicted again and again.
        action = LISTEN if tracker.latest_action == fallback else fallback
        because = (Because(NAME, "no policy is confident enough", self.options.place),)
        return Prediction(
            action,
            self.options.core_fallback_threshold,
            NAME,
            self.priority,
            because,
            found.events,
            hide_rule_turn=found.source in self.rules.not_in_stories,
        )

    def predict_by_rules(self, tracker: Tracker) -> Sourced:
        """The prediction by rules, without the fallback."""
        by_text = self._by_rules(tracker, use_text=True) if self.by_text else Sourced(None, "")
        default = self._default_intent(tracker)
        if default and by_text.prediction is None:
            return default
        loop = self._running_loop(tracker)
        if loop:
            return loop
        if by_text.prediction is not None:
            return by_text
        by_intent = self._by_rules(tracker)
        if by_text.events and not by_intent.events:
            return Sourced(by_intent.prediction, by_intent.source, by_text.events)
        return by_intent

    def _default_intent(self, tracker: Tracker) -> Sourced | None:
        intent = tracker.parse.intent_name if tracker.parse else None
        if tracker.latest_action != LISTEN or intent not in DEFAULT_INTENTS:
            return None
        source = default_source(intent)
        return self._sourced(DEFAULT_INTENTS[intent], source, (Because(NAME, source, NOWHERE),))

    def _running_loop(self, tracker: Tracker) -> Sourced | None:
        loop = tracker.loop
        if loop is None or loop.name == NOT_SET or loop.rejected:
            return None
        form = self._domain.forms.get(loop.name)
        because = (Because(NAME, f"{loop.name} is running", form.place if form else NOWHERE),)
        if tracker.latest_action == loop.name:
            return self._sourced(LISTEN, loop_source(loop.name, LISTEN), because, no_user_prediction=True)
        if tracker.latest_action is None:
            return None
        return self._sourced(loop.name, loop_source(loop.name), because, no_user_prediction=True)

    def _by_rules(self, tracker: Tracker, *, use_text: bool = False) -> Sourced:
        if use_text and tracker.latest_action != LISTEN:
            return Sourced(None, "")
        states = self._states.of(tracker, use_text=use_text, last=self._longest)
        entry = next(self._entries.matching(states), None)
        source = entry.key if entry else state_key(states) or ""
        loop = tracker.active_loop if tracker.active_loop != NOT_SET else None
        hints = set(self._unhappy.matching(states)) if loop else set()
        if loop and entry and entry.action == LISTEN and entry.states[-1].loop in (None, NOT_SET):
            # The rule ends by listening because it knows no loop; the loop continues instead.
            if DO_NOT_PREDICT_LOOP not in hints:
                return self._sourced(loop, source, entry.because, end_to_end=use_text)
            entry = None
        events = (LoopInterrupted(True),) if INTERRUPTED in hints else ()
        if entry is None:
            return Sourced(None, source, events)
        confidence = intent_confidence(tracker) if self.options.use_nlu_confidence_as_score else 1.0
        return self._sourced(
            entry.action, source, entry.because, events=events, end_to_end=use_text, confidence=confidence
        )

    def _sourced(
        self,
        action: str,
        source: str,
        because: tuple[Because, ...],
        *,
        events: tuple[LoopInterrupted, ...] = (),
        no_user_prediction: bool = False,
        end_to_end: bool = False,
        confidence: float = 1.0,
    ) -> Sourced:
        hide = source in self.rules.not_in_stories
        prediction = Prediction(
            action, confidence, NAME, self.priority, because, events, no_user_prediction, hide, end_to_end
        )
        return Sourced(prediction, source, events)


def default_source(intent: str) -> str:
    """The source of a default intent's prediction."""
    return f"every bot handles /{intent} like this"


def loop_source(loop: str, then: str = "") -> str:
    """The source of an active loop's prediction: the loop itself, or a listen after it."""
    return f"loop {loop} {then}".rstrip()


# --- building rules -----------------------------------------------------------


def rule_entries(examples: Iterable[tuple[str, Example]]) -> dict[str, RuleEntry]:
    """Entries by key, from examples of rules (each with its rule's name); contradictory keys are left out."""
    entries: dict[str, RuleEntry] = {}
    contradictory: set[str] = set()
    for name, example in examples:
        states = after_snippet(example.states)
        key = state_key(states)
        if key is None or key in contradictory:
            continue
        because = Because(NAME, name, example.place)
        entry = entries.get(key, RuleEntry(states, example.action, (), key))
        if entry.action != example.action:
            contradictory.add(key)
            del entries[key]
        elif because not in entry.because:
            entries[key] = RuleEntry(states, entry.action, (*entry.because, because), key)
    return {key: entry for key, entry in entries.items() if entry.action != SNIPPET}


def unhappy_hints(examples: Iterable[Example]) -> dict[str, tuple[tuple[State, ...], str]]:
    """Hints of rules and stories about detours inside a loop: it was interrupted, or must not be predicted."""
    hints: dict[str, tuple[tuple[State, ...], str]] = {}
    for example in examples:
        last = example.states[-1]
        if last.loop in (None, NOT_SET):
            continue
        states = after_snippet(_last_two(example.states))
        key = state_key(states)
        if key is None:
            continue
        if last.action == LISTEN and example.action == last.loop:
            hints[key] = (states, INTERRUPTED)
        elif last.action != LISTEN and example.action != last.loop:
            hints[key] = (states, DO_NOT_PREDICT_LOOP)
    return hints


def _last_two(states: tuple[State, ...]) -> tuple[State, ...]:
    if len(states) == 1 or states[-2].action is None:
        return states[-1:]
    return (State(states[-2].action), states[-1])


def after_snippet(states: tuple[State, ...]) -> tuple[State, ...]:
    """The states after the last `...`, which represents any states."""
    for i in range(len(states) - 1, -1, -1):
        if states[i].action == SNIPPET:
            return states[i + 1 :]
    return states


def state_key(states: Sequence[State]) -> str | None:
    """Rasa's serialised form of states, whose length ranks how specific a rule is; None if there are no states."""
    kept = after_snippet(tuple(states))
    return json.dumps([_rasa_state(state) for state in kept], sort_keys=True) if kept else None


def _rasa_state(state: State) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if state.action:
        data["prev_action"] = {"action_name": state.action}
    user = {"intent": state.user.intent, "text": state.user.text, "entities": state.user.entities}
    if any(user.values()):
        data["user"] = {key: value for key, value in user.items() if value}
    if state.slots:
        data["slots"] = dict(state.slots)
    if state.loop:
        data["active_loop"] = {"name": state.loop}
    return data
