"""Filling slots from messages, by the domain's mappings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from bot.content import Domain, Form, Slot, SlotMapping
from bot.content.names import REQUESTED_SLOT
from bot.dialogue.events import SlotSet
from bot.dialogue.tracker import LoopState, Tracker
from bot.encoding import copied
from bot.messages import Parse


def fill_slots(tracker: Tracker, domain: Domain) -> Iterator[SlotSet | str]:
    """What fills slots from the latest message, in the domain's order: new values, and actions (by name) to be run.

    A slot's first mapping that yields a value wins. A custom mapping before it names an action, which may set any
    slot; each action is named once. Values are as extracted: a slot's type only affects what policies see of it
    (`bot.dialogue.states`), and list slots, which take every value.
    """
    now = _Now.of(tracker, domain)
    named: set[str] = set()
    for slot in domain.slots.values():
        for mapping in slot.mappings:
            if mapping.type == "custom":
                if mapping.action and mapping.action not in named and _applies(mapping, slot, now):
                    named.add(mapping.action)
                    yield mapping.action
                continue
            filled = _filled(mapping, slot, now)
            if filled is not None:
                yield filled
                break


def initial_slots(domain: Domain) -> dict[str, Any]:
    """The initial values of the slots that have one."""
    starting = [slot for slot in domain.slots.values() if slot.initial_value is not None]
    return {slot.name: copied(typed(slot, slot.initial_value)) for slot in starting}


def typed(slot: Slot, value: Any) -> Any:
    """The value as the slot stores it: a list slot turns a single value into a list, as in Rasa."""
    if slot.type == "list" and value and not isinstance(value, list | tuple):
        return [value]
    return value


def mapping_is_shared(mapping: SlotMapping, form: str, domain: Domain) -> bool:
    """False if exactly one required slot of the form takes this entity in this way; otherwise it is ambiguous."""
    required = domain.forms[form].required_slots if form in domain.forms else ()
    slots = [domain.slots[name] for name in required if name in domain.slots]
    mappings = [_identity(other) for slot in slots for other in slot.mappings]
    return mappings.count(_identity(mapping)) != 1


def _identity(mapping: SlotMapping) -> tuple[object, ...]:
    m = mapping
    return (m.type, m.entity, m.role, m.group, m.intent, m.not_intent, m.conditions)


class _Now(Struct, frozen=True):
    """What mappings depend on: the message, the active loop (and its form, if it is one) and the slots."""

    parse: Parse | None
    intent: str | None
    loop: LoopState | None
    form: Form | None
    slots: Mapping[str, Any]
    domain: Domain

    @classmethod
    def of(cls, tracker: Tracker, domain: Domain) -> _Now:
        parse, loop = tracker.parse, tracker.loop
        form = domain.forms.get(loop.name) if loop else None
        return cls(parse, parse.intent_name if parse else None, loop, form, tracker.slots, domain)

    @property
    def requested(self) -> Any:
        return self.slots.get(REQUESTED_SLOT)

    @property
    def active_loop(self) -> str | None:
        return self.loop.name if self.loop else None


def _filled(mapping: SlotMapping, slot: Slot, now: _Now) -> SlotSet | None:
    """The slot's value by this mapping; None if it yields none."""
    if now.parse is None or (mapping.type == "from_entity" and not now.parse.entities):
        return None
    values = _values(mapping, now.parse, now) if _applies(mapping, slot, now) else []
    if not values:
        return None
    value = values if slot.type == "list" else values[-1]
    if value is None and now.slots.get(slot.name) is None:
        return None
    return SlotSet(slot.name, value)


def _applies(mapping: SlotMapping, slot: Slot, now: _Now) -> bool:
    return (
        _intent_fits(mapping, now)
        and (mapping.type == "from_trigger_intent" or _conditions_hold(mapping, slot, now))
        and not _is_ambiguous(mapping, slot, now)
    )


def _intent_fits(mapping: SlotMapping, now: _Now) -> bool:
    if mapping.intent:
        return now.intent in mapping.intent
    return now.intent not in mapping.not_intent and now.intent not in _ignored_intents(mapping, now.form)


def _ignored_intents(mapping: SlotMapping, form: Form | None) -> tuple[str, ...]:
    if form is None:
        return ()
    if mapping.conditions and all(c.active_loop != form.name for c in mapping.conditions):
        return ()
    return form.ignored_intents


def _conditions_hold(mapping: SlotMapping, slot: Slot, now: _Now) -> bool:
    if not mapping.conditions:
        return True
    if now.loop and now.loop.rejected and now.requested == slot.name:
        return False
    return any(
        c.active_loop == now.active_loop and (not c.requested_slot or c.requested_slot == now.requested)
        for c in mapping.conditions
    )


def _is_ambiguous(mapping: SlotMapping, slot: Slot, now: _Now) -> bool:
    """In a form, an entity that fits several of its slots fills only the one that was asked for."""
    form = now.form
    if mapping.type != "from_entity" or form is None or slot.name not in form.required_slots:
        return False
    return now.requested != slot.name and mapping_is_shared(mapping, form.name, now.domain)


def _values(mapping: SlotMapping, parse: Parse, now: _Now) -> list[Any]:
    if mapping.type == "from_entity":
        wanted = (mapping.entity, mapping.role, mapping.group)
        return [e.value for e in parse.entities if (e.entity, e.role, e.group) == wanted]
    if mapping.type == "from_text":
        return [parse.text]
    if mapping.type == "from_intent" or _is_in_its_loop(mapping, now.active_loop):
        return [mapping.value]
    return []


def _is_in_its_loop(mapping: SlotMapping, active_loop: str | None) -> bool:
    """Whether a loop is active, and is one of those that the trigger mapping names, if it names any."""
    loops = [c.active_loop for c in mapping.conditions]
    return active_loop is not None and (not loops or active_loop in loops)
