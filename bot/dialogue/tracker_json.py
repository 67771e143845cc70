"""Trackers as JSON: the snapshot that a conversation goes on from, and Rasa's view for clients and action servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from bot.dialogue.compact import pack, pack_parse, unpack, unpack_parse
from bot.dialogue.event_json import event_to_json, parse_to_json
from bot.dialogue.events import Event
from bot.dialogue.tracker import LoopState, Tracker
from bot.messages import JsonObject

Packed: TypeAlias = Mapping[int, Any]
"""Events as they stand in a snapshot, by the identity of the event (which must be alive as long as this is used)."""


def pack_events(tracker: Tracker, known: Packed) -> dict[int, Any]:
    """The tracker's events packed; those that an earlier snapshot of this tracker packed already are taken from it."""
    found = known.get
    return {id(event): found(id(event)) or pack(event) for event in tracker.events}


def tracker_to_json(tracker: Tracker, packed: Packed | None = None) -> dict[str, Any]:
    """The tracker as a snapshot: small, whole, `tracker_from_json` gives back an equal tracker.

    `packed` is what `pack_events` gave for this tracker, where it is at hand.
    """
    packed = pack_events(tracker, {}) if packed is None else packed
    known = {id(event): i for i, event in enumerate(tracker.events)}
    data = _state_to_json(tracker, known)
    data["conversation"] = tracker.conversation
    if tracker.base is not None:
        data["base"] = _state_to_json(tracker.base, known)
    data["events"] = [packed[id(event)] for event in tracker.events]
    if tracker.applied != tracker.events:
        data["applied"] = [_reference(event, known) for event in tracker.applied]
    return data


def tracker_from_json(data: JsonObject) -> Tracker:
    """The tracker of a snapshot; raises ValueError where it is none."""
    try:
        conversation = data["conversation"]
        events = tuple([unpack(event) for event in data["events"]])
        applied = events
        if "applied" in data:
            applied = tuple([_referenced(reference, events) for reference in data["applied"]])
        base = None
        if "base" in data:
            base = Tracker(conversation, **_state_from_json(data["base"], events))
        return Tracker(conversation, events=events, applied=applied, base=base, **_state_from_json(data, events))
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"no snapshot of a tracker: {error!r}") from error


def _reference(event: Event, known: Mapping[int, int]) -> int | list[Any]:
    """An event as its index among those written already, or whole."""
    index = known.get(id(event))
    return pack(event) if index is None else index


def _referenced(reference: Any, events: tuple[Event, ...]) -> Event:
    return events[reference] if isinstance(reference, int) else unpack(reference)


def _state_to_json(tracker: Tracker, known: Mapping[int, int]) -> dict[str, Any]:
    """The state without its history; what is as always is left out."""
    t = tracker
    data: dict[str, Any] = {"slots": t.slots} if t.slots else {}
    if t.initial_slots:
        data["initial_slots"] = t.initial_slots
    if t.loop:
        data["loop"] = _loop_to_json(t.loop)
    if t.latest_message:
        data["latest_message"] = _reference(t.latest_message, known)
    if t.latest_action is not None:
        data["latest_action"] = t.latest_action
    if t.followup_action is not None:
        data["followup_action"] = t.followup_action
    if t.paused:
        data["paused"] = True
    if t.effect:
        data["effect"] = pack(t.effect)
    return data


_STATE: Final = ("slots", "initial_slots", "latest_action", "followup_action", "paused")


def _state_from_json(data: JsonObject, events: tuple[Event, ...]) -> dict[str, Any]:
    state = {key: data[key] for key in _STATE if key in data}
    if "loop" in data:
        state["loop"] = _loop_from_json(data["loop"])
    if "latest_message" in data:
        state["latest_message"] = _referenced(data["latest_message"], events)
    if "effect" in data:
        state["effect"] = unpack(data["effect"])
    return state


def _loop_to_json(loop: LoopState) -> list[Any]:
    trigger = loop.trigger_message
    return [loop.name, loop.is_interrupted, loop.rejected, pack_parse(trigger) if trigger else None]


def _loop_from_json(values: Sequence[Any]) -> LoopState:
    name, is_interrupted, rejected, trigger = values
    return LoopState(name, is_interrupted, rejected, None if trigger is None else unpack_parse(trigger))


# --- Rasa's view -------------------------------------------------------------


def rasa_tracker_json(
    tracker: Tracker,
    events: Sequence[tuple[Event, float]] | None = None,
    *,
    slots: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The tracker as Rasa shows it to clients and action servers.

    `events` are those to show with their times (seconds since 1970, UTC),
    oldest first, by default the tracker's own without times. `slots` gives
    slots that the domain has and the tracker has no value for (usually all
    of them, as None).
    """
    shown = [(event, None) for event in tracker.events] if events is None else list(events)
    latest = tracker.latest_message
    times = [time for _, time in shown if time is not None]
    return {
        "sender_id": tracker.conversation,
        "slots": {**(slots or {}), **tracker.slots},
        "latest_message": parse_to_json(latest.parse) | {"metadata": latest.metadata} if latest else {},
        "latest_event_time": times[-1] if times else None,
        "followup_action": tracker.followup_action,
        "paused": tracker.paused,
        "events": [event_to_json(event, time) for event, time in shown],
        "latest_input_channel": (latest.channel or None) if latest else None,
        "active_loop": _rasa_loop(tracker.loop),
        "latest_action": {"action_name": tracker.latest_action} if tracker.latest_action else {},
        "latest_action_name": tracker.latest_action,
    }


def _rasa_loop(loop: LoopState | None) -> dict[str, Any]:
    if loop is None:
        return {}
    return {
        "name": loop.name,
        "is_interrupted": loop.is_interrupted,
        "rejected": loop.rejected,
        "trigger_message": parse_to_json(loop.trigger_message) if loop.trigger_message else None,
    }
