"""The domain as Rasa's JSON, for action servers and Rasa's own clients."""

from __future__ import annotations

from typing import Any

from bot.content.types import Domain, EntityType, Form, Intent, MappingCondition, Slot, SlotMapping, Variation

_MAPPING_KEYS = ("entity", "role", "group", "value", "action")
_VARIATION_KEYS = ("text", "image", "attachment", "custom", "channel", "id")
_VARIATION_LISTS = ("buttons", "quick_replies", "elements")


def domain_to_json(domain: Domain) -> dict[str, Any]:
    """The domain in the shape of a Rasa 3.1 domain file."""
    return {
        "version": "3.1",
        "intents": [_intent(intent) for intent in domain.intents.values()],
        "entities": [_entity(entity) for entity in domain.entities.values()],
        "slots": {slot.name: _slot(slot) for slot in domain.slots.values()},
        "responses": {name: [_variation(v) for v in variations] for name, variations in domain.responses.items()},
        "forms": {form.name: _form(form) for form in domain.forms.values()},
        "actions": list(domain.actions),
        "e2e_actions": list(domain.e2e_actions),
        "session_config": {
            "session_expiration_time": domain.session.expiration_minutes,
            "carry_over_slots_to_new_session": domain.session.carry_over_slots,
        },
    }


def _intent(intent: Intent) -> Any:
    if intent.use_entities is None and not intent.ignore_entities:
        return intent.name
    used = True if intent.use_entities is None else sorted(intent.use_entities)
    return {intent.name: {"use_entities": used, "ignore_entities": sorted(intent.ignore_entities)}}


def _entity(entity: EntityType) -> Any:
    details: dict[str, Any] = {}
    if entity.roles:
        details["roles"] = list(entity.roles)
    if entity.groups:
        details["groups"] = list(entity.groups)
    if not entity.influence_conversation:
        details["influence_conversation"] = False
    return {entity.name: details} if details else entity.name


def _slot(slot: Slot) -> dict[str, Any]:
    described: dict[str, Any] = {
        "type": slot.type,
        "initial_value": slot.initial_value,
        "influence_conversation": slot.influence_conversation,
        "mappings": [_mapping(mapping) for mapping in slot.mappings],
    }
    if slot.type == "categorical":
        described["values"] = list(slot.values)
    if slot.type == "float":
        described |= {"min_value": slot.min_value, "max_value": slot.max_value}
    return described


def _mapping(mapping: SlotMapping) -> dict[str, Any]:
    described: dict[str, Any] = {"type": mapping.type}
    described |= {key: value for key in _MAPPING_KEYS if (value := getattr(mapping, key)) is not None}
    if mapping.intent:
        described["intent"] = list(mapping.intent)
    if mapping.not_intent:
        described["not_intent"] = list(mapping.not_intent)
    if mapping.conditions:
        described["conditions"] = [_condition(condition) for condition in mapping.conditions]
    return described


def _condition(condition: MappingCondition) -> dict[str, Any]:
    described: dict[str, Any] = {"active_loop": condition.active_loop}
    if condition.requested_slot:
        described["requested_slot"] = condition.requested_slot
    return described


def _variation(variation: Variation) -> dict[str, Any]:
    described: dict[str, Any] = dict(variation.extra)
    described |= {key: value for key in _VARIATION_KEYS if (value := getattr(variation, key)) is not None}
    described |= {key: list(value) for key in _VARIATION_LISTS if (value := getattr(variation, key))}
    if variation.metadata:
        described["metadata"] = dict(variation.metadata)
    if variation.conditions:
        described["condition"] = [{"type": "slot", "name": c.name, "value": c.value} for c in variation.conditions]
    return described


def _form(form: Form) -> dict[str, Any]:
    return {"required_slots": list(form.required_slots), "ignored_intents": list(form.ignored_intents)}
