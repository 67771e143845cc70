"""Stories as a tree of what can follow what; steps that several stories begin with appear only once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from msgspec import Struct, field

from bot.content import ANY, ActionStep, BotStep, LoopStep, Place, SlotStep, Step, StepEntity, UserStep
from bot.dialogue.story_graph import Way

Kind: TypeAlias = Literal["start", "user", "bot", "loop", "slot", "end"]


class Node(Struct, eq=False):
    """A step of one or more stories, and the next steps by kind and label.

    `name` is the intent or action, '' if the step is neither.
    """

    kind: Kind
    label: str
    name: str = ""
    places: dict[Place, None] = field(default_factory=dict)
    after: dict[tuple[Kind, str], Node] = field(default_factory=dict)


def tree_of(ways: Iterable[Way]) -> Node:
    """The tree of these ways through stories or rules; each ends with a node that names the stories it goes through."""
    root = Node("start", "")
    for way in ways:
        node = root
        for step in (*way.stories[0].condition, *way.steps):
            kind, label, name = _shown(step)
            node = _next(node, kind, label, name, step.place)
        names = " > ".join(story.name for story in way.stories)
        goes_on = "" if way.stories[-1].wait_for_user_input else " (goes on without waiting)"
        _next(node, "end", names + goes_on, "", way.stories[0].place)
    return root


def _next(node: Node, kind: Kind, label: str, name: str, place: Place) -> Node:
    after = node.after.setdefault((kind, label), Node(kind, label, name))
    after.places[place] = None
    return after


def _shown(step: Step) -> tuple[Kind, str, str]:
    """The step's kind, its label, and the intent or action that it names."""
    match step:
        case UserStep():
            said = step.intent or f"“{step.text}”"
            return "user", " ".join((said, *map(_entity, step.entities))), step.intent or ""
        case ActionStep():
            return "bot", step.name, step.name
        case BotStep():
            return "bot", f"“{step.text}”", ""
        case LoopStep():
            return "loop", f"active_loop: {_value(step.name)}", ""
        case SlotStep():
            return "slot", f"{step.name} is set" if step.value is ANY else f"{step.name}: {_value(step.value)}", ""
        case _:
            raise ValueError(f"a way through stories cannot have such a step: {step}")


def _entity(entity: StepEntity) -> str:
    names = ", ".join(name for name in (entity.entity, entity.role, entity.group) if name)
    return f"[{names}]" if entity.value is ANY else f"[{names}: {_value(entity.value)}]"


def _value(value: Any) -> str:
    """The value as it is written in YAML."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
