"""How a tracker changes: one pure function of an event and the previous tracker.

The meaning of each event is Rasa's (`Event.apply_to` and `applied_events`);
events that no longer apply are removed from `Tracker.applied` once, instead of
at every read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from bot.dialogue.event_json import entity_from_json
from bot.dialogue.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    AllSlotsReset,
    ConversationPaused,
    ConversationResumed,
    EffectPrepared,
    EffectSettled,
    EntitiesAdded,
    Event,
    FollowupAction,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserFeaturization,
    UserUtteranceReverted,
    UserUttered,
)
from bot.dialogue.names import LISTEN, SESSION_START
from bot.dialogue.tracker import LoopState, Tracker
from bot.messages import Parse


def evolve(event: Event, tracker: Tracker) -> Tracker:
    """The tracker after `event`; neither is changed."""
    step = _STEPS.get(type(event))
    return step(event, tracker) if step else _after(event, tracker)


def evolve_all(events: Iterable[Event], tracker: Tracker) -> Tracker:
    """The tracker after all of `events`, in order."""
    for event in events:
        tracker = evolve(event, tracker)
    return tracker


def trim(tracker: Tracker, max_turns: int, *, min_events: int = 0) -> Tracker:
    """The same state with only the events of the last `max_turns` (1 or more) user turns.

    Dropped events that still apply move into the base. At least `min_events`
    of the latest events are kept, for action servers, which receive them. Of
    the user messages kept, all except the latest lose what merely explains
    them (ranking, nearest examples), which keeps snapshots small.
    """
    first_applied = _turns_start(tracker.applied, max_turns)
    all_apply = tracker.applied == tracker.events
    first = first_applied if all_apply else _turns_start(tracker.events, max_turns)
    first = min(first, max(len(tracker.events) - min_events, 0))
    events, applied = tracker.events[first:], tracker.applied[first_applied:]
    base = tracker.base
    if first_applied:
        # Many events, above all the bot's messages, change no state.
        dropped = [event for event in tracker.applied[:first_applied] if type(event) in _STEPS]
        base = replace(evolve_all(dropped, _start(tracker)), events=(), applied=(), base=None)
    slimmed: dict[int, Event] = {}
    kept = _without_explanations(events, tracker.latest_message, slimmed)
    still_applied = kept if applied == events else _without_explanations(applied, tracker.latest_message, slimmed)
    return replace(tracker, events=kept, applied=still_applied, base=base)


def _without_explanations(
    events: tuple[Event, ...], latest: UserUttered | None, slimmed: dict[int, Event]
) -> tuple[Event, ...]:
    """The events without explanations in user messages except the latest; `slimmed` caches those changed, by id."""
    kept: list[Event] = []
    for event in events:
        if type(event) is UserUttered and event is not latest and _is_explained(event):
            kept.append(slimmed.setdefault(id(event), _slim(event)))
        else:
            kept.append(event)
    return tuple(kept)


def _turns_start(events: tuple[Event, ...], max_turns: int) -> int:
    """The index at which the last `max_turns` user turns begin: the listen before the message, as policies see it."""
    left = max_turns
    for i in range(len(events) - 1, -1, -1):
        if type(events[i]) is UserUttered:
            left -= 1
            if left == 0:
                return i - 1 if i and _is_listen(events[i - 1]) else i
    return 0


def _is_explained(event: UserUttered) -> bool:
    parse = event.parse
    return bool(parse.ranking or parse.nearest or parse.response_selector)


def _slim(event: UserUttered) -> UserUttered:
    return replace(event, parse=replace(event.parse, ranking=(), nearest=(), response_selector={}))


def _after(event: Event, tracker: Tracker, **changes: Any) -> Tracker:
    """The tracker with these changes and the event appended."""
    return replace(tracker, events=(*tracker.events, event), applied=(*tracker.applied, event), **changes)


def _start(tracker: Tracker) -> Tracker:
    """The state before the tracker's first event."""
    return tracker.base or Tracker(conversation=tracker.conversation)


