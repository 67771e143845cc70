"""States: what policies see of a conversation, one before each action.

A state is as in Rasa: the previous action, the latest user message (intent and
entities, or text), the features of the slots that influence the conversation,
and the active loop.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from bot.content import ANY, Domain, Intent, Slot
from bot.dialogue.events import (
    ActionExecuted,
    ActiveLoop,
    AllSlotsReset,
    EntitiesAdded,
    FollowupAction,
    SlotSet,
    UserFeaturization,
    UserUttered,
)
from bot.dialogue.evolve import with_entities
from bot.dialogue.names import LISTEN
from bot.dialogue.tracker import Tracker
from bot.messages import Parse

NOT_SET: Final = "should_not_be_set"
"""Represents, in a rule's state, a slot or loop that must not be set."""

SET: Final = "set"
"""Represents, in a story's state, a slot that is set to any value."""

Feature: TypeAlias = tuple[float, ...] | str


class User(NamedTuple):
    """The latest user message in a state: either its intent with entities, or its text."""

    intent: str | None = None
    text: str | None = None
    entities: tuple[str, ...] = ()


class State(NamedTuple):
    """What policies see before an action. `action` is the previous one, None only at the start of a conversation."""

    action: str | None = None
    user: User = User()
    slots: tuple[tuple[str, Feature], ...] = ()
    loop: str | None = None


class RuleOnly(NamedTuple):
    """Slots and loops that only rules mention; policies that learn from stories do not see them."""

    slots: frozenset[str] = frozenset()
    loops: frozenset[str] = frozenset()


class States:
    """Builds states from trackers, for one domain."""

    def __init__(self, domain: Domain) -> None:
        self._slots = {name: slot for name, slot in domain.slots.items() if slot.influence_conversation}
        self._seen = seen_entities(domain, Intent(""))
        selective = [i for i in domain.intents.values() if i.use_entities is not None or i.ignore_entities]
        self._seen_with = {intent.name: seen_entities(domain, intent) for intent in selective}

    def of(self, tracker: Tracker, *, use_text: bool = False, last: int | None = None) -> list[State]:
        """The states before each applied action, oldest first, and the current one; only the `last` ones if given.

        `use_text`: the latest message is represented by its text, not its intent.
        """
        states = self._latest(tracker, last) if last else None
        if states is None:
            states = [moment.state for moment in self._moments(tracker)]
            states = states[-last:] if last else states
        message = tracker.latest_message
        if use_text and message is not None:
            states[-1] = states[-1]._replace(user=User(text=message.parse.text))
        return states

    def for_stories(self, tracker: Tracker, rule_only: RuleOnly, *, use_text: bool = False) -> list[State]:
        """The states as seen by policies that learn from stories: without turns that only rules know."""
        states: list[State] = []
        hidden = False
        last_action = None
        for moment in self._moments(tracker):
            if not hidden:
                last_action = moment.state.action
            if not moment.is_followup and moment.state.action != moment.state.loop:
                hidden = moment.hide
            if not hidden:
                states.append(_story_state(moment.state, states, last_action, rule_only))
        message = tracker.latest_message
        if use_text and message is not None and states:
            states[-1] = states[-1]._replace(user=User(text=message.parse.text))
        return states

    def _moments(self, tracker: Tracker) -> list[_Moment]:
        fold = _Fold(self, tracker)
        for event in tracker.applied:
            step = _FOLD.get(type(event))
            if step:
                step(fold, event)
        fold.add_moment()
        return fold.moments

    def _latest(self, tracker: Tracker, count: int) -> list[State] | None:
        """The last `count` states, by searching back from the end; None if other events that matter are in the way.

        Across messages and actions alone, the slots and the loop are as they are now.
        """
        actions: list[str | None] = []
        users: list[User] = []
        for event in reversed(tracker.applied):
            if type(event) is ActionExecuted:
                actions.append(event.action_text or event.name)
                if len(actions) >= count and len(users) >= count:
                    break
            elif type(event) is UserUttered:  # the message before each action seen since the next message
                users.extend([self.user(event.parse)] * (len(actions) + 1 - len(users)))
            elif type(event) in _FOLD:
                return None
        else:
            return None
        slots = tuple(sorted(self.features(tracker.slots).items()))
        return [State(actions[i], users[i], slots, tracker.active_loop) for i in range(count - 1, -1, -1)]

    def user(self, parse: Parse, *, use_text: bool = False) -> User:
        """A message as states show it: only the entities, roles and groups that are in `seen_entities`."""
        if use_text or (parse.intent is None and parse.text):
            return User(text=parse.text)
        return User(parse.intent_name, None, self._entities(parse))

    def _entities(self, parse: Parse) -> tuple[str, ...]:
        if not parse.entities:
            return ()
        names: set[str] = set()
        for entity in parse.entities:
            names.add(entity.entity)
            if entity.role:
                names.add(f"{entity.entity}#{entity.role}")
            if entity.group:
                names.add(f"{entity.entity}#{entity.group}")
        return tuple(sorted(names & self._seen_with.get(parse.intent_name or "", self._seen)))

    def sees(self, slot: str) -> bool:
        """Whether states show anything of this slot."""
        return slot in self._slots

    def feature(self, name: str, value: Any) -> Feature | None:
        """What states show of slot `name` with this value; None if nothing (unset, or without influence)."""
        slot = self._slots.get(name)
        return None if slot is None or value is None else slot_feature(slot, value)

    def features(self, slots: Mapping[str, Any]) -> dict[str, Feature]:
        """What states show of these slots."""
        found: dict[str, Feature] = {}
        for name, value in slots.items():
            feature = self.feature(name, value)
            if feature is not None:
                found[name] = feature
        return found


