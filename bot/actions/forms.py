"""Forms: loops that ask for slots until all are filled, with Rasa's semantics for every step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeGuard

from msgspec.structs import replace

from bot.actions.turn import Action, Turn
from bot.content import Form
from bot.content.names import REQUESTED_SLOT, asks
from bot.dialogue.ensemble import rejected_action
from bot.dialogue.events import ActionExecuted, ActionExecutionRejected, ActiveLoop, Event, SlotSet, UserUttered
from bot.dialogue.evolve import evolve_all
from bot.dialogue.names import EXTRACT_SLOTS, LISTEN
from bot.dialogue.tracker import Tracker
from bot.errors import ActionRejected


def form_action(form: Form) -> Action:
    """The action that runs this form.

    When it starts, it fills the slots that the message already gives; while it
    runs, it takes the answer (or refuses to run if there is none, so that
    another action can be predicted), then asks for the next slot, or ends.
    `validate_<form>`, if it exists, decides on every slot found and may name
    the slot to ask for next (or none, which ends the form). A slot is asked
    for by the first of `action_ask_<form>_<slot>`, `utter_ask_<form>_<slot>`,
    `action_ask_<slot>` and `utter_ask_<slot>` that exists.
    """

    async def run(turn: Turn) -> None:
        await _Run(form, turn).run()

    return run


class _Run:
    """One run of a form."""

    def __init__(self, form: Form, turn: Turn) -> None:
        self.form = form
        self.turn = turn
        self.validation = f"validate_{form.name}"

    async def run(self) -> None:
        started = self.turn.tracker
        events_at_start: Sequence[Event] = ()
        if started.active_loop != self.form.name:
            events_at_start = await self._activate()
        if not self._is_done():
            if not events_at_start:  # otherwise they were validated there
                self._emit(await self._validated_answer(started))
            if not _rejects(self.turn.events):
                await self._ask_next(started)
        if self._is_done():
            self.turn.emit(ActiveLoop(None))

    # --- starting ------------------------------------------------------------

    async def _activate(self) -> Sequence[Event]:
        """Start the loop and fill slots from the message that started it; return the resulting events."""
        self.turn.emit(ActiveLoop(self.form.name))
        tracker = _without_question(self.turn.tracker)
        extracted = await self.turn.context.run_action(EXTRACT_SLOTS, tracker)
        found = [event for event in extracted if _fills(event)]
        events: list[Event] = list(found)
        if self.turn.context.has_action(self.validation):
            tracker = evolve_all(found, tracker)
            values = {slot: tracker.slot(slot) for slot in self.form.required_slots}
            filled = [SlotSet(slot, value) for slot, value in values.items() if value is not None]
            validated = await self._validate(filled, tracker)
            decided = {event.name for event in validated if isinstance(event, SlotSet)}
            events = [*validated, *(event for event in found if event.name not in decided)]
        self._emit(events)
        return events

    # --- answers -------------------------------------------------------------

    async def _validated_answer(self, tracker: Tracker) -> Sequence[Event]:
        """The slots that the message fills, validated; raises ActionRejected if a question was left unanswered.

        If the form is predicted again right after rejecting, no other action can handle the message: it asks again.
        """
        loop = tracker.loop
        if loop is not None and (tracker.latest_action != LISTEN or loop.is_interrupted):
            # Back from a detour: the message answered another question.
            return await self._validate([], tracker)
        candidates = self._candidates(tracker)
        events = await self._validate(candidates, tracker)
        has_answer = bool(candidates) or any(_fills(event) for event in events) or _rejects(events)
        has_just_rejected = rejected_action(tracker) == self.form.name
        if self._requested(tracker) and not has_answer and not has_just_rejected:
            raise ActionRejected(self.form.name)
        return events

    def _candidates(self, tracker: Tracker) -> list[SlotSet]:
        """The form's slots that were set since the user spoke."""
        wanted = {*self.form.required_slots, self._requested(tracker)}
        latest: dict[str, SlotSet] = {}
        for event in reversed(tracker.events):
            if isinstance(event, UserUttered):
                break
            if isinstance(event, SlotSet) and event.name in wanted:
                latest.setdefault(event.name, event)
        return list(reversed(latest.values()))

    def _requested(self, tracker: Tracker) -> str | None:
        """The slot that this form asked for last; another form's question does not count."""
        if tracker.active_loop != self.form.name:
            return None
        name: str | None = tracker.slot(REQUESTED_SLOT)
        return name

    async def _validate(self, candidates: Sequence[SlotSet], tracker: Tracker) -> Sequence[Event]:
        if not self.turn.context.has_action(self.validation):
            return []
        return await self.turn.context.run_action(self.validation, self._seen_by_others(tracker, candidates))

    def _seen_by_others(self, tracker: Tracker, events: Iterable[Event]) -> Tracker:
        """The tracker for actions that this form runs: as if the form itself had run, followed by `events`."""
        requested = SlotSet(REQUESTED_SLOT, self._requested(tracker))
        return evolve_all([requested, ActionExecuted(self.form.name), *events], tracker)

    # --- questions -----------------------------------------------------------

    async def _ask_next(self, started: Tracker) -> None:
        """Ask for the next slot: the one that validation named, or the first required one that is empty."""
        if self._is_done():
            self.turn.set(REQUESTED_SLOT, None)
            return
        slot: str | None = next((event.value for event in self.turn.events if _requests(event)), None)
        if not slot:
            slot = next((name for name in self.form.required_slots if self.turn.slot(name) is None), None)
            self.turn.set(REQUESTED_SLOT, slot)
        question = self._question(slot) if slot else None
        if question:
            tracker = self._seen_by_others(started, self.turn.events)
            self._emit(await self.turn.context.run_action(question, tracker))

    def _question(self, slot: str) -> str | None:
        return next((name for name in asks(self.form.name, slot) if self.turn.context.has_action(name)), None)

    # --- ends ----------------------------------------------------------------

    def _is_done(self) -> bool:
        """Whether the latest event that sets the requested slot, or the loop, sets it to None."""
        events = self.turn.events
        if _rejects(events):
            return False
        requests = [event.value for event in events if _requests(event)]
        loops = [event.name for event in events if isinstance(event, ActiveLoop)]
        return requests[-1:] == [None] or loops[-1:] == [None]

    def _emit(self, events: Iterable[Event]) -> None:
        for event in events:
            self.turn.emit(event)


def _without_question(tracker: Tracker) -> Tracker:
    """The tracker without the slot that another form asked for, which does not concern this one.

    No event records this, because validation actions take the latest slot events for the slots that were found.
    """
    return replace(tracker, slots={name: value for name, value in tracker.slots.items() if name != REQUESTED_SLOT})


def _fills(event: Event) -> TypeGuard[SlotSet]:
    """Whether the event sets a slot other than the requested slot itself."""
    return isinstance(event, SlotSet) and event.name != REQUESTED_SLOT


def _requests(event: Event) -> TypeGuard[SlotSet]:
    """Whether the event sets the requested slot."""
    return isinstance(event, SlotSet) and event.name == REQUESTED_SLOT


def _rejects(events: Iterable[Event]) -> bool:
    return any(isinstance(event, ActionExecutionRejected) for event in events)
