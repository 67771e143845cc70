"""Test stories, with Rasa's meaning.

What the user says goes through the real matcher and is compared; every action
is predicted and compared, up to the first wrong one of a turn. No action is
run: the conversation continues as the story says, whatever was predicted, so
that each turn is judged by itself. If the active form is predicted and the
story has another action, the form is taken to have rejected the turn, and the
prediction is repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from bot.config import Limits
from bot.content import Content, Place, Step, Story, UserStep
from bot.dialogue import Dialogue
from bot.dialogue.events import ActionExecuted, ActionExecutionRejected, Event, UserUttered
from bot.dialogue.evolve import evolve
from bot.dialogue.names import RESTART
from bot.dialogue.prediction import Prediction
from bot.dialogue.story_graph import Way, ways
from bot.dialogue.tracker import Tracker
from bot.dialogue.training import events_of, start_of
from bot.dialogue.turn_loop import goes_on
from bot.engine.protocols import Matcher
from bot.messages import Parse
from bot.progress import Progress, counted, silent
from bot.testing.results import StepResult, StoryReport, StoryResult, report_of
from bot.testing.understood import named_action, understood

NOW: Final = datetime(2026, 11, 3, 10, 0, tzinfo=UTC)
"""The time at which test stories happen, for dates in what users say."""


def run_story_tests(
    content: Content,
    matcher: Matcher,
    dialogue: Dialogue,
    tests: Sequence[Story],
    *,
    most_actions: int = Limits().actions_per_turn,
    progress: Progress = silent,
) -> StoryReport:
    """Run test stories and return the report. `matcher` must understand `/intent{…}`.

    `most_actions` is the limit of actions per turn.
    """
    runner = _Runner(content, matcher, dialogue, most_actions)
    found = ways(tests, content.domain)
    results = [runner.run(way) for way in counted(found, "story", progress)]
    return report_of(results, tests, found)


class _Runner:
    """Runs one story after another."""

    def __init__(self, content: Content, matcher: Matcher, dialogue: Dialogue, most_actions: int) -> None:
        self._domain = content.domain
        self._matcher = matcher
        self._dialogue = dialogue
        self._most_actions = most_actions
        self._parse: Parse | None = None

    def run(self, way: Way) -> StoryResult:
        """Run one path through the stories."""
        results: list[tuple[Step | None, StepResult | None]] = []
        tracker = start_of(self._domain)
        predicted, going_on, begun, is_wrong = 0, True, False, False
        for event, place, step in events_of(way, self._domain):
            result: StepResult | None = None
            happened: Event = event
            if isinstance(event, UserUttered) and isinstance(step, UserStep):
                result, predicted, is_wrong = self._user(step, event), 0, False
            elif isinstance(event, ActionExecuted) and begun and not is_wrong and not _is_first_listen(step, tracker):
                too_many = predicted >= self._most_actions and going_on
                result, happened, tracker = self._action(event, place, tracker, too_many=too_many)
                predicted, going_on, is_wrong = predicted + 1, goes_on(result.predicted), not result.passed
            tracker, begun = evolve(happened, tracker), True
            if step is not None or result is not None:
                results.append((step, result))
        story = way.stories[0]
        return StoryResult(story.name, story.place, tuple(results))

    def _user(self, step: UserStep, event: UserUttered) -> StepResult:
        if step.text and step.intent:
            self._parse = self._matcher.parse(step.text, NOW)
            return understood(step, self._parse, with_entities=True)
        self._parse = None
        given, intent = event.parse.entities, step.intent or ""
        return StepResult("user", step.place, intent, intent, step.text, given, given)

    def _action(
        self, event: ActionExecuted, place: Place, tracker: Tracker, *, too_many: bool
    ) -> tuple[StepResult, ActionExecuted, Tracker]:
        expected = event.action_text or event.name
        if too_many:
            too_long = f"(more than {self._most_actions} actions in a turn)"
            return StepResult("action", place, expected, too_long), event, tracker
        prediction = self._dialogue.predict(tracker)
        if prediction.action != expected and self._may_have_refused(prediction, tracker):
            tracker = evolve(ActionExecutionRejected(prediction.action), tracker)
            prediction = self._dialogue.predict(tracker)
        result = StepResult(
            "action",
            place,
            expected,
            named_action(prediction.action, expected, self._parse, self._domain.responses),
            policy=prediction.policy,
            confidence=prediction.confidence,
            because=prediction.because,
        )
        hide = prediction.hide_rule_turn and result.passed
        name = prediction.action if result.passed else event.name
        executed = ActionExecuted(name, prediction.policy, prediction.confidence, hide, event.action_text)
        return result, executed, tracker

    def _may_have_refused(self, prediction: Prediction, tracker: Tracker) -> bool:
        return prediction.action == tracker.active_loop and prediction.action in self._domain.forms


def _is_first_listen(step: Step | None, tracker: Tracker) -> bool:
    """Whether the action is the implied listen with which a session begins: a story's first, or after a restart."""
    return step is None and tracker.latest_action in (None, RESTART)
