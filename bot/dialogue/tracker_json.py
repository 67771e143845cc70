"""Trackers as JSON: the snapshot that a conversation goes on from, and Rasa's view for clients and action servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.dialogue.event_json import event_from_json, event_to_json, parse_from_json, parse_to_json
from bot.dialogue.events import EffectPrepared, Event, UserUttered
from bot.dialogue.names import LISTEN
from bot.dialogue.tracker import LoopState, Tracker
from bot.messages import JsonObject


def tracker_to_json(tracker: Tracker) -> dict[str, Any]:
    """The tracker as a snapshot: small, whole, `tracker_from_json` gives back an equal tracker."""
    data = _state_to_json(tracker)
    data["conversation"] = tracker.conversation
    if tracker.base is not None:
        data["base"] = _state_to_json(tracker.base)
    data["events"] = [_compact(event_to_json(event)) for event in tracker.events]
    known = {id(event): i for i, event in enumerate(tracker.events)}
    data["applied"] = [_reference(event, known) for event in tracker.applied]
    return data


def tracker_from_json(data: JsonObject) -> Tracker:
    """The tracker of a snapshot; raises ValueError where it is none."""
    conversation = data["conversation"]
    events = tuple([event_from_json(event) for event in data["events"]])
    applied = tuple([_referenced(reference, events) for reference in data["applied"]])
    base = _state_from_json(data["base"], conversation, (), (), None) if "base" in data else None
    return _state_from_json(data, conversation, events, applied, base)


def _reference(event: Event, known: Mapping[int, int]) -> int | dict[str, Any]:
    """An event as its index among those written already, or whole."""
    index = known.get(id(event))
    return _compact(event_to_json(event)) if index is None else index


def _referenced(reference: Any, events: tuple[Event, ...]) -> Event:
    return events[reference] if isinstance(reference, int) else event_from_json(reference)


def _state_to_json(tracker: Tracker) -> dict[str, Any]:
    loop, effect = tracker.loop, tracker.effect
    return _without_nothing(
        {
            "slots": tracker.slots,
            "initial_slots": tracker.initial_slots,
            "loop": _loop_to_json(loop) if loop else None,
            "message": _message_to_json(tracker),
            "action": tracker.latest_action,
            "followup": tracker.followup_action,
            "paused": tracker.paused,
            "effect": _compact(event_to_json(effect)) if effect else None,
        }
    )


def _message_to_json(tracker: Tracker) -> Any:
    message = tracker.latest_message
    if message is None:
        return None
    return _reference(message, {id(event): i for i, event in enumerate(tracker.events)})


def _state_from_json(
    data: JsonObject,
    conversation: str,
    events: tuple[Event, ...],
    applied: tuple[Event, ...],
    base: Tracker | None,
) -> Tracker:
    get = data.get
    loop, message, effect = get("loop"), get("message"), get("effect")
    found = None if message is None else _referenced(message, events)
    prepared = event_from_json(effect) if effect else None
    assert found is None or isinstance(found, UserUttered)
    assert prepared is None or isinstance(prepared, EffectPrepared)
    return Tracker(
        conversation,
        get("slots", {}),
        _loop_from_json(loop) if loop else None,
        found,
        get("action"),
        get("followup"),
        get("paused", False),
        prepared,
        events,
        get("initial_slots", {}),
        applied,
        base,
    )


def _loop_to_json(loop: LoopState) -> dict[str, Any]:
    trigger = loop.trigger_message
    return _without_nothing(
        {
            "name": loop.name,
            "is_interrupted": loop.is_interrupted,
            "rejected": loop.rejected,
            "trigger_message": _without_nothing(parse_to_json(trigger)) if trigger else None,
        }
    )


def _loop_from_json(data: JsonObject) -> LoopState:
    trigger = data.get("trigger_message")
    return LoopState(
        data["name"],
        data.get("is_interrupted", False),
        data.get("rejected", False),
        parse_from_json(trigger) if trigger is not None else None,
    )


def _compact(event: dict[str, Any]) -> dict[str, Any]:
    """An event without what reading it assumes anyway."""
    parse = event.get("parse_data")
    if parse is not None:
        kept = {key: value for key, value in parse.items() if key not in ("text", "message_id", "metadata")}
        event["parse_data"] = _without_nothing(kept)
    elif event["event"] == "bot":
        event["data"] = _without_nothing(event["data"])
    if not event.get("metadata", True):
        del event["metadata"]
    return {key: value for key, value in event.items() if value is not None}


def _without_nothing(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value or (value == 0 and value is not False)}


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
        "latest_action_name": tracker.latest_action or LISTEN,
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
