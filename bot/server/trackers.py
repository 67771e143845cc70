"""Conversations as Rasa's clients see them: trackers with their events and times, and stories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bot.content import ActionStep, Annotation, BotStep, LoopStep, SlotStep, Step, Story, UserStep
from bot.dialogue.events import (
    ActionExecuted,
    ActiveLoop,
    AllSlotsReset,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from bot.dialogue.evolve import evolve_all
from bot.dialogue.names import LISTEN, SESSION_START
from bot.dialogue.tracker import Tracker
from bot.dialogue.tracker_json import rasa_tracker_json
from bot.engine.codec import read_record
from bot.engine.protocols import TurnStore
from bot.engine.running import SESSION_METADATA
from bot.engine.snapshots import read_snapshot
from bot.messages import Entity, Parse
from bot.reading.writing import stories_to_yaml

Include: TypeAlias = Literal["ALL", "APPLIED", "AFTER_RESTART", "NONE"]

_MOST_TURNS = 500
"""How many of the latest turns are shown: a tracker of 100,000 turns would be of no use."""


class Conversation(Struct, frozen=True):
    """A conversation's state and its latest events with their times (seconds since 1970, UTC), oldest first."""

    tracker: Tracker
    events: Sequence[tuple[Event, float]]

    def json(self, sender: str, slots: Iterable[str], include: Include = "AFTER_RESTART") -> dict[str, Any]:
        """The tracker in Rasa's format, under the name that was asked for."""
        events = self._shown(include)
        tracker = rasa_tracker_json(self.tracker, events, slots=dict.fromkeys(slots))
        shown = None if include == "NONE" else tracker["events"]
        latest_time = self.events[-1][1] if self.events else None
        return {**tracker, "sender_id": sender, "events": shown, "latest_event_time": latest_time}

    def until(self, time: float) -> Conversation:
        """The conversation as it was at that time, as far as the events go back."""
        then = replace(self, events=[(event, at) for event, at in self.events if at <= time])
        return replace(then, tracker=then._rebuilt_tracker)

    def _shown(self, include: Include) -> Sequence[tuple[Event, float]]:
        match include:
            case "NONE":
                return ()
            case "AFTER_RESTART":
                restarts = [index for index, (event, _) in enumerate(self.events) if isinstance(event, Restarted)]
                return self.events[restarts[-1] + 1 :] if restarts else self.events
            case "APPLIED":
                times = {id(event): time for event, time in self.events}
                return [(event, times[id(event)]) for event in self._rebuilt_tracker.applied]
        return self.events

    @property
    def _rebuilt_tracker(self) -> Tracker:
        """The tracker built from these events alone; it holds the same event objects."""
        return evolve_all([event for event, _ in self.events], Tracker(conversation=self.tracker.conversation))


async def read_conversation(store: TurnStore, conversation: str) -> Conversation:
    """The conversation; empty if there is none."""
    loaded = await store.load(conversation)
    turns = await store.turns(conversation, limit=_MOST_TURNS)
    records = [read_record(turn.record) for turn in turns]
    events = [timed for record in records for timed in record.timed_events]
    return Conversation(read_snapshot(loaded.snapshot, conversation).tracker, events)


def story_of(conversation: Conversation, name: str, *, all_sessions: bool) -> str:
    """The conversation as a story in Rasa's format 3.1, one for each session."""
    sessions = sessions_of(event for event, _ in conversation.events)
    stories = [tuple(steps_of(session)) for session in sessions]
    told = [steps for steps in stories if steps]
    if not all_sessions:
        told = told[-1:]
    if len(told) == 1:
        return stories_to_yaml([Story(name, told[0])])
    return stories_to_yaml([Story(f"{name}, story {number}", steps) for number, steps in enumerate(told, start=1)])


def sessions_of(events: Iterable[Event]) -> list[list[Event]]:
    """The events of each session, some of which may be empty; without those that begin one."""
    sessions: list[list[Event]] = [[]]
    for event in events:
        if isinstance(event, SessionStarted | Restarted):
            while sessions[-1] and _begins_session(sessions[-1][-1]):
                sessions[-1].pop()
            sessions.append([])
        else:
            sessions[-1].append(event)
    return sessions


def _begins_session(event: Event) -> bool:
    """Whether the event, just before a SessionStarted, belongs to its session; a turn before it ends with a listen."""
    match event:
        case ActionExecuted(name=name):
            return name == SESSION_START
        case SlotSet(name=name):
            return name == SESSION_METADATA
    return isinstance(event, AllSlotsReset | ActiveLoop)  # a new login


def steps_of(session: Iterable[Event]) -> Iterator[Step]:
    """The events as the steps of a test story."""
    for event in session:
        match event:
            case UserUttered(parse=parse):
                yield _user_step(parse)
            case ActionExecuted(action_text=str(text)):
                yield BotStep(text)
            case ActionExecuted(name=name) if name != LISTEN:
                yield ActionStep(name)
            case SlotSet(name=name, value=value):
                yield SlotStep(name, value)
            case ActiveLoop(name=name):
                yield LoopStep(name)


def annotations_of(entities: Iterable[Entity]) -> tuple[Annotation, ...]:
    """The marks of a message's entities, in the order of the text; of overlapping ones, the first."""
    marks: list[Annotation] = []
    end = 0
    for entity in sorted(entities, key=lambda e: (e.start, -e.end)):
        if end <= entity.start < entity.end:
            marks.append(Annotation(entity.start, entity.end, entity.entity, entity.value, entity.role, entity.group))
            end = entity.end
    return tuple(marks)


def _user_step(parse: Parse) -> UserStep:
    """What the user said, with its entities marked in the text."""
    entities = () if parse.text.startswith("/") else parse.entities
    return UserStep(parse.intent_name, parse.text, annotations=annotations_of(entities))
