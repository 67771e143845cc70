"""Test stories, with Rasa's meaning.

What the user says goes through the real matcher and is compared; every action
is predicted and compared. No action is run: what the story says happened is
what happened, right or wrong, so that each step is judged by itself. Where a
running form is predicted and the story goes elsewhere, the form is taken to
have refused, and the prediction is made again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

from msgspec import Struct

from bot.config import Limits
from bot.content import CheckpointStep, Content, Place, Story, UserStep
from bot.content.marks import mark
from bot.dialogue import Dialogue
from bot.dialogue.events import ActionExecuted, ActionExecutionRejected, Event, UserUttered
from bot.dialogue.evolve import evolve
from bot.dialogue.names import UTTER
from bot.dialogue.prediction import Because, Prediction
from bot.dialogue.story_graph import Way, ways
from bot.dialogue.tracker import Tracker
from bot.dialogue.training import start_of, told
from bot.dialogue.turn_loop import goes_on
from bot.engine.protocols import Matcher
from bot.messages import Entity, Parse
from bot.progress import Progress, counted, silent

NOW: Final = datetime(2026, 11, 3, 10, 0, tzinfo=UTC)
"""When test stories happen, for the dates in what users say."""

GRAMMARS: Final = frozenset({"TellerEntityExtractor", "DucklingEntityExtractor", "DucklingHTTPExtractor"})
"""The extractors that read entities by grammar, by the names that config.yml gives them."""


class StepResult(Struct, frozen=True):
    """One step of a story: what it expected and what came.

    For the user's steps these are intents, and `expected_entities` and
    `predicted_entities` belong to them; for the bot's they are actions, or
    texts (`is_text`) in end-to-end stories.
    """

    kind: Literal["user", "action"]
    place: Place
    expected: str
    predicted: str
    text: str | None = None
    expected_entities: tuple[Entity, ...] = ()
    predicted_entities: tuple[Entity, ...] = ()
    policy: str | None = None
    confidence: float | None = None
    because: tuple[Because, ...] = ()
    is_text: bool = False

    @property
    def entities_agree(self) -> bool:
        """Whether the same entities were found, whatever their order."""
        return {_comparable(e) for e in self.expected_entities} == {_comparable(e) for e in self.predicted_entities}

    @property
    def passed(self) -> bool:
        """Whether what came is what was expected."""
        return self.expected == self.predicted and self.entities_agree


class StoryResult(Struct, frozen=True):
    """One test story (each way through its choices is one of its own), step by step, with all its events."""

    name: str
    place: Place
    steps: tuple[StepResult, ...]
    events: tuple[tuple[Event, StepResult | None], ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every step came as expected."""
        return all(step.passed for step in self.steps)


