"""The learned policy, which generalises from the stories to unseen conversations.

It does the job of Rasa's TED with kernel ridge regression (Saunders, Gammerman
and Vovk 1998) on features of the latest states: one linear system, the same
result every time. Each choice is a weighted vote of the story lines that are
most similar to the conversation, and these are its reasons.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from bot.content import Place
from bot.dialogue.ensemble import rejected_action
from bot.dialogue.names import LISTEN, UTTER
from bot.dialogue.prediction import Because, Prediction
from bot.dialogue.states import RuleOnly, State, States
from bot.dialogue.tracker import Tracker
from bot.dialogue.training import Example
from bot.learning import Rows

PRIORITY: Final = 1
HISTORY: Final = 6
"""The number of states looked at, unless config.yml sets fewer; older ones hardly ever matter."""

MAX_EXAMPLES: Final = 2000
"""The linear system has a row for each distinct example; beyond this number, examples are thinned out evenly."""

REGULARISATION: Final = 0.05
MOST_SURE: Final = 0.99
"""Less than 1, so that what is written always takes precedence over what was learned."""

REASONS: Final = 3

THE_LOOP: Final = "the running loop"
"""Represents the active loop, so that what is learned from one form (continue after a detour) applies to others."""

Floats = NDArray[np.float32]
Features = Mapping[str, float]
Reasons: TypeAlias = Mapping[str, tuple[str, Place]]
"""By each action that follows in a situation, the first story with it, and the place there."""


class LearnedOptions(Struct, frozen=True):
    """The options of Rasa's TEDPolicy that have an effect. `max_history` counts states; None: as many as useful."""

    name: str = "TEDPolicy"
    priority: int = PRIORITY
    max_history: int | None = None


class LearnedModel(Struct, frozen=True):
    """What was learned.

    `weights` has shape (features, actions), `duals` (examples, actions);
    `line_features` and `line_values` are the indices and values of each
    example's features, of shape (examples, most features), padded with the
    index after the last feature; `reasons` are those of each example.
    """

    features: tuple[str, ...]
    actions: tuple[str, ...]
    weights: Floats
    duals: Floats
    line_features: NDArray[np.int32]
    line_values: Floats
    reasons: tuple[Reasons, ...]


class LearnedPolicy:
    """Predicts by similarity to the stories; see the module docstring."""

    def __init__(self, model: LearnedModel, rule_only: RuleOnly, states: States, options: LearnedOptions) -> None:
        self.model = model
        self.name = options.name
        self.priority = options.priority
        self._history = history(options)
        self._rule_only = rule_only
        self._states = states
        self._index = {name: i for i, name in enumerate(model.features)}
        self.by_text = any(name.startswith("word ") for name in model.features)

    def predict(self, tracker: Tracker) -> Prediction | None:
        """The most likely action; None if nothing was learned from stories."""
        if not self.model.actions:
            return None
        by_intent = self._most_likely(tracker, use_text=False)
        if self.by_text and tracker.latest_action == LISTEN:
            by_text = self._most_likely(tracker, use_text=True)
            if by_text.confidence > by_intent.confidence:
                return by_text
        return by_intent

    def _most_likely(self, tracker: Tracker, *, use_text: bool) -> Prediction:
        indices, values = self._vector(tracker, use_text=use_text)
        scores = values @ self.model.weights[indices]
        for action in self._impossible(tracker):
            if action in self.model.actions:
                scores[self.model.actions.index(action)] = -1.0
        best = int(scores.argmax())
        action = self.model.actions[best]
        confidence = float(min(max(scores[best], 0.0), MOST_SURE))
        if action == THE_LOOP and tracker.active_loop:
            action = tracker.active_loop
        return Prediction(action, confidence, self.name, self.priority, end_to_end=use_text)

    def _impossible(self, tracker: Tracker) -> set[str]:
        """Actions that cannot come now: the one just rejected, and the active loop if none is active."""
        rejected = rejected_action(tracker)
        impossible = {rejected} if rejected else set()
        if tracker.active_loop in (None, rejected):
            impossible.add(THE_LOOP)
        return impossible

    def because(self, prediction: Prediction, tracker: Tracker) -> tuple[Because, ...]:
        """The story lines with the predicted action that most support this policy's prediction on this tracker."""
        learned = THE_LOOP if prediction.action == tracker.active_loop else prediction.action
        if learned not in self.model.actions:
            return ()
        indices, values = self._vector(tracker, use_text=prediction.end_to_end)
        dense = np.zeros(len(self.model.features) + 1, np.float32)
        dense[indices] = values
        likeness = (dense[self.model.line_features] * self.model.line_values).sum(axis=1)
        votes = likeness * self.model.duals[:, self.model.actions.index(learned)]
        nearest = [self.model.reasons[i] for i in np.argsort(-votes, kind="stable") if votes[i] > 0]
        reasons = dict.fromkeys(reason[learned] for reason in nearest if learned in reason)
        return tuple(Because(self.name, *reason) for reason in islice(reasons, REASONS))

    def _vector(self, tracker: Tracker, *, use_text: bool) -> tuple[NDArray[np.intp], Floats]:
        """Indices and values of the known features, scaled to length 1 with the unknown ones included."""
        # A conversation of turns that only rules know looks like one that has just begun.
        states = self._states.for_stories(tracker, self._rule_only, use_text=use_text) or [State()]
        features = features_of(states[-self._history :])
        length = sum(value * value for value in features.values()) ** 0.5 or 1.0
        known = [(self._index[name], value / length) for name, value in features.items() if name in self._index]
        indices = np.array([i for i, _ in known], np.intp)
        return indices, np.array([value for _, value in known], np.float32)


