"""What is written about failed test stories: each step as the story has it, with what came instead beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from bot.testing.stories import StepResult, StoryResult


def failed_stories_yaml(failed: Sequence[StoryResult]) -> str:
    """The content of Rasa's `failed_test_stories.yml`: test stories again, predictions in comments."""
    if not failed:
        return "# None of the test stories failed - all good!\n"
    lines = ['version: "3.1"', "stories:"]
    for result in failed:
        lines += [f"- story: {_scalar(result.name)} # {result.place}", "  steps:"]
        lines += [f"  {line}" for step in result.steps for line in _step(step)]
    return "\n".join(lines) + "\n"


def _step(step: StepResult) -> Iterator[str]:
    predicted = "" if step.expected == step.predicted else f"  # predicted: {step.predicted}"
    if step.kind == "action":
        yield f"- action: {_scalar(step.expected)}{predicted}"
        return
    yield f"- intent: {_scalar(step.expected)}{predicted}"
    if step.text:
        entities = "" if step.entities_agree else f"  # predicted entities: {_entities(step)}"
        yield f"  user: {_scalar(step.text)}{entities}"


def _entities(step: StepResult) -> str:
    return ", ".join(f"{e.entity}={e.value}" for e in step.predicted_entities).replace("\n", " ") or "none"


def _scalar(text: str) -> str:
    """The text as a double-quoted YAML scalar, which JSON strings are."""
    return json.dumps(text, ensure_ascii=False)
