"""Reports on test stories as Rasa writes them: scores, and failed stories with the predictions as comments."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.content import ANY, ActionStep, BotStep, CheckpointStep, LoopStep, SlotStep, Step, StepEntity, UserStep
from bot.content.marks import mark, marked
from bot.messages import Entity
from bot.testing.results import StepResult, StoryReport, StoryResult

NONE_FAILED = "# None of the test stories failed - all good!\n"

_NOT_YAML = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""Characters that YAML does not allow, or treats as line breaks."""


def failed_stories_yaml(failed: Sequence[StoryResult]) -> str:
    """Return the content of `failed_test_stories.yml`: test stories in YAML, with the predictions as comments."""
    if not failed:
        return NONE_FAILED
    stories = [line for result in failed for line in _story(result)]
    written = "\n".join(['version: "3.1"', "stories:", *stories]) + "\n"
    return _NOT_YAML.sub(lambda sign: f"\\u{ord(sign[0]):04x}", written)  # always inside quotes or a comment


def shown_entities(entities: Iterable[Entity]) -> str:
    """Return entities as text for a sentence, with their positions in the message, if they have one."""
    return ", ".join(map(_shown_entity, entities)) or "no entities"


def _shown_entity(entity: Entity) -> str:
    parts = [f"{kind} {name}" for kind, name in (("role", entity.role), ("group", entity.group)) if name]
    part = f" ({', '.join(parts)})" if parts else ""
    span = f" [{entity.start}:{entity.end}]" if entity.start < entity.end else ""
    return f"{entity.entity}{part}" + ("" if entity.value is ANY else f"={entity.value}") + span


def _story(result: StoryResult) -> Iterator[str]:
    yield f"- story: {_quoted(f'{result.name} ({result.place.file})')}  # line {result.place.line}"
    yield "  steps:"
    for step, compared in result.compared:
        yield from _user_step(step, compared) if isinstance(step, UserStep) else _bot_step(step, compared)


def _user_step(step: UserStep, result: StepResult | None) -> Iterator[str]:
    wrong_intent = wrong_entities = ""
    if result is not None and result.expected != result.predicted:
        wrong_intent = _predicted(result.predicted, step.text)
    if result is not None and not result.entities_agree:
        wrong_entities = _predicted(_marked(step.text or "", result.predicted_entities))
    lines: list[str] = []
    if step.intent:
        lines.append(f"intent: {_quoted(step.intent)}{wrong_intent}")
    if step.text:
        lines.append(f"user: {_quoted(marked(step.text, step.annotations))}{wrong_entities}")
    if step.entities and not step.annotations and not _is_payload(step.text or ""):
        lines += ["entities:", *(f"- {_listed_entity(entity)}" for entity in step.entities)]
    yield from (f"  {'  ' if number else '- '}{line}" for number, line in enumerate(lines))


def _is_payload(text: str) -> bool:
    return text.startswith("/")


def _marked(text: str, entities: Sequence[Entity]) -> str:
    return shown_entities(entities) if _is_payload(text) else marked(text, entities)


def _listed_entity(entity: StepEntity) -> str:
    """Return an entity as JSON, which is YAML."""
    extra = {key: name for key, name in (("role", entity.role), ("group", entity.group)) if name is not None}
    if entity.value is ANY:
        return _quoted({entity.entity: None, **extra} if extra else entity.entity)
    return _quoted({entity.entity: entity.value, **extra})


def _bot_step(step: Step | None, result: StepResult | None) -> Iterator[str]:
    wrong = "" if result is None or result.passed else _predicted(result.predicted)
    match step:
        case ActionStep(name=name):
            yield f"  - action: {_quoted(name)}{wrong}"
        case BotStep(text=text):
            yield f"  - bot: {_quoted(text)}{wrong}"
        case LoopStep(name=loop):
            yield f"  - active_loop: {_quoted(loop)}{wrong}"
        case SlotStep(name=name, value=value):
            yield "  - slot_was_set:"
            yield f"    - {_quoted(name if value is ANY else {name: value})}{wrong}"
        case CheckpointStep(name=name):
            yield f"  - checkpoint: {_quoted(name)}{wrong}"
        case None if wrong:
            yield wrong


def _predicted(*parts: str | None) -> str:
    """Return the comment that says what was predicted: the parts that there are, on one line."""
    return f"  # predicted: {' '.join(': '.join(filter(None, parts)).split())}"


def _quoted(value: object) -> str:
    """Return the value as JSON, which is YAML."""
    return json.dumps(value, ensure_ascii=False, default=str)


# --- scores ------------------------------------------------------------------


def story_report(report: StoryReport) -> dict[str, Any]:
    """Return the content of Rasa's `story_report.json`: precision, recall and F1 per action, intent and entity."""
    pairs = list(_pairs(report))
    expected, predicted = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    right = Counter(label for label, other in pairs if label == other)
    rows = {label: scores(right[label], predicted[label], expected[label]) for label in sorted(expected | predicted)}
    total, stories = len(pairs), len(report.results)
    return {
        **rows,
        "accuracy": right.total() / total if total else 0.0,
        **averages(rows),
        "conversation_accuracy": {
            "accuracy": report.passed / stories if stories else 0.0,
            "correct": report.passed,
            "with_warnings": 0,
            "total": stories,
        },
    }


def _pairs(report: StoryReport) -> Iterator[tuple[str, str]]:
    """Yield expected and predicted labels: actions, intents, and entities, written as annotations."""
    yield from ((s.expected, s.predicted) for s in report.steps if s.kind == "action")
    yield from ((s.expected, s.predicted) for s in report.steps if s.kind == "user")
    for step in report.steps:
        nowhere = [entity for entity in step.expected_entities if entity.start == entity.end]
        yield from ((_annotated(step, entity), "None") for entity in nowhere)
        expected = {(e.start, e.end): e for e in step.expected_entities if e not in nowhere}
        predicted = {(e.start, e.end): e for e in step.predicted_entities}
        for span in sorted({*expected, *predicted}):
            yield (_annotated(step, expected.get(span)), _annotated(step, predicted.get(span)))


def _annotated(step: StepResult, entity: Entity | None) -> str:
    if entity is None:
        return "None"
    return mark((step.text or "")[entity.start : entity.end] or str(entity.value), [entity])


def scores(right: int, claimed: int, support: int) -> dict[str, float]:
    """Return a row of Rasa's reports: of `claimed` predictions and `support` expectations, `right` agree."""
    precision = right / claimed if claimed else 0.0
    recall = right / support if support else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"precision": precision, "recall": recall, "f1-score": f1, "support": support}


def averages(rows: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return Rasa's averages of rows of scores: one that counts all rows alike, and one by their support."""
    supports = {label: row["support"] for label, row in rows.items()}
    support = sum(supports.values())
    return {
        "macro avg": _average(rows, dict.fromkeys(rows, 1.0), support),
        "weighted avg": _average(rows, supports, support),
    }


def _average(rows: Mapping[str, Mapping[str, float]], weights: Mapping[str, float], support: float) -> dict[str, float]:
    whole = sum(weights.values()) or 1
    keys = ("precision", "recall", "f1-score")
    means = {key: sum(weights[label] * row[key] for label, row in rows.items()) / whole for key in keys}
    return {**means, "support": support}
