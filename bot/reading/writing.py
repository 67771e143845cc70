"""Writing conversations as stories, in YAML that reads back the same, here and in Rasa.

Entities that marks cannot express are listed next to the message, and a message
that looks as if it had marks gets a space: `[a](b)` cannot be written literally.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from bot.content import ANY, ActionStep, BotStep, Example, LoopStep, SlotStep, Step, StepEntity, Story, UserStep
from bot.content.marks import marked
from bot.reading.annotations import read_annotations
from bot.reading.compose import RESOLVERS

_MARK = re.compile(r"\](?=[({\[])")
"""The position in a mark after the marked text."""

_BREAK = re.compile("[\n\x85\u2028\u2029]")
"""The characters that YAML treats as line breaks."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """Quotes every text that our reader or a YAML 1.1 reader would not read as text."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # as in PyYAML
        first: [*yaml.SafeDumper.yaml_implicit_resolvers.get(first, []), *RESOLVERS.get(first, [])]
        for first in yaml.SafeDumper.yaml_implicit_resolvers.keys() | RESOLVERS.keys()
    }

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value in full, without anchors."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if _BREAK.search(value) else None)


_Dumper.add_representer(str, _text)


def stories_to_yaml(stories: Sequence[Story]) -> str:
    """Return a whole file with these stories.

    Raises ValueError for steps that do not happen in conversations: a checkpoint or a choice.
    """
    return content_to_yaml((), stories)


def content_to_yaml(examples: Sequence[Example], stories: Sequence[Story]) -> str:
    """Return a whole file with these examples, grouped by intent, and these stories; ValueError as `stories_to_yaml`.

    Control characters in examples become spaces. An example whose entities marks cannot express has none.
    """
    lines = ['version: "3.1"', *(["nlu:"] if examples else [])]
    for intent in dict.fromkeys(example.intent for example in examples):
        lines += [*_item({"intent": intent}, ""), "  examples: |"]
        lines += [f"    - {_example(example)}" for example in examples if example.intent == intent]
    return "\n".join([*lines, *(["stories:"] if stories else []), *map(story_to_yaml, stories)]) + "\n"


def _example(example: Example) -> str:
    plain = _CONTROL.sub(" ", example.text)
    text = _CONTROL.sub(" ", marked(example.text, example.annotations))
    return text if read_annotations(text) == (plain, example.annotations, []) else _unmarked(plain)


def story_to_yaml(story: Story) -> str:
    """Return one item of a `stories:` section."""
    lines = [*_item({"story": story.name}, ""), "  steps:" if story.steps else "  steps: []"]
    lines += [line for step in story.steps for line in _item(_step(step), "  ")]
    return "\n".join(lines)


def to_yaml(value: Any) -> str:
    """Return a JSON value as YAML that reads back the same here and in Rasa."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31))


def _item(value: dict[str, Any], indent: str) -> Iterator[str]:
    return (indent + line for line in to_yaml([value]).rstrip("\n").split("\n"))


def _step(step: Step) -> dict[str, Any]:
    match step:
        case UserStep():
            return _user(step)
        case ActionStep():
            return {"action": step.name}
        case BotStep():
            return {"bot": step.text}
        case LoopStep():
            return {"active_loop": step.name}
        case SlotStep():
            return {"slot_was_set": [step.name if step.value is ANY else {step.name: step.value}]}
        case _:
            raise ValueError(f"this is not a step of a conversation: {step}")


def _user(step: UserStep) -> dict[str, Any]:
    written: dict[str, Any] = {} if step.intent is None else {"intent": step.intent}
    of_marks = tuple(StepEntity(a.entity, a.value, a.role, a.group) for a in step.annotations)
    entities = () if step.entities == of_marks else step.entities
    if step.text is not None:
        text = marked(step.text, step.annotations)
        if read_annotations(text) != (step.text, step.annotations, []):
            text, entities = _unmarked(step.text), step.entities or of_marks
        written["user"] = text
    if entities:
        written["entities"] = [_entity(entity) for entity in entities]
    return written


def _unmarked(text: str) -> str:
    """Return the text; if parts of it look like marks, with a space between the brackets."""
    plain, *_ = read_annotations(text)
    return text if plain == text else _MARK.sub("] ", text)


def _entity(entity: StepEntity) -> Any:
    extra = {key: value for key, value in (("role", entity.role), ("group", entity.group)) if value is not None}
    if entity.value is ANY and not extra:
        return entity.entity
    return {entity.entity: None if entity.value is ANY else entity.value} | extra