def seen_entities(domain: Domain, intent: Intent) -> frozenset[str]:
    """The entities that states show with this intent, and their roles and groups as `entity#role`, as in Rasa.

    These are the domain's entities that influence conversations, or those that the intent uses, except those that it
    ignores. Roles and groups that the domain does not list are not shown, whatever an extractor finds.
    """
    listed = domain.entities
    used = intent.use_entities
    if used is None:
        used = frozenset(name for name, entity in listed.items() if entity.influence_conversation)
    kept = used - intent.ignore_entities
    labels = {f"{name}#{part}" for name in kept & listed.keys() for part in listed[name].roles + listed[name].groups}
    return kept | labels


_NEW: Final = Tracker()
_NOBODY: Final = User()


class _Moment(NamedTuple):
    """The state before an action, and what decides whether policies that learn from stories see it."""

    state: State
    hide: bool
    is_followup: bool


class _Fold:
    """The current state while iterating over events; `user` and `sorted_slots` are None until they are needed."""

    def __init__(self, states: States, tracker: Tracker) -> None:
        start = tracker.base or _NEW
        self.states = states
        self.moments: list[_Moment] = []
        self.action, self.loop = start.latest_action, start.active_loop
        self.is_followup = start.followup_action is not None
        self.slots = states.features(start.slots)
        self.initial = start.initial_slots
        self.parse = start.parse
        self.use_text = False
        self.user: User | None = None
        self.sorted_slots: tuple[tuple[str, Feature], ...] | None = None

    def add_moment(self, hide: bool = False) -> None:
        if self.sorted_slots is None:
            self.sorted_slots = tuple(sorted(self.slots.items()))
        if self.user is None:
            self.user = self.states.user(self.parse, use_text=self.use_text) if self.parse else _NOBODY
        state = State(self.action, self.user, self.sorted_slots, self.loop)
        self.moments.append(_Moment(state, hide, self.is_followup))

    def executed(self, event: ActionExecuted) -> None:
        self.add_moment(event.hide_rule_turn)
        self.action = event.action_text or event.name
        self.is_followup = False

    def uttered(self, event: UserUttered) -> None:
        self.parse, self.use_text, self.user = event.parse, False, None
        self.is_followup = False

    def featurized(self, event: UserFeaturization) -> None:
        self.use_text, self.user = event.use_text, None

    def slot(self, event: SlotSet) -> None:
        if not self.states.sees(event.name):
            return
        feature = self.states.feature(event.name, event.value)
        if feature is None:
            self.slots.pop(event.name, None)
        else:
            self.slots[event.name] = feature
        self.sorted_slots = None

    def reset(self, event: AllSlotsReset) -> None:
        self.slots, self.sorted_slots = self.states.features(self.initial), None

    def looped(self, event: ActiveLoop) -> None:
        self.loop = event.name

    def follow(self, event: FollowupAction) -> None:
        self.is_followup = True

    def entities(self, event: EntitiesAdded) -> None:
        if self.parse:
            self.parse, self.user = with_entities(self.parse, event), None


