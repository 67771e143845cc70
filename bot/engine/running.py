"""One turn, computed: from a tracker and a message to events, replies and reasons. It writes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from time import perf_counter
from typing import Any, cast

from bot.actions.responses import SayText
from bot.actions.turn import Turn, TurnContext
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
from bot.dialogue.tracker import Tracker
from bot.dialogue.turn_loop import before_action, goes_on, is_silent, record, rejection, user_spoke_again
from bot.engine.agent import Agent
from bot.engine.codec import check_events
from bot.engine.deadline import uncancelled, within
from bot.engine.effects import result_of
from bot.engine.protocols import EffectEntry
from bot.engine.record import Step
from bot.errors import PLUGIN_FAILURES, ActionRejected, StoreUnavailable
from bot.messages import Parse, Reply, UserMessage
from bot.sources import Chance

SESSION_METADATA = "session_started_metadata"
FAILED_RESPONSE = "utter_action_failed"
FAILED_TEXT = "Sorry, something went wrong on my side. Please try again in a moment."

ReportFailure = Callable[[str, BaseException], None]


class RunningTurn:
    """The working state of one turn while it is computed: a tracker that grows, and what made it grow."""

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
        spend: Callable[..., Awaitable[EffectEntry]],
        action_seconds: float,
        report_failure: ReportFailure,
    ) -> None:
        self.agent = agent
        self.tracker = tracker
        self.now = now
        self.events: list[Event] = []
        self.steps: list[Step] = []
        self.timings: dict[str, float] = {}
        self._message = message
        self._random = random
        self._new_id = new_id
        self._times = times
        self._spend = spend
        self._spent: dict[str, EffectEntry] = {}
        self._action_seconds = action_seconds
        self._report_failure = report_failure
        self._has_apologised = False

    def _context(self) -> TurnContext:
        """What an action sees of the turn. Made anew: kept here, the two would hold each other, and all they hold."""
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
            tell=self._report_failure,
            times=self._times,
        )

    def trimmed(self) -> Tracker:
        """The tracker with the latest user turns only, as many as the policies look at."""
        return trim(self.tracker, self.agent.dialogue.max_turns, min_events=self.agent.kept_events)

    @property
    def effects(self) -> tuple[EffectEntry, ...]:
        """What became of the outside changes that this turn tells of; an action that failed tells of none."""
        told = [event.key for event in self.events if type(event) is EffectSettled]
        return tuple([self._spent[key] for key in told if key in self._spent])

    def apply(self, events: Iterable[Event]) -> None:
        """Append events and let the tracker follow."""
        for event in events:
            self.tracker = evolve(event, self.tracker)
            self.events.append(event)

    def understand(self, parse: Callable[[], Parse]) -> None:
        """Parse the message and take it in."""
        message, started = self._message, perf_counter()
        parsed = parse()
        self.timings["parse"] = perf_counter() - started
        self.apply([UserUttered(parsed, message.message_id, message.channel, message.metadata)])

    async def start_session(self) -> None:
        """Run the session start; the message comes after it, and after listening, which the action says itself.

        The message's metadata are in a slot for it, as in Rasa.
        """
        if self._message.metadata:
            self.apply([SlotSet(SESSION_METADATA, self._message.metadata)])
        await self.perform(_by_default(SESSION_START, "a new session"))
        if self.tracker.latest_action != LISTEN:
            self.apply([ActionExecuted(LISTEN)])

    async def fill_slots(self) -> None:
        """Fill slots from the message, as their mappings say."""
        try:
            self.apply(await self._run(EXTRACT_SLOTS, self.tracker))
        except StoreUnavailable:
            raise
        except PLUGIN_FAILURES as error:  # a validation action is a plugin's: it must not lose the turn
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
        self.apply([ActionExecuted(LISTEN)])

    async def perform(self, prediction: Prediction) -> bool:
        """Run the predicted action and take in what it did; True when it failed."""
        started = perf_counter()
        failed = False
        try:
            events = await self._run(prediction.action, before_action(prediction, self.tracker))
            self.apply(record(prediction, events, action_text=self._said(prediction.action)))
            if user_spoke_again(events):
                await self.fill_slots()
        except ActionRejected:
            self.apply(rejection(prediction))
        except StoreUnavailable:
            raise
        except PLUGIN_FAILURES as error:  # an action is a plugin's: whatever it raises becomes ActionFailed
            failed = self._goes_without(prediction, error)
        seconds = perf_counter() - started
        self.steps.append(
            Step(prediction.action, prediction.policy, prediction.confidence, prediction.because, seconds)
        )
        return failed

    def give_up(self, error: BaseException) -> None:
        """Say that something went wrong, instead of an answer."""
        self._fail("turn", error)

    def _said(self, action: str) -> str | None:
        """The text that the action is, where it is one of an end-to-end story."""
        return action if type(self.agent.actions.get(action)) is SayText else None

    async def _run(self, name: str, tracker: Tracker) -> tuple[Event, ...]:
        if name == LISTEN:
            return ()
        action = self.agent.actions.get(name)
        if action is None:
            raise UnknownAction.among(name, self.agent.actions)
        turn = Turn(tracker, self._context())
        started = perf_counter()
        await within(self._action_seconds, _giving_nothing(action(turn)))
        if perf_counter() - started > self._action_seconds:  # no timeout interrupts what does not await
            raise TimeoutError("it held up all conversations: what blocks belongs in `await asyncio.to_thread(…)`")
        check_events(turn.events)
        return turn.events

    async def _spend_effect(
        self, conversation: str, kind: str, key: str, parameters: Mapping[str, Any]
    ) -> EffectResult:
        entry = self._spent[key] = await self._spend(conversation, kind, key, parameters)
        return result_of(entry)

    def _goes_without(self, prediction: Prediction, error: BaseException) -> bool:
        """Take in that the action failed; False where it was only asked for as the next one, and there is none."""
        action = prediction.action
        if isinstance(error, UnknownAction) and error.action == action == self.tracker.followup_action:
            self._report_failure(action, error)
            self.apply([ActionFailed(action, type(error).__name__), *rejection(prediction)])
            return False
        self.apply(record(prediction, ()))
        self._fail(action, error)
        return True

    def _fail(self, action: str, error: BaseException) -> None:
        self._report_failure(action, error)
        self.apply([ActionFailed(action, type(error).__name__)])
        if self._has_apologised:
            return
        self._has_apologised = True
        reply = choose_response(
            self.agent.content.domain,
            FAILED_RESPONSE,
            self.tracker,
            channel=self._message.channel,
            random=self._random,
            values={},
        )
        self.apply([BotUttered(reply or Reply(text=FAILED_TEXT))])


async def _giving_nothing(action: Awaitable[None]) -> None:
    """Run an action. One that gives something back, as Rasa's actions do, has failed: nobody would look at it.

    Nothing in a list is nothing.
    """
    given = cast(object, await uncancelled(action))
    if given:
        raise TypeError(f"it gave back a {type(given).__name__}, which does nothing; write `turn.emit(…)` instead")


def _by_default(action: str, name: str) -> Prediction:
    return Prediction(action, 1.0, "default", because=(Because("default", name, NOWHERE),))
