"""Entities of user steps in stories, and the slots that they fill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.content import ANY, Annotation, Domain, StepEntity, UserStep
from bot.dialogue.events import SlotSet
from bot.messages import Entity


def step_entities(step: UserStep) -> tuple[Entity, ...]:
    """The entities of a story's user step: those marked in its text, or else those listed."""
    return tuple(_entity(source) for source in step.annotations or step.entities)


def _entity(source: StepEntity | Annotation) -> Entity:
    start, end = (source.start, source.end) if isinstance(source, Annotation) else (0, 0)
    return Entity(source.entity, source.value, start, end, source.role, source.group)


def slots_of_entities(entities: Iterable[Entity], domain: Domain) -> Iterator[SlotSet]:
    """The slots that a story's entities fill by their mappings, except mappings that apply only inside a loop."""
    found = tuple(entities)
    for slot in domain.slots.values():
        values = []
        for mapping in slot.mappings:
            inside_loop = mapping.conditions and mapping.conditions[0].active_loop is not None
            if mapping.type != "from_entity" or inside_loop:
                continue
            wanted = (mapping.entity, mapping.role, mapping.group)
            values += [e.value for e in found if (e.entity, e.role, e.group) == wanted]
        if values:
            takes_all = slot.type == "list" and ANY not in values
            yield SlotSet(slot.name, values if takes_all else values[-1])