def history(options: LearnedOptions) -> int:
    """The number of states that the policy looks at."""
    return min(options.max_history or HISTORY, HISTORY)


# --- features ----------------------------------------------------------------


def features_of(states: Sequence[State]) -> Features:
    """The features of states (oldest first): the present in full and in combination, the past with decaying weight."""
    now = states[-1]
    found: dict[str, float] = defaultdict(float)
    said = _said(now)
    found[f"after {now.action}"] = 1.0
    found[f"after {_kind_of_action(now)}"] = 0.7
    for word in said:
        found[word] = 1.0 / len(said) ** 0.5
        found[f"{word} after {now.action}"] = 1.0 / len(said) ** 0.5
    for entity in now.user.entities:
        found[f"entity {entity}"] = 0.5
    for slot, feature in now.slots:
        found[f"slot {slot} {feature}"] = 0.4
    _add_context(states, said, found)
    for age, state in enumerate(reversed(states[:-1]), start=1):
        found[f"past {state.action}"] += 0.4 / age
        for word in _said(state):
            found[f"past {word}"] += 0.3 / age
    return found


def _add_context(states: Sequence[State], said: Sequence[str], found: dict[str, float]) -> None:
    """Add features of the loop, the question that the message answers, and the actions already taken since."""
    now = states[-1]
    done, question = _this_turn(states)
    turn = f"done {' '.join(done)}"
    found[f"loop {now.loop}"] = 0.7
    found[turn] = 0.7
    for word in said:
        found[f"{word} in {now.loop}"] = 0.7
        found[f"{word} to {question}"] = 1.0
        found[f"{word} to {question} in {now.loop} {turn}"] = 1.0
        found[f"{word} {turn}"] = 1.0


def _kind_of_action(state: State) -> str:
    """The kind of the previous action; after a response the bot usually listens, whichever it was."""
    if state.action is None or state.action == LISTEN:
        return "a message"
    if state.action == state.loop:
        return "the loop"
    return "a response" if state.action.startswith(UTTER) else "an action"


def _this_turn(states: Sequence[State]) -> tuple[list[str], str | None]:
    """The actions since the user spoke, oldest first, and the last one before."""
    done: list[str] = []
    question = None
    spoke = False
    for state in reversed(states):
        if state.action == LISTEN and not spoke:
            spoke = True
        elif spoke and state.action != LISTEN:
            question = state.action
            break
        elif not spoke and state.action:
            done.insert(0, state.action)
    return done, question


def _said(state: State) -> list[str]:
    """The words of the latest message's text, or its intent."""
    if state.user.text:
        return [f"word {word}" for word in sorted(set(state.user.text.lower().split()))]
    return [f"intent {state.user.intent}"]


# --- learning ----------------------------------------------------------------


