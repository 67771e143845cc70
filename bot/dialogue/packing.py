"""Trackers packed for snapshots: every event once, although a tracker may hold it in three places."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from bot.dialogue.events import Event, UserUttered
from bot.dialogue.tracker import Tracker


class PackedTracker(Struct, frozen=True, omit_defaults=True):
    """A tracker in the form in which it is written.

    `state` is the tracker without its events, `latest` the index of the latest
    message among them (None: `state` has it, or there is none). `applied` are
    such indices, or events that are not among them; None: all of them apply.
    """

    state: Tracker
    events: tuple[Event, ...] = ()
    applied: tuple[int | Event, ...] | None = None
    latest: int | None = None


def pack(tracker: Tracker) -> PackedTracker:
    """Pack the tracker for writing; `unpack` returns an equal one."""
    events, message = tracker.events, tracker.latest_message
    latest = _index_of(message, events)
    state = replace(tracker, events=(), applied=(), latest_message=message if latest is None else None)
    return PackedTracker(state, events, _applied(tracker), latest)


def unpack(packed: PackedTracker) -> Tracker:
    """The tracker that was packed; raises ValueError if it refers to an event that does not exist."""
    events, applied = packed.events, packed.events
    try:
        if packed.applied is not None:
            applied = tuple([events[item] if isinstance(item, int) else item for item in packed.applied])
        message = packed.state.latest_message if packed.latest is None else events[packed.latest]
    except IndexError as error:
        raise ValueError("a snapshot refers to an event that it does not contain") from error
    if not isinstance(message, UserUttered | None):
        raise ValueError("a snapshot's latest message is not a user message")
    return replace(packed.state, events=events, applied=applied, latest_message=message)


def _index_of(message: UserUttered | None, events: tuple[Event, ...]) -> int | None:
    """The index of this very object among the events, searched from the end."""
    if message is not None:
        for index in range(len(events) - 1, -1, -1):
            if events[index] is message:
                return index
    return None


def _applied(tracker: Tracker) -> tuple[int | Event, ...] | None:
    if tracker.applied == tracker.events:
        return None
    index_of = {id(event): index for index, event in enumerate(tracker.events)}
    return tuple([index_of.get(id(event), event) for event in tracker.applied])
