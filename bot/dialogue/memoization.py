"""The memoization policies: stories are memorised, as far back as `max_history` states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bot.content import Domain, Place
from bot.dialogue.events import ActionExecuted
from bot.dialogue.names import LISTEN
from bot.dialogue.prediction import Because, Prediction, intent_confidence
from bot.dialogue.states import RuleOnly, State, States
from bot.dialogue.tracker import Tracker
from bot.dialogue.training import Example, start_of

PRIORITY: Final = 3

Memorised: TypeAlias = tuple[str, tuple[Because, ...]]
"""An action, and the places in stories where it is."""

Memory: TypeAlias = Mapping[tuple[State, ...], Memorised]
"""Maps states (oldest first) to the action that followed them in every story."""

Followers: TypeAlias = Mapping[tuple[State, ...], Mapping[str, Iterable[tuple[str, Place]]]]
"""Maps states (oldest first) to each action that followed them, with the stories and places where it does."""


class MemoizationOptions(Struct, frozen=True):
    """The options of Rasa's memoization policies. `max_history` counts states; None: the whole conversation."""

    name: str = "MemoizationPolicy"
    priority: int = PRIORITY
    max_history: int | None = None
    augmented: bool = False
    use_nlu_confidence_as_score: bool = False


class MemoizationPolicy:
    """Predicts exactly what stories say; if augmented, it also tries with the beginning forgotten."""

    def __init__(self, memory: Memory, rule_only: RuleOnly, domain: Domain, options: MemoizationOptions) -> None:
        self.name = options.name
        self.priority = options.priority
        self.options = options
        self._memory = memory
        self._rule_only = rule_only
        self._start = start_of(domain)
        self._states = States(domain)
        self.by_text = any(state.user.text for states in memory for state in states)

    def predict(self, tracker: Tracker) -> Prediction | None:
        """The action that followed this history in the stories, or None."""
        found = self._recall(tracker, use_text=True) if self.by_text else None
        is_by_text = found is not None
        if found is None:
            found = self._recall(tracker, use_text=False)
        if found is None:
            return None
        action, because = found
        confidence = intent_confidence(tracker) if self.options.use_nlu_confidence_as_score else 1.0
        return Prediction(action, confidence, self.name, self.priority, because, end_to_end=is_by_text)

    def _recall(self, tracker: Tracker, *, use_text: bool) -> Memorised | None:
        for past in self._pasts(tracker):
            found = self._memory.get(self._recent(past, use_text=use_text))
            if found is not None:
                return found
        return None

    def _pasts(self, tracker: Tracker) -> Iterator[Tracker]:
        """The conversation as it was and, if augmented, from each later action on, without slots set before it."""
        yield tracker
        if not self.options.augmented:
            return
        actions = [i for i, event in enumerate(tracker.applied) if isinstance(event, ActionExecuted)]
        for i in actions[self._earliest_start(tracker, actions) :]:
            yield replace(self._start, applied=tracker.applied[i:], latest_message=tracker.latest_message)

    def _earliest_start(self, tracker: Tracker, actions: Sequence[int]) -> int:
        """Which of the actions to try first as the beginning: the last listen over `max_history` actions ago."""
        reach = self.options.max_history
        if reach is not None:
            for number in range(len(actions) - reach - 1, -1, -1):
                event = tracker.applied[actions[number]]
                if isinstance(event, ActionExecuted) and event.name == LISTEN:
                    return number
        return 0

    def _recent(self, tracker: Tracker, *, use_text: bool) -> tuple[State, ...]:
        return recent(self._states.for_stories(tracker, self._rule_only, use_text=use_text), self.options.max_history)


def recent(states: Iterable[State], max_history: int | None) -> tuple[State, ...]:
    """The last `max_history` states (None: all)."""
    found = tuple(states)
    return found if max_history is None else found[-max_history:]


def memorize(examples: Iterable[tuple[str, Example]], options: MemoizationOptions) -> Memory:
    """Memorise the examples (each with its story's name), except where they contradict each other."""
    memory: dict[tuple[State, ...], Memorised] = {}
    for states, actions in followers(examples, options.max_history).items():
        if len(actions) == 1:
            [(action, lines)] = actions.items()
            memory[states] = (action, tuple(Because(options.name, *line) for line in lines))
    return memory


def followers(examples: Iterable[tuple[str, Example]], max_history: int | None) -> Followers:
    """What follows the last `max_history` states of the examples (each with its story's name; None: all states)."""
    found: dict[tuple[State, ...], dict[str, dict[tuple[str, Place], None]]] = {}
    for story, example in examples:
        if not example.unpredictable:
            actions = found.setdefault(recent(example.states, max_history), {})
            actions.setdefault(example.action, {})[story, example.place] = None
    return found
