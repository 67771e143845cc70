"""Trackers as Rasa's JSON for clients and action servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.dialogue.event_json import event_to_json, parse_to_json
from bot.dialogue.events import Event
from bot.dialogue.tracker import LoopState, Tracker


def rasa_tracker_json(
    tracker: Tracker,
    events: Sequence[tuple[Event, float | None]] | None = None,
    *,
    slots: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The tracker as Rasa shows it to clients and action servers.

    `events` are those to show with their times (seconds since 1970, UTC),
    oldest first; by default the tracker's own, without times. `slots` are
    values for the domain's slots that the tracker does not have (usually all
    slots, as None).
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
