"""Failed test stories as Rasa writes them: the story, with what was predicted beside what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from bot.dialogue.events import ActionExecuted, ActiveLoop, Event, SlotSet, UserUttered
from bot.dialogue.names import LISTEN
from bot.messages import Entity
from bot.testing.stories import StepResult, StoryResult, annotation

NONE_FAILED = "# None of the test stories failed - all good!\n"


def failed_stories_yaml(results: Iterable[StoryResult]) -> str:
    """The content of `failed_test_stories.yml`: YAML that reads as test stories, the predictions in comments."""
    stories = [line for result in results if not result.passed for line in _story(result)]
    if not stories:
        return NONE_FAILED
    return "\n".join(['version: "3.1"', "stories:", *stories]) + "\n"


def _story(result: StoryResult) -> Iterator[str]:
    yield f"- story: {_quoted(f'{result.name} ({result.place.file})')}  # line {result.place.line}"
    yield "  steps:"
    for event, step in result.events:
        yield from _step(event, step)


def _step(event: Event, step: StepResult | None) -> Iterator[str]:
    if isinstance(event, UserUttered) and step is not None:
        yield from _user(event, step)
    elif isinstance(event, ActionExecuted):
        yield from _action(event, step)
    elif isinstance(event, ActiveLoop):
        yield f"  - active_loop: {_quoted(event.name)}"
    elif isinstance(event, SlotSet):
        yield "  - slot_was_set:"
        yield f"    - {event.name}: {_quoted(event.value)}"


def _user(event: UserUttered, step: StepResult) -> Iterator[str]:
    wrong = step.expected != step.predicted
    comment = f"  # predicted: {_comment(step.predicted)}: {_comment(step.text or '')}" if wrong else ""
    yield f"  - intent: {_quoted(step.expected)}{comment}"
    if step.text:
        found = annotated(step.text, step.predicted_entities)
        beside = "" if step.entities_agree else f"  # predicted: {_comment(found)}"
        yield f"    user: {_quoted(annotated(step.text, step.expected_entities))}{beside}"
    elif event.parse.entities:
        yield "    entities:"
        yield from (f"    - {entity.entity}: {_quoted(entity.value)}" for entity in event.parse.entities)


def _action(event: ActionExecuted, step: StepResult | None) -> Iterator[str]:
    if event.name == LISTEN and (step is None or step.passed):
        return
    key, value = ("bot", event.action_text) if event.action_text else ("action", event.name)
    comment = "" if step is None or step.passed else f"  # predicted: {_comment(step.predicted)}"
    yield f"  - {key}: {_quoted(value)}{comment}"


def annotated(text: str, entities: Iterable[Entity]) -> str:
    """The text with its entities marked as designers mark them; of overlapping ones the first."""
    parts, done = [], 0
    for entity in sorted(entities, key=lambda e: (e.start, -e.end)):
        if entity.start < done or entity.end <= entity.start:
            continue
        parts += [text[done : entity.start], annotation(text[entity.start : entity.end], entity)]
        done = entity.end
    return "".join([*parts, text[done:]])


def _quoted(value: object) -> str:
    """The value as YAML: JSON is."""
    return json.dumps(value, ensure_ascii=False, default=lambda other: "filled")


def _comment(text: str) -> str:
    return " ".join(text.split())