_FOLD: Mapping[type, Callable[[_Fold, Any], None]] = {
    ActionExecuted: _Fold.executed,
    UserUttered: _Fold.uttered,
    UserFeaturization: _Fold.featurized,
    SlotSet: _Fold.slot,
    AllSlotsReset: _Fold.reset,
    ActiveLoop: _Fold.looped,
    FollowupAction: _Fold.follow,
    EntitiesAdded: _Fold.entities,
}


def _story_state(state: State, before: list[State], last_action: str | None, rule_only: RuleOnly) -> State:
    user = before[-1].user if before and state.action != LISTEN else state.user
    slots = state.slots
    if rule_only.slots:
        slots = tuple([item for item in slots if item[0] not in rule_only.slots])
    loop = None if state.loop in rule_only.loops else state.loop
    return State(last_action or state.action, user, slots, loop)


# --- slots -------------------------------------------------------------------


def slot_feature(slot: Slot, value: Any) -> Feature | None:
    """What a slot's value means to policies, by its type as in Rasa; None if it counts as unset.

    Text: that it is set. Bool: its value. Categorical: which of the slot's
    values it is, or another. Float: its position between the bounds. List:
    that it has elements. Any: nothing.
    """
    if value == NOT_SET:
        return NOT_SET
    if slot.type == "any":
        return None
    # A custom type's own features are not known here, so only that it is set is shown.
    return _FEATURES.get(slot.type, _text)(slot, value)


def _text(slot: Slot, value: Any) -> Feature | None:
    return (1.0,)


def _bool(slot: Slot, value: Any) -> Feature | None:
    if value is ANY:
        return SET
    truth = as_bool(value)
    return None if truth is None else (1.0, float(truth))


def _float(slot: Slot, value: Any) -> Feature | None:
    if value is ANY:
        return SET
    try:
        number = min(max(float(value), slot.min_value), slot.max_value)
    except (TypeError, ValueError):
        return None
    return (1.0, (number - slot.min_value) / (abs(slot.max_value - slot.min_value) or 1.0))


def _list(slot: Slot, value: Any) -> Feature | None:
    if value is ANY:
        return (1.0,)
    return (1.0,) if isinstance(value, Collection) and value else None


def _categorical(slot: Slot, value: Any) -> Feature | None:
    if value is ANY:
        return SET
    values = [str(v).lower() for v in slot.values]
    wanted = str(value).lower()
    chosen = values.index(wanted) if wanted in values else len(values)
    return tuple([float(i == chosen) for i in range(len(values) + 1)])


_FEATURES: Mapping[str, Callable[[Slot, Any], Feature | None]] = {
    "text": _text,
    "bool": _bool,
    "float": _float,
    "list": _list,
    "categorical": _categorical,
}


def as_bool(value: Any) -> bool | None:
    """The truth value that people or JSON wrote (true, "True", 1, "0", …); None if it is not one."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    return _TRUTHS.get(str(value).strip().lower())


_TRUTHS: Final = {"1": True, "true": True, "0": False, "false": False}