def learn(examples: Iterable[tuple[str, Example]], options: LearnedOptions) -> LearnedModel:
    """Learn from the examples of stories (each with its story's name)."""
    lines = _lines(examples, history(options))
    names = sorted({name for features, _, _ in lines for name in features})
    actions = sorted({action for _, votes, _ in lines for action in votes})
    rows = _rows([features for features, _, _ in lines], names)
    wanted = np.zeros((len(lines), len(actions)), np.float32)
    for row, (_, votes, _) in enumerate(lines):
        for action, share in votes.items():
            wanted[row, actions.index(action)] = share
    duals = _solve(rows, wanted)
    indices, values = _padded(rows)
    reasons = tuple(reason for _, _, reason in lines)
    return LearnedModel(tuple(names), tuple(actions), rows.transposed().dot(duals), duals, indices, values, reasons)


_Situation: TypeAlias = tuple[tuple[str, float], ...]
_Line: TypeAlias = tuple[Features, dict[str, float], Reasons]


def _lines(examples: Iterable[tuple[str, Example]], states: int) -> list[_Line]:
    """The distinct situations, each whole and with its past forgotten, with the share of each action that followed."""
    counts: dict[_Situation, dict[str, int]] = {}
    reasons: dict[_Situation, dict[str, tuple[str, Place]]] = {}
    for story, example in examples:
        if example.unpredictable:
            continue
        recent = example.states[-states:]
        for seen in dict.fromkeys((recent, _since_listening(recent))):
            key = tuple(sorted(features_of(seen).items()))
            votes = counts.setdefault(key, {})
            action = THE_LOOP if example.action == example.states[-1].loop else example.action
            votes[action] = votes.get(action, 0) + 1
            reasons.setdefault(key, {}).setdefault(action, (story, example.place))
    keys = list(counts)
    if len(keys) > MAX_EXAMPLES:
        keys = [keys[i] for i in np.linspace(0, len(keys) - 1, MAX_EXAMPLES).astype(int)]
    return [(dict(key), _shares(counts[key]), reasons[key]) for key in keys]


def _since_listening(states: Sequence[State]) -> tuple[State, ...]:
    """The states since the question that the latest message answers."""
    listened = [i for i, state in enumerate(states) if state.action == LISTEN]
    return tuple(states[max(listened[-1] - 1, 0) :]) if listened else tuple(states[-1:])


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {action: count / total for action, count in counts.items()}


def _rows(lines: Sequence[Features], names: Sequence[str]) -> Rows:
    """Features as rows of length 1."""
    index = {name: i for i, name in enumerate(names)}
    rows = []
    for features in lines:
        values = np.array(list(features.values()), np.float32)
        rows.append((np.array([index[name] for name in features], np.int32), values / np.linalg.norm(values)))
    return Rows.stack(rows, len(names))


def _padded(rows: Rows) -> tuple[NDArray[np.int32], Floats]:
    """The rows' indices and values, each row padded with the index after the last column."""
    widest = int(np.diff(rows.indptr).max(initial=0))
    indices = np.full((len(rows), widest), rows.width, np.int32)
    values = np.zeros((len(rows), widest), np.float32)
    for i in range(len(rows)):
        row_indices, row_values = rows[i]
        indices[i, : len(row_indices)] = row_indices
        values[i, : len(row_values)] = row_values
    return indices, values


def _solve(rows: Rows, wanted: Floats) -> Floats:
    """The duals: (K + λI)⁻¹ Y, where K is the similarity of every two rows."""
    if not len(rows):
        return wanted
    kernel = rows.gram()
    kernel[np.diag_indices_from(kernel)] += REGULARISATION  # also keeps single precision accurate enough
    duals: Floats = np.linalg.solve(kernel, wanted)
    return duals


# --- saving -------------------------------------------------------------------


def model_facts(model: LearnedModel) -> dict[str, Any]:
    """The model's names, ready for JSON."""
    reasons = [
        {action: (story, place.file, place.line, place.column) for action, (story, place) in reasons.items()}
        for reasons in model.reasons
    ]
    return {"features": model.features, "actions": model.actions, "reasons": reasons}


def model_arrays(model: LearnedModel) -> dict[str, NDArray[Any]]:
    """The model's arrays, by name."""
    return {
        "weights": model.weights,
        "duals": model.duals,
        "line_features": model.line_features,
        "line_values": model.line_values,
    }


def read_model(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> LearnedModel:
    """Rebuild the model from its names and arrays."""
    reasons = tuple(
        {action: (story, Place(file, line, column)) for action, (story, file, line, column) in reasons.items()}
        for reasons in facts["reasons"]
    )
    return LearnedModel(tuple(facts["features"]), tuple(facts["actions"]), reasons=reasons, **arrays)