def _is_listen(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.name == LISTEN


# --- effects of events --------------------------------------------------------


def _action_executed(event: ActionExecuted, tracker: Tracker) -> Tracker:
    loop = tracker.loop
    if loop is not None and (loop.is_interrupted or loop.rejected):
        loop = replace(loop, is_interrupted=False, rejected=loop.rejected and event.name != loop.name)
    return replace(
        tracker,
        loop=loop,
        latest_action=event.action_text or event.name,
        followup_action=None,
        events=(*tracker.events, event),
        applied=_after_action(event, tracker),
    )


def _rejected(event: ActionExecutionRejected, tracker: Tracker) -> Tracker:
    loop = tracker.loop
    if loop is not None and loop.name == event.name:
        loop = replace(loop, rejected=True)
    followup = None if tracker.followup_action == event.name else tracker.followup_action
    return _after(event, tracker, loop=loop, followup_action=followup)


def _active_loop(event: ActiveLoop, tracker: Tracker) -> Tracker:
    loop = None if event.name is None else LoopState(event.name, trigger_message=tracker.parse)
    return _after(event, tracker, loop=loop)


def _loop_interrupted(event: LoopInterrupted, tracker: Tracker) -> Tracker:
    loop = tracker.loop and replace(tracker.loop, is_interrupted=event.is_interrupted)
    return _after(event, tracker, loop=loop)


def _fresh(event: Event, tracker: Tracker, initial_slots: Mapping[str, Any], followup: str) -> Tracker:
    """A fresh state, which keeps the past only in `events`."""
    initial = dict(initial_slots)
    start = Tracker(tracker.conversation, initial, followup_action=followup, initial_slots=initial)
    return replace(start, events=(*tracker.events, event), base=start)


def _utterance_reverted(event: UserUtteranceReverted, tracker: Tracker) -> Tracker:
    # A user message always follows a listen, which is removed with it.
    return _replay(event, tracker, _until(ActionExecuted, _until(UserUttered, tracker.applied)))


def _until(kind: type[Event], events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The events before the last one of this kind; empty if there is no such event."""
    for i in range(len(events) - 1, -1, -1):
        if isinstance(events[i], kind):
            return events[:i]
    return ()


def _replay(event: Event, tracker: Tracker, applied: tuple[Event, ...]) -> Tracker:
    """The state as if only `applied` had happened; `events` still keeps everything that did happen."""
    replayed = evolve_all(applied, replace(_start(tracker), base=tracker.base))
    return replace(replayed, events=(*tracker.events, event))


def _entities_added(event: EntitiesAdded, tracker: Tracker) -> Tracker:
    message = tracker.latest_message
    if message is not None:
        message = replace(message, parse=with_entities(message.parse, event))
    return _after(event, tracker, latest_message=message)


def with_entities(parse: Parse, event: EntitiesAdded) -> Parse:
    """The parse with the event's entities (as Rasa's JSON writes them) added."""
    return replace(parse, entities=(*parse.entities, *[entity_from_json(data) for data in event.entities]))


def _effect_settled(event: EffectSettled, tracker: Tracker) -> Tracker:
    effect = tracker.effect
    if effect is not None and effect.key == event.key and event.outcome != "unknown":
        effect = None
    return _after(event, tracker, effect=effect)


_STEPS: Mapping[type, Callable[[Any, Tracker], Tracker]] = {
    UserUttered: lambda event, tracker: _after(event, tracker, latest_message=event, followup_action=None),
    SlotSet: lambda event, tracker: _after(event, tracker, slots={**tracker.slots, event.name: event.value}),
    ActionExecuted: _action_executed,
    ActionExecutionRejected: _rejected,
    ActiveLoop: _active_loop,
    LoopInterrupted: _loop_interrupted,
    FollowupAction: lambda event, tracker: _after(event, tracker, followup_action=event.name),
    AllSlotsReset: lambda event, tracker: _after(event, tracker, slots=dict(tracker.initial_slots)),
    SessionStarted: lambda event, tracker: _fresh(event, tracker, event.initial_slots, LISTEN),
    Restarted: lambda event, tracker: _fresh(event, tracker, tracker.initial_slots, SESSION_START),
    ConversationPaused: lambda event, tracker: _after(event, tracker, paused=True),
    ConversationResumed: lambda event, tracker: _after(event, tracker, paused=False),
    UserUtteranceReverted: _utterance_reverted,
    ActionReverted: lambda event, tracker: _replay(event, tracker, _until(ActionExecuted, tracker.applied)),
    EntitiesAdded: _entities_added,
    EffectPrepared: lambda event, tracker: _after(event, tracker, effect=event),
    EffectSettled: _effect_settled,
}


# --- turns that a running loop removes ----------------------------------------


def _after_action(event: ActionExecuted, tracker: Tracker) -> tuple[Event, ...]:
    """The applied events after an action: with it or, if a loop merely continues, without the turn between its runs.

    Policies thus see one run of a loop, however many questions it asked.
    """
    applied = tracker.applied
    previous = _previous_run(event.name, applied) if _is_loop(event.name, tracker) else None
    if previous is None:
        return (*applied, event)
    kept = [e for e in applied[previous + 1 :] if type(e) not in _TURN_EVENTS]
    return (*applied[: previous + 1], *kept)


_TURN_EVENTS: Final = frozenset({ActionExecuted, UserUttered, UserFeaturization})


def _is_loop(name: str, tracker: Tracker) -> bool:
    if (tracker.loop and tracker.loop.name == name) or (tracker.base and tracker.base.active_loop == name):
        return True
    if ActiveLoop not in map(type, tracker.applied):  # fast path for the usual case
        return False
    return any(type(e) is ActiveLoop and e.name == name for e in tracker.applied)


def _previous_run(loop: str, events: tuple[Event, ...]) -> int | None:
    """The index of this loop's previous run, if only answers to it came in between; None at first or after a detour.

    Training data has no rejections; there, another action after the user
    message indicates a detour.
    """
    after: str | None = None
    for i in range(len(events) - 1, -1, -1):
        event = events[i]
        if isinstance(event, ActiveLoop) and event.name is None:
            return None
        if isinstance(event, ActionExecutionRejected) and event.name == loop:
            return None
        if isinstance(event, UserUttered) and after is not None and after != loop:
            return None
        if isinstance(event, ActionExecuted):
            if event.name == loop:
                return i
            after = event.name
    return None
