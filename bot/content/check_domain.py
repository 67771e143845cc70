"""Checks of intents, slots, slot mappings and forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bot.content.diagnostics import Diagnostic, Severity
from bot.content.known import Known, fits, sub_intent, unknown, unknown_part, wrong_value
from bot.content.names import REQUESTED_SLOT, asks
from bot.content.suggest import did_you_mean
from bot.content.types import Form, Slot, SlotMapping

SLOT_TYPES = ("text", "bool", "categorical", "float", "list", "any")


def check_domain(known: Known) -> Iterator[Diagnostic]:
    """Everything wrong or odd in intents, slots and forms."""
    yield from _intents(known)
    for slot in known.content.domain.slots.values():
        yield from _slot(slot)
        for mapping in slot.mappings:
            yield from _mapping(slot, mapping, known)
    for form in known.content.domain.forms.values():
        yield from _form(form, known)
    for name, place in known.slots_in_code.items():
        slots, add = known.content.domain.slots, f"Add `{name}:` to `slots:`."
        yield unknown("warning", place, "slot", name, known=slots, where="This code names", add=add)


def _intents(known: Known) -> Iterator[Diagnostic]:
    entities = known.content.domain.entities
    for intent in known.content.domain.intents.values():
        for name in sorted((intent.use_entities or frozenset()) | intent.ignore_entities):
            if name.split("#")[0] not in entities:
                where = f"The intent `{intent.name}` names the entity"
                add = f"Add `{name}` to `entities:`."
                yield unknown("warning", intent.place, "entity", name, known=entities, where=where, add=add)


def _slot(slot: Slot) -> Iterator[Diagnostic]:
    def finding(severity: Severity, message: str, cure: str, code: str) -> Diagnostic:
        return Diagnostic(severity, slot.place, f"The slot `{slot.name}` {message}", cure, code)

    if slot.type not in SLOT_TYPES:
        if "." in slot.type:
            cure = "Choose one of the built-in types if its features matter."
            yield finding("note", f"has the custom class `{slot.type}`, and is treated like `any`.", cure, "slot-class")
        else:
            cure = did_you_mean(slot.type, SLOT_TYPES) or f"Write one of {', '.join(SLOT_TYPES)}."
            yield finding("error", f"has the unknown type `{slot.type}`.", cure, "slot-type")
    if slot.type == "any" and slot.influence_conversation:
        cure = "Give it a type that policies see, such as `text`, or remove `influence_conversation:`."
        yield finding("error", "is of the type `any`, which cannot influence the conversation.", cure, "slot-influence")
    if slot.type == "categorical":
        if not slot.values:
            yield finding("warning", "is categorical and has no values.", "List them below `values:`.", "slot-values")
        for value, times in Counter(str(value).lower() for value in slot.values).items():
            if times > 1:
                message = f"has the value `{value}` more than once (upper and lower case are the same)."
                yield finding("warning", message, "Keep one of them.", "slot-values")
    if slot.type == "float" and slot.min_value >= slot.max_value:
        bounds = f"has a `min_value` of {slot.min_value} that is not below its `max_value` of {slot.max_value}."
        yield finding("error", bounds, "Write the smaller one as `min_value`.", "slot-bounds")
    if not fits(slot, slot.initial_value):
        message = f"has the initial value `{slot.initial_value}`, which does not fit the type {slot.type}."
        yield finding("warning", message, "Write a value of its type, or remove `initial_value`.", "slot-initial-value")


def _mapping(slot: Slot, mapping: SlotMapping, known: Known) -> Iterator[Diagnostic]:
    domain = known.content.domain
    where = f"A mapping of the slot `{slot.name}` names"
    if mapping.type == "from_entity" and mapping.entity is None:
        yield _lacks(slot, mapping, "entity")
    if mapping.type in ("from_intent", "from_trigger_intent") and mapping.value is None:
        yield _lacks(slot, mapping, "value")
    if mapping.value is not None and not fits(slot, mapping.value):
        yield wrong_value("warning", mapping.place, slot, mapping.value, f"A mapping of the slot `{slot.name}` sets")
    if mapping.entity is not None and mapping.entity not in domain.entities:
        add = f"Add `{mapping.entity}` to `entities:`."
        yield unknown("warning", mapping.place, "entity", mapping.entity, known=domain.entities, where=where, add=add)
    yield from _mapping_parts(mapping, known)
    for name in mapping.intent + mapping.not_intent:
        if name.split("/")[0] not in known.intents:
            add = f"Add `{name}` to `intents:`, or remove it here."
            yield unknown("warning", mapping.place, "intent", name, known=known.intents, where=where, add=add)
        elif "/" in name:
            yield sub_intent(mapping.place, where, name, "mappings", f"Write `{name.partition('/')[0]}`.")
    if mapping.action is not None and mapping.action not in known.actions:
        add = "Register it in a plugin, or list it in `actions:`."
        yield unknown("warning", mapping.place, "action", mapping.action, known=known.actions, where=where, add=add)
    yield from _conditions(slot, mapping, known)


def _mapping_parts(mapping: SlotMapping, known: Known) -> Iterator[Diagnostic]:
    """Check the role and group of the entity that a mapping waits for."""
    entity = known.content.domain.entities.get(mapping.entity or "")
    if entity is None:
        return
    marked = {(a.entity, a.role, a.group) for e in known.content.nlu.examples for a in e.annotations}
    roles = {*entity.roles, *(role for name, role, _ in marked if name == entity.name)}
    groups = {*entity.groups, *(group for name, _, group in marked if name == entity.name)}
    for kind, name, names in (("role", mapping.role, roles), ("group", mapping.group, groups)):
        if name is not None and name not in names:
            yield unknown_part(mapping.place, entity.name, kind, name, filter(None, names))


def _conditions(slot: Slot, mapping: SlotMapping, known: Known) -> Iterator[Diagnostic]:
    forms = known.content.domain.forms
    for condition in mapping.conditions:
        loop, asked = condition.active_loop, condition.requested_slot or slot.name
        if loop is not None and loop not in known.loops:
            where, add = f"A mapping of the slot `{slot.name}` names the form", f"Add `{loop}:` to `forms:`."
            yield unknown("error", mapping.place, "form", loop, known=forms, where=where, add=add)
        form = forms.get(loop or "") if mapping.type != "from_trigger_intent" else None
        if form is not None and asked not in form.required_slots:
            message = (
                f"A mapping of the slot `{slot.name}` waits for the form `{loop}`, which does not ask for `{asked}`."
            )
            cure = f"Add `{asked}` to the form's `required_slots:`, unless your code adds it."
            yield Diagnostic("warning", mapping.place, message, cure, "mapping-never-asked")


def _lacks(slot: Slot, mapping: SlotMapping, key: str) -> Diagnostic:
    message = f"A `{mapping.type}` mapping of the slot `{slot.name}` lacks `{key}:`."
    return Diagnostic("error", mapping.place, message, f"Write `{key}: …` next to its `type:`.", "mapping-incomplete")


def _form(form: Form, known: Known) -> Iterator[Diagnostic]:
    domain = known.content.domain
    for index, name in enumerate(form.required_slots):
        place = form.slot_places[index] if index < len(form.slot_places) else form.place
        where = f"The form `{form.name}` asks for"
        if name not in domain.slots:
            add = f"Add `{name}:` to `slots:`."
            yield unknown("error", place, "slot", name, known=domain.slots, where=where, add=add)
        elif not any(ask in known.actions or ask in known.mentioned for ask in asks(form.name, name)):
            message = f"The form `{form.name}` has no question for `{name}`."
            cure = f"Add `utter_ask_{form.name}_{name}:` or `utter_ask_{name}:` to `responses:`."
            yield Diagnostic("warning", place, message, cure, "missing-question")
        if name == REQUESTED_SLOT:
            message = f"The form `{form.name}` asks for `{REQUESTED_SLOT}`, which is reserved for forms."
            yield Diagnostic("error", place, message, "Use another slot name.", "reserved-slot")
    for name in form.ignored_intents:
        where = f"The form `{form.name}` ignores"
        if name.split("/")[0] not in known.intents:
            add = "Add it to `intents:`."
            yield unknown("warning", form.place, "intent", name, known=known.intents, where=where, add=add)
        elif "/" in name:
            yield sub_intent(form.place, where, name, "forms", f"Write `{name.partition('/')[0]}`.")
