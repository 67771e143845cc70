"""The results of test stories, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from bot.content import CheckpointStep, Place, Step, Story
from bot.dialogue.prediction import Because
from bot.dialogue.story_graph import Way
from bot.messages import Entity, Nearest


class StepResult(Struct, frozen=True):
    """One step of a story: what was expected and what was predicted.

    For the user's steps these are intents, with `expected_entities`,
    `predicted_entities` and `attracted_by`, the nearest example of a wrong
    intent; for the bot's steps they are actions, or texts in end-to-end
    stories; for others, a slot or the active loop (`state`).
    """

    kind: Literal["user", "action", "state"]
    place: Place
    expected: str
    predicted: str
    text: str | None = None
    expected_entities: tuple[Entity, ...] = ()
    predicted_entities: tuple[Entity, ...] = ()
    policy: str | None = None
    confidence: float | None = None
    because: tuple[Because, ...] = ()
    attracted_by: Nearest | None = None

    @property
    def entities_agree(self) -> bool:
        """Whether the same entities were found, in any order."""
        return set(map(_comparable, self.expected_entities)) == set(map(_comparable, self.predicted_entities))

    @property
    def passed(self) -> bool:
        """Whether the prediction is what was expected."""
        return self.expected == self.predicted and self.entities_agree


def _comparable(entity: Entity) -> tuple[int, int, str, str, str | None, str | None]:
    """Return the parts of an entity that are compared; values as text, because annotations hold text."""
    return (entity.start, entity.end, entity.entity, str(entity.value), entity.role, entity.group)


class StoryResult(Struct, frozen=True):
    """The result of one test story (each path through its choices has its own result).

    `compared` are its steps, each with its result: None if it was not compared.
    Results without a step are about things that the story leaves out.
    """

    name: str
    place: Place
    compared: tuple[tuple[Step | None, StepResult | None], ...]

    @property
    def steps(self) -> tuple[StepResult, ...]:
        """The results of the steps that were compared."""
        return tuple(result for _, result in self.compared if result is not None)

    @property
    def passed(self) -> bool:
        """Whether every step went as expected."""
        return all(step.passed for step in self.steps)


class StoryReport(Struct, frozen=True):
    """The results of all test stories."""

    results: tuple[StoryResult, ...]

    @property
    def passed(self) -> int:
        """How many stories passed."""
        return sum(result.passed for result in self.results)

    @property
    def failed(self) -> tuple[StoryResult, ...]:
        """The stories that failed."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def steps(self) -> tuple[StepResult, ...]:
        """The results of all steps of all stories."""
        return tuple(step for result in self.results for step in result.steps)


def report_of(results: Iterable[StoryResult], tests: Sequence[Story], found: Sequence[Way]) -> StoryReport:
    """Return the report on the test stories: the results of the paths through them, and the stories on no path."""
    return StoryReport((*results, *_not_run(tests, found)))


def _not_run(tests: Sequence[Story], found: Sequence[Way]) -> Iterator[StoryResult]:
    """Yield the test stories that no path leads to: they failed, at the checkpoint they begin with."""
    run = {id(story) for way in found for story in way.stories}
    for story in tests:
        if id(story) not in run:
            begin, *rest = story.steps
            name = begin.name if isinstance(begin, CheckpointStep) else ""
            result = StepResult("state", begin.place, f"checkpoint: {name}", "(no way leads here)")
            yield StoryResult(story.name, story.place, ((begin, result), *((step, None) for step in rest)))
