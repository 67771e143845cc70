"""Rasa 2's slot filling and fallback, converted to what Rasa 3's own migration turns them into."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec.structs import replace

from bot.content import NOWHERE, ActionStep, Component, LoopStep, MappingCondition, Slot, SlotMapping, Story, UserStep
from bot.content.known import steps_of
from bot.content.names import REQUESTED_SLOT
from bot.reading.code import words_of_code
from bot.reading.draft import Draft

Components: TypeAlias = tuple[Component, ...] | None

_FALLBACK: Final = "nlu_fallback"
_TWO_STAGES: Final = "action_two_stage_fallback"
_THRESHOLDS: Final = {"threshold": ("nlu_threshold", 0.3), "ambiguity_threshold": ("ambiguity_threshold", 0.1)}
"""The FallbackClassifier's options, each with its name in the old policies and its default."""


def settle_slots(draft: Draft) -> None:
    """Give every slot its mappings: those written in forms, auto-fill, or else `custom`."""
    for form, slot, mapping in draft.form_mappings:
        if slot in draft.slots:  # an unknown slot of a form is reported with the other unknown names
            _add_mapping(draft, slot, _limited_to_form(mapping, form, slot))
    if draft.store_entities_as_slots:
        for slot in sorted(draft.auto_filled & draft.entities.keys()):
            _add_mapping(draft, slot, SlotMapping("from_entity", entity=slot, place=draft.slots[slot].place))
    for name in sorted(draft.unmapped):
        if not draft.slots[name].mappings:
            _report_unmapped(draft, draft.slots[name])
    draft.slots = {
        name: slot if slot.mappings else replace(slot, mappings=(SlotMapping("custom", place=slot.place),))
        for name, slot in draft.slots.items()
    }


def _limited_to_form(mapping: SlotMapping, form: str, slot: str) -> SlotMapping:
    """Return the mapping limited to the running form and, except for two types, to when the form asks for the slot."""
    anytime = mapping.type in ("from_entity", "from_trigger_intent")
    return replace(mapping, conditions=(MappingCondition(form, None if anytime else slot),))


def _add_mapping(draft: Draft, slot: str, mapping: SlotMapping) -> None:
    """Add the mapping; equal mappings of several forms become one with all their conditions."""
    mappings = list(draft.slots[slot].mappings)
    for index, other in enumerate(mappings):
        if _differ_only_in_form(other, mapping):
            added = tuple(condition for condition in mapping.conditions if condition not in other.conditions)
            mappings[index] = replace(other, conditions=other.conditions + added)
            break
    else:
        mappings.append(mapping)
    draft.slots[slot] = replace(draft.slots[slot], mappings=tuple(mappings))


def _differ_only_in_form(one: SlotMapping, other: SlotMapping) -> bool:
    """Whether two mappings are equal except for their places and forms: both have conditions, or neither has any."""
    bare = [replace(mapping, conditions=(), place=NOWHERE) for mapping in (one, other)]
    return bare[0] == bare[1] and bool(one.conditions) == bool(other.conditions)


def _report_unmapped(draft: Draft, slot: Slot) -> None:
    if slot.name == REQUESTED_SLOT:
        return
    form = next((form.name for form in draft.forms.values() if slot.name in form.required_slots), None)
    if form is not None and not _may_set(draft, slot.name):
        message = f"The slot `{slot.name}` has no mappings, so `{form}` asks for it again and again."
        cure = "Write under `mappings:` how messages fill it, for example `- type: from_text`."
        draft.report("warning", slot.place, message, cure, "slot-without-mappings")
    else:
        message = f"The slot `{slot.name}` has no mappings: only actions can set it."
        cure = "Write `mappings: [{type: custom}]` if that is meant, or write how messages fill it."
        draft.report("note", slot.place, message, cure, "slot-without-mappings")


def _may_set(draft: Draft, slot: str) -> bool:
    """Whether code may set the slot: project code that names it or validates a form, or actions defined elsewhere."""
    words = words_of_code(draft.folder)
    if slot in words or any(f"validate_{form}" in words for form in draft.forms):
        return True
    return any(name not in words and not name.startswith("utter_") for name in draft.actions)


def settle_fallback(draft: Draft, policies: Components, pipeline: Components) -> Components:
    """Return the pipeline; for a fallback policy, add a classifier to it and a rule to the draft."""
    names = {"FallbackPolicy", "TwoStageFallbackPolicy"}
    policy = next((p for p in policies or () if p.plain_name in names), None)
    if policy is None:
        return pipeline
    steps = (step for story in (*draft.stories, *draft.rules) for step in steps_of(story))
    if not any(isinstance(step, UserStep) and step.intent == _FALLBACK for step in steps):
        draft.rules.append(_fallback_rule(policy))
    if not pipeline or any(c.plain_name == "FallbackClassifier" for c in pipeline):
        return pipeline
    options = {new: policy.options.get(old, default) for new, (old, default) in _THRESHOLDS.items()}
    return (*pipeline, Component("FallbackClassifier", options, policy.place))


def _fallback_rule(policy: Component) -> Story:
    """Return the rule for messages that were not understood."""
    place = policy.place
    user = UserStep(_FALLBACK, place=place)
    if policy.plain_name == "TwoStageFallbackPolicy":
        return Story(
            _FALLBACK, (user, ActionStep(_TWO_STAGES, place), LoopStep(_TWO_STAGES, place)), "rule", place=place
        )
    action = ActionStep(policy.options.get("fallback_action_name") or "action_default_fallback", place)
    return Story(_FALLBACK, (user, action), "rule", place=place)
