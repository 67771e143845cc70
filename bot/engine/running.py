"""Computes one turn: from a tracker and a message to events, replies and reasons. It writes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Any, cast

from msgspec.structs import replace

from bot.actions.responses import SayText
from bot.actions.turn import Action, Turn, TurnContext
from bot.actions.unknown import UnknownAction
from bot.content import NOWHERE
from bot.dialogue.effects import EffectResult
from bot.dialogue.events import (
    ActionExecuted,
    ActionFailed,
    BotUttered,
    EffectSettled,
    Event,
    SlotSet,
    UserUttered,
)
from bot.dialogue.evolve import evolve, trim
from bot.dialogue.names import EXTRACT_SLOTS, LISTEN, SESSION_START
from bot.dialogue.prediction import Because, Prediction
from bot.dialogue.responses import choose_response
from bot.dialogue.times import Times
from bot.dialogue.tracker import Tracker, with_own_values
from bot.dialogue.turn_loop import before_action, goes_on, is_silent, record, rejection, user_spoke_again
from bot.encoding import copied
from bot.engine.agent import Agent
from bot.engine.codec import read_back, storable
from bot.engine.deadline import OnBlocked, held_up, not_stopped, uncancelled, within
from bot.engine.effects import Effects, result_of
from bot.engine.protocols import EffectEntry
from bot.engine.record import WHOLE_TURN, Step
from bot.engine.watch import Watch
from bot.errors import PLUGIN_FAILURES, ActionRejected, BotError, StoreUnavailable
from bot.messages import Parse, Reply, UserMessage
from bot.sources import Chance

SESSION_METADATA = "session_started_metadata"
FAILED_RESPONSE = "utter_action_failed"
FAILED_TEXT = "Sorry, something went wrong on my side. Please try again in a moment."


class TooManyActions(BotError):
    """A message reached the limit of actions per turn, and the policies would have continued."""

    def __init__(self, most: int) -> None:
        super().__init__(f"it was the last of the {most} actions that a message may cause (`limits.actions_per_turn`)")


class RunningTurn:
    """The working state of one turn while it is computed: a tracker that grows, and what made it grow.

    `channel` is where its replies go, the message's by default.
    """

    def __init__(
        self,
        agent: Agent,
        tracker: Tracker,
        message: UserMessage,
        *,
        now: datetime,
        random: Chance,
        new_id: Callable[[], str],
        times: Times,
        effects: Effects,
        action_seconds: float,
        watch: Watch,
        channel: str = "",
    ) -> None:
        self.agent = agent
        self.tracker = tracker
        self._before = tracker
        self.now = now
        self.events: list[Event] = []
        self.steps: list[Step] = []
        self.timings: dict[str, float] = {}
        self.given_times: dict[int, float] = {}
        self._message = replace(message, metadata=copied(message.metadata))
        self._random = random
        self._new_id = new_id
        self._times = times
        self._effects = effects
        self._spent: dict[str, EffectEntry] = {}
        self._action_seconds = action_seconds
        self._watch = watch
        self._channel = channel or message.channel
        self._has_apologised = False
        self._blocked_until = 0.0

    def _context(self, action: str) -> TurnContext:
        """The action's view of the turn. Created on each call: storing it here would make a reference cycle."""
        return TurnContext(
            message=self._message,
            domain=self.agent.content.domain,
            now=self.now,
            random=self._random,
            resources=self.agent.resources,
            run_action=self._run,
            has_action=self.agent.actions.__contains__,
            new_id=self._new_id,
            spend=self._spend_effect,
            effects=self._effects.kinds,
            report=self._watch.action_failed,
            warn=partial(self._watch.action_warned, action),
            times=self._times,
            before=self._before,
            channel=self._channel,
        )

    def trimmed(self) -> Tracker:
        """The tracker with the latest user turns only, as many as the policies look at."""
        return trim(self.tracker, self.agent.dialogue.max_turns, min_events=self.agent.kept_events)

    @property
    def effects(self) -> tuple[EffectEntry, ...]:
        """The outcomes of the outside changes that this turn reports; an action that failed reports none."""
        settled = [event.key for event in self.events if type(event) is EffectSettled]
        return tuple([self._spent[key] for key in settled if key in self._spent])

    def apply(self, events: Iterable[Event], times: Iterable[float | None] = ()) -> None:
        """Append events and update the tracker; `times` are their own, if they have any (seconds since 1970, UTC)."""
        numbered = enumerate(times, len(self.events))
        self.given_times |= {index: time for index, time in numbered if time is not None}
        for event in events:
            self.tracker = evolve(event, self.tracker)
            self.events.append(event)

    def understand(self, parse: Callable[[], Parse]) -> None:
        """Parse the message and record it."""
        message = self._message
        started = perf_counter()
        parsed = parse()
        self.timings["parse"] = perf_counter() - started
        self._before = self.tracker  # a session that starts with the message has started by now
        said = UserUttered(parsed, message.message_id, message.channel, message.metadata)
        self.apply(read_back((said,)))  # the matcher may cache the parse, for other conversations too

    async def start_session(self) -> None:
        """Run the session start; the message comes after it, and after a listen, which the action may emit itself.

        The action finds the message's metadata in a slot, as in Rasa.
        """
        if self._message.metadata:
            self.apply([SlotSet(SESSION_METADATA, copied(self._message.metadata))])
        await self.perform(_by_default(SESSION_START, "a new session"))
        if self.tracker.latest_action != LISTEN:
            self.apply([ActionExecuted(LISTEN)])

    async def fill_slots(self) -> None:
        """Fill slots from the message, as their mappings say."""
        try:
            self.apply(await self._run(EXTRACT_SLOTS, self.tracker))
        except StoreUnavailable:
            raise
        except PLUGIN_FAILURES as error:  # a validation action is plugin code: it must not lose the turn
            self._fail(EXTRACT_SLOTS, error)

    async def act(self, most: int) -> None:
        """Let the policies choose actions until they listen, at most `most` of them; a paused bot stays silent."""
        if is_silent(self.tracker):
            return
        for _ in range(most):
            prediction = self.agent.dialogue.predict(self.tracker)
            failed = await self.perform(prediction)
            if failed:
                break
            if not goes_on(prediction.action):
                return
            if is_silent(self.tracker):  # the action paused it
                break
        else:
            self._watch.action_warned(prediction.action, TooManyActions(most))
        self.apply([ActionExecuted(LISTEN)])

    async def perform(self, prediction: Prediction) -> bool:
        """Run the predicted action and apply its events; return True if it failed."""
        started = perf_counter()
        failed = False
        try:
            events = await self._run(prediction.action, before_action(prediction, self.tracker))
            self.apply(record(prediction, events, action_text=self._text_of(prediction.action)))
            if user_spoke_again(events):
                await self.fill_slots()
        except ActionRejected:
            self.apply(rejection(prediction))
        except StoreUnavailable:
            raise
        except PLUGIN_FAILURES as error:  # an action is plugin code: whatever it raises becomes ActionFailed
            failed = self._continue_without(prediction, error)
        seconds = perf_counter() - started
        self.steps.append(
            Step(prediction.action, prediction.policy, prediction.confidence, prediction.because, seconds)
        )
        return failed

    def give_up(self, error: BaseException) -> None:
        """Say that something went wrong, instead of answering."""
        self._fail(WHOLE_TURN, error)

    def _text_of(self, action: str) -> str | None:
        """The action's text, if it is a bot utterance of an end-to-end story."""
        return action if type(self.agent.actions.get(action)) is SayText else None

    async def _run(self, name: str, tracker: Tracker) -> tuple[Event, ...]:
        if name == LISTEN:
            return ()
        action = self.agent.actions.get(name)
        if action is None:
            raise UnknownAction.among(name, self.agent.actions)
        turn = Turn(with_own_values(tracker), self._context(name))
        return await run_alone(action, turn, self._action_seconds, partial(self._report_blocking, name))

    def _report_blocking(self, action: str, seconds: float) -> None:
        """Report that an action blocked the event loop; if it ran inside another action, the inner one is named."""
        ended = perf_counter()
        if ended - seconds >= self._blocked_until:
            self._watch.action_warned(action, held_up(seconds))
        self._blocked_until = ended

    async def _spend_effect(
        self, conversation: str, kind: str, key: str, parameters: Mapping[str, Any]
    ) -> EffectResult:
        entry = self._spent[key] = await self._effects.spend(conversation, kind, key, parameters)
        return result_of(entry)

    def _continue_without(self, prediction: Prediction, error: BaseException) -> bool:
        """Record that the action failed; False if it was only requested as a follow-up and does not exist."""
        action = prediction.action
        is_missing = isinstance(error, UnknownAction) and error.action == action
        if is_missing and action == self.tracker.followup_action:
            self._watch.action_failed(action, error)
            self.apply([ActionFailed(action, type(error).__name__), *rejection(prediction)])
            return False
        self.apply(record(prediction, ()))
        self._fail(action, error)
        return True

    def _fail(self, action: str, error: BaseException) -> None:
        self._watch.action_failed(action, error)
        self.apply([ActionFailed(action, type(error).__name__)])
        if self._has_apologised:
            return
        self._has_apologised = True
        reply = choose_response(
            self.agent.content.domain,
            FAILED_RESPONSE,
            self.tracker,
            channel=self._channel,
            random=self._random,
            values={},
        )
        self.apply([BotUttered(reply or Reply(text=FAILED_TEXT))])


async def run_alone(
    action: Action, turn: Turn, seconds: float, on_blocked: OnBlocked = lambda seconds: None
) -> tuple[Event, ...]:
    """Run an action by the rules that hold for all actions; returns the events it appended, as they will be stored.

    Raises what it raises, TimeoutError if it takes more than `seconds`, TypeError if it returns something, and
    ValueError for events that cannot be stored. `on_blocked` gets the seconds of each step that blocked everything.
    """
    started = perf_counter()
    await within(seconds, _expect_no_result(action(turn)), on_blocked)
    took = perf_counter() - started
    if took > seconds:  # no timeout interrupts what does not await
        raise not_stopped(took, seconds)
    return storable(turn.events)


async def _expect_no_result(action: Awaitable[None]) -> None:
    """Run an action. Returning a value, as Rasa's actions do, counts as a failure, because the value would be ignored.

    An empty list counts as nothing.
    """
    result = cast(object, await uncancelled(action))
    if result:
        raise TypeError(f"it returned a {type(result).__name__}, which does nothing; write `turn.emit(…)` instead")


def _by_default(action: str, name: str) -> Prediction:
    return Prediction(action, 1.0, "default", because=(Because("default", name, NOWHERE),))