class StoryReport(Struct, frozen=True):
    """What came of all test stories."""

    results: tuple[StoryResult, ...]

    @property
    def passed(self) -> int:
        """How many stories came out right."""
        return sum(result.passed for result in self.results)

    @property
    def failed(self) -> tuple[StoryResult, ...]:
        """The stories that did not."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def steps(self) -> tuple[StepResult, ...]:
        """All steps of all stories."""
        return tuple(step for result in self.results for step in result.steps)


def run_story_tests(
    content: Content,
    matcher: Matcher,
    dialogue: Dialogue,
    tests: Sequence[Story],
    *,
    now: datetime = NOW,
    most_actions: int = Limits().actions_per_turn,
    progress: Progress = silent,
) -> StoryReport:
    """Run test stories. `matcher` reads `/intent{…}` as such; `now` is the reference time for dates.

    `most_actions` is how many a turn of the bot's may take.
    """
    runner, found = _Runner(content, matcher, dialogue, now, most_actions), ways(tests, content.domain)
    results = [runner.run(way) for way in counted(found, "story", progress)]
    return StoryReport((*results, *not_run(tests, found)))


def not_run(tests: Sequence[Story], found: Sequence[Way]) -> Iterator[StoryResult]:
    """What came of the test stories that are on none of these ways: they failed, at the checkpoint they begin with."""
    run = {id(story) for way in found for story in way.stories}
    for story in (story for story in tests if id(story) not in run):
        begin = story.steps[0]
        name = begin.name if isinstance(begin, CheckpointStep) else ""
        step = StepResult("action", begin.place, f"checkpoint: {name}", "(no way leads here)")
        yield StoryResult(story.name, story.place, (step,))


class _Runner:
    """Runs one story after another."""

    def __init__(
        self, content: Content, matcher: Matcher, dialogue: Dialogue, now: datetime, most_actions: int
    ) -> None:
        self._domain = content.domain
        self._matcher = matcher
        self._dialogue = dialogue
        self._now = now
        self._most_actions = most_actions
        self._parse: Parse | None = None

    def run(self, way: Way) -> StoryResult:
        """Walk one way through the stories."""
        story = way.stories[0]
        events: list[tuple[Event, StepResult | None]] = []
        tracker = start_of(self._domain)
        predicted, going_on = 0, True
        for event, place, step in told(way, self._domain):
            result: StepResult | None = None
            happened: Event = event
            if isinstance(event, UserUttered) and isinstance(step, UserStep):
                result, predicted = self._user(step, event), 0
            elif isinstance(event, ActionExecuted) and events:
                too_many = predicted >= self._most_actions and going_on
                result, happened, tracker = self._action(event, place, tracker, too_many=too_many)
                predicted, going_on = predicted + 1, goes_on(result.predicted)
            tracker = evolve(happened, tracker)
            events.append((happened, result))
        steps = tuple(result for _, result in events if result is not None)
        return StoryResult(story.name, story.place, steps, tuple(events))

    def _user(self, step: UserStep, event: UserUttered) -> StepResult:
        expected, self._parse = step.intent or "", None
        if not step.text or not step.intent:
            given = event.parse.entities
            return StepResult("user", step.place, expected, expected, step.text, given, given)
        parse = self._parse = self._matcher.parse(step.text, self._now)
        return StepResult(
            "user",
            step.place,
            expected,
            predicted_intent(parse, expected),
            step.text,
            event.parse.entities,
            compared_entities(parse.entities, event.parse.entities),
            confidence=parse.intent.confidence if parse.intent else None,
        )

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
            self._named(prediction.action, expected),
            policy=prediction.policy,
            confidence=prediction.confidence,
            because=prediction.because,
            is_text=event.action_text is not None,
        )
        hide = prediction.hide_rule_turn and result.passed
        name = prediction.action if result.passed else event.name
        executed = ActionExecuted(name, prediction.policy, prediction.confidence, hide, event.action_text)
        return result, executed, tracker

    def _named(self, action: str, expected: str) -> str:
        """The action as the test story names it: a retrieval action in full, unless its plain name is expected."""
        if action == expected or self._parse is None or action in self._domain.responses:
            return action
        full = f"{UTTER}{predicted_intent(self._parse, expected='')}"
        return full if full.startswith(f"{action}/") else action

    def _may_have_refused(self, prediction: Prediction, tracker: Tracker) -> bool:
        return prediction.action == tracker.active_loop and prediction.action in self._domain.forms


def predicted_intent(parse: Parse, expected: str) -> str:
    """The intent as the test story names it: a retrieval intent in full, unless its plain name is expected."""
    intent = parse.intent_name or ""
    if intent == expected:
        return intent
    selector = parse.response_selector.get(intent) or parse.response_selector.get("default") or {}
    full = (selector.get("response") or {}).get("intent_response_key") or ""
    return str(full) if full.startswith(f"{intent}/") else intent


def compared_entities(predicted: Iterable[Entity], expected: Iterable[Entity]) -> tuple[Entity, ...]:
    """The predicted entities that are held against the story.

    What a grammar reads (dates, amounts, numbers) is not learned, and "last month" means another time on
    another day: it counts only where the message marks an entity of its name.
    """
    marked = {entity.entity for entity in expected}
    return tuple(e for e in predicted if e.extractor not in GRAMMARS or e.entity in marked)


def _comparable(entity: Entity) -> tuple[int, int, str, str]:
    """What of an entity is compared; values as text, because that is what annotations hold."""
    return (entity.start, entity.end, entity.entity, str(entity.value))


# --- reports -----------------------------------------------------------------


def story_report(report: StoryReport) -> dict[str, Any]:
    """The content of Rasa's `story_report.json`: precision, recall and F1 per action, intent and entity, and more."""
    pairs = list(_pairs(report))
    expected, predicted = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    right = Counter(label for label, other in pairs if label == other)
    rows = {label: _scores(right[label], predicted[label], expected[label]) for label in sorted(expected | predicted)}
    total, stories = len(pairs), len(report.results)
    return {
        **rows,
        "accuracy": right.total() / total if total else 0.0,
        "macro avg": _average(rows, dict.fromkeys(rows, 1), total),
        "weighted avg": _average(rows, {label: row["support"] for label, row in rows.items()}, total),
        "conversation_accuracy": {
            "accuracy": report.passed / stories if stories else 0.0,
            "correct": report.passed,
            "with_warnings": 0,
            "total": stories,
        },
    }


def _pairs(report: StoryReport) -> Iterator[tuple[str, str]]:
    """Expected and predicted labels: actions, intents, and entities, written as annotations."""
    yield from ((s.expected, s.predicted) for s in report.steps if s.kind == "action")
    yield from ((s.expected, s.predicted) for s in report.steps if s.kind == "user")
    for step in report.steps:
        expected = {(e.start, e.end): e for e in step.expected_entities}
        predicted = {(e.start, e.end): e for e in step.predicted_entities}
        for span in sorted({*expected, *predicted}):
            yield (_annotated(step, expected.get(span)), _annotated(step, predicted.get(span)))


def _annotated(step: StepResult, entity: Entity | None) -> str:
    return "None" if entity is None else mark((step.text or "")[entity.start : entity.end], [entity])


def _scores(right: int, claimed: int, support: int) -> dict[str, float]:
    precision = right / claimed if claimed else 0.0
    recall = right / support if support else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"precision": precision, "recall": recall, "f1-score": f1, "support": support}


def _average(rows: dict[str, dict[str, float]], weights: dict[str, float], support: int) -> dict[str, float]:
    whole = sum(weights.values()) or 1
    keys = ("precision", "recall", "f1-score")
    means = {key: sum(weights[label] * row[key] for label, row in rows.items()) / whole for key in keys}
    return {**means, "support": support}
