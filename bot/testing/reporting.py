"""Failed test stories as Rasa writes them: the story, with what was predicted beside what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from bot.content.marks import marked
from bot.dialogue.events import ActiveLoop, Event, SlotSet
from bot.dialogue.names import LISTEN
from bot.testing.stories import StepResult, StoryResult

NONE_FAILED = "# None of the test stories failed - all good!\n"


def failed_stories_yaml(failed: Sequence[StoryResult]) -> str:
    """The content of `failed_test_stories.yml`: YAML that reads as test stories, the predictions in comments."""
    if not failed:
        return NONE_FAILED
    stories = [line for result in failed for line in _story(result)]
    return "\n".join(['version: "3.1"', "stories:", *stories]) + "\n"


def _story(result: StoryResult) -> Iterator[str]:
    yield f"- story: {_quoted(f'{result.name} ({result.place.file})')}  # line {result.place.line}"
    yield "  steps:"
    for event, step in result.events or [(None, step) for step in result.steps]:
        if step is not None:
            yield from _user(step) if step.kind == "user" else _action(step)
        elif event is not None:
            yield from _happened(event)


def _user(step: StepResult) -> Iterator[str]:
    text = step.text or ""
    wrong_intent = _beside(step.expected != step.predicted, f"{step.predicted}: {text}")
    yield f"  - intent: {_quoted(step.expected)}{wrong_intent}"
    if step.text:
        wrong_entities = _beside(not step.entities_agree, marked(text, step.predicted_entities))
        yield f"    user: {_quoted(marked(text, step.expected_entities))}{wrong_entities}"
    elif step.expected_entities:
        yield "    entities:"
        yield from (f"    - {entity.entity}: {_quoted(entity.value)}" for entity in step.expected_entities)


def _action(step: StepResult) -> Iterator[str]:
    if step.expected == LISTEN and step.passed:
        return
    key = "bot" if step.is_text else "action"
    yield f"  - {key}: {_quoted(step.expected)}{_beside(not step.passed, step.predicted)}"


def _happened(event: Event) -> Iterator[str]:
    if isinstance(event, ActiveLoop):
        yield f"  - active_loop: {_quoted(event.name)}"
    elif isinstance(event, SlotSet):
        yield "  - slot_was_set:"
        yield f"    - {event.name}: {_quoted(event.value)}"


def _beside(wrong: bool, predicted: str) -> str:
    return f"  # predicted: {' '.join(predicted.split())}" if wrong else ""


def _quoted(value: object) -> str:
    """The value as YAML: JSON is."""
    return json.dumps(value, ensure_ascii=False, default=lambda other: "filled")
