"""Slots: what a message fills through the domain's mappings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.content import Domain, Slot, SlotMapping
from bot.content.names import REQUESTED_SLOT
from bot.dialogue.events import SlotSet
from bot.dialogue.tracker import Tracker


def fill_slots(tracker: Tracker, domain: Domain) -> tuple[SlotSet, ...]:
    """The slots that the latest message fills, in the domain's order; a slot's first mapping that yields a value wins.

    Values are as extracted: a slot's type matters for what policies see of it
    (`bot.dialogue.features`), and for lists, which take every value.
    """
    return tuple(_filled(tracker, domain))


def custom_mapping_actions(tracker: Tracker, domain: Domain) -> tuple[str, ...]:
    """The actions of custom mappings whose conditions hold now, each once, for slots that are not filled otherwise."""
    filled = {event.name for event in _filled(tracker, domain)}
    names: dict[str, None] = {}
    for slot in domain.slots.values():
        if slot.name in filled:
            continue
        for mapping in slot.mappings:
            if mapping.type == "custom" and mapping.action and _applies(mapping, slot, tracker, domain):
                names[mapping.action] = None
    return tuple(names)


def initial_slots(domain: Domain) -> dict[str, Any]:
    """The slots that start with a value."""
    return {name: slot.initial_value for name, slot in domain.slots.items() if slot.initial_value is not None}


def mapping_is_shared(mapping: SlotMapping, form: str, domain: Domain) -> bool:
    """Whether another required slot of the form takes the same entity in the same way, so that one cannot tell them."""
    wanted = _identity(mapping)
    required = domain.forms[form].required_slots if form in domain.forms else ()
    same = 0
    for name in required:
        slot = domain.slots.get(name)
        same += sum(_identity(other) == wanted for other in slot.mappings) if slot else 0
    return same != 1


def _identity(mapping: SlotMapping) -> tuple[object, ...]:
    m = mapping
    return (m.type, m.entity, m.role, m.group, m.intent, m.not_intent, m.conditions)


def _filled(tracker: Tracker, domain: Domain) -> Iterator[SlotSet]:
    if tracker.parse is None:
        return
    for slot in domain.slots.values():
        for mapping in slot.mappings:
            if mapping.type == "custom" or not _applies(mapping, slot, tracker, domain):
                continue
            values = _values(mapping, tracker)
            if not values:
                continue
            value = values if slot.type == "list" else values[-1]
            if value is not None or tracker.slots.get(slot.name) is not None:
                yield SlotSet(slot.name, value)
                break


def _applies(mapping: SlotMapping, slot: Slot, tracker: Tracker, domain: Domain) -> bool:
    return (
        _intent_fits(mapping, tracker, domain)
        and (mapping.type == "from_trigger_intent" or _conditions_hold(mapping, slot, tracker))
        and not _ambiguous(mapping, slot, tracker, domain)
    )


def _intent_fits(mapping: SlotMapping, tracker: Tracker, domain: Domain) -> bool:
    intent = tracker.parse.intent_name if tracker.parse else None
    if mapping.intent:
        return intent in mapping.intent
    return intent not in mapping.not_intent and intent not in _ignored_intents(mapping, tracker, domain)


def _ignored_intents(mapping: SlotMapping, tracker: Tracker, domain: Domain) -> tuple[str, ...]:
    form = domain.forms.get(tracker.active_loop or "")
    if form is None:
        return ()
    if mapping.conditions and all(c.active_loop != form.name for c in mapping.conditions):
        return ()
    return form.ignored_intents


def _conditions_hold(mapping: SlotMapping, slot: Slot, tracker: Tracker) -> bool:
    if not mapping.conditions:
        return True
    requested = tracker.slots.get(REQUESTED_SLOT)
    if tracker.loop and tracker.loop.rejected and requested == slot.name:
        return False
    return any(
        c.active_loop == tracker.active_loop and (not c.requested_slot or c.requested_slot == requested)
        for c in mapping.conditions
    )


def _ambiguous(mapping: SlotMapping, slot: Slot, tracker: Tracker, domain: Domain) -> bool:
    """In a form, an entity that fits several of its slots fills only the one that was asked for."""
    form = domain.forms.get(tracker.active_loop or "")
    if mapping.type != "from_entity" or form is None or slot.name not in form.required_slots:
        return False
    return tracker.slots.get(REQUESTED_SLOT) != slot.name and mapping_is_shared(mapping, form.name, domain)


def _values(mapping: SlotMapping, tracker: Tracker) -> list[Any]:
    parse = tracker.parse
    assert parse is not None
    if mapping.type == "from_entity":
        wanted = (mapping.entity, mapping.role, mapping.group)
        return [e.value for e in parse.entities if (e.entity, e.role, e.group) == wanted]
    if mapping.type == "from_text":
        return [parse.text]
    if mapping.type == "from_intent" or _triggers(mapping, tracker):
        return [mapping.value]
    return []


def _triggers(mapping: SlotMapping, tracker: Tracker) -> bool:
    """A trigger mapping needs a loop that runs, one of those it names."""
    loops = [c.active_loop for c in mapping.conditions]
    return tracker.active_loop is not None and (not loops or tracker.active_loop in loops)
