"""Forms in stories and rules: whether each is started, and whether something follows it."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Final

from bot.content.diagnostics import Diagnostic, Severity
from bot.content.known import Known, initial_loop, steps_of
from bot.content.types import ActionStep, LoopStep, OrStep, Slot, Story, UserStep

_FALLBACK_OPTIONS: Final = ("core_fallback_action_name", "fallback_action_name", "enable_fallback_prediction")
"""The options of policies that change what happens when no policy is confident."""


def check_forms(known: Known, meant: Set[str]) -> Iterator[Diagnostic]:
    """Forms that nothing starts or nothing follows, except `meant`: names suggested in place of misspelt ones."""
    if not any(story.steps for story in known.trained):
        return
    started = {name for story in known.trained for name in _started(story)}
    ended = {name for story in known.trained for name in _ended(story)}
    for name, form in known.content.domain.forms.items():
        if name in known.mentioned or name in meant:
            continue
        if name not in started:
            message = f"No rule or story starts the form `{name}`."
            cure = (
                f"Write a rule with `- intent: …`, `- action: {name}` and `- active_loop: {name}`, or remove the form."
            )
            severity: Severity = "note" if known.has_custom_actions and not known.all_registered else "warning"
            yield Diagnostic(severity, form.place, message, cure, "unused-form")
        elif name not in ended and form.required_slots:
            message = f"No rule or story says what happens when the form `{name}` is filled."
            cure = (
                f"Write a rule with the condition `- active_loop: {name}` and the steps `- action: {name}`, "
                "`- active_loop: null` and what the bot does then: `- action: …`."
            )
            yield Diagnostic("warning", form.place, message, cure, "nothing-follows")
        elif not form.required_slots and f"validate_{name}" not in known.actions:
            message = (
                f"The form `{name}` has no `required_slots`, so it is filled as soon as it starts, and asks nothing."
            )
            cure = "List the slots to ask for, or say which in an action `validate_…` of the action server."
            yield Diagnostic("note", form.place, message, cure.replace("…", name), "form-without-slots")
    yield from _silent_form(known)


def _silent_form(known: Known) -> Iterator[Diagnostic]:
    """The first form with a slot that some answers do not fill, if the default fallback has nothing to say to them."""
    domain = known.content.domain
    runs = {step.name for story in known.trained for step in steps_of(story) if isinstance(step, ActionStep)}
    if "utter_default" in known.actions or "action_default_fallback" in {*known.registered, *domain.actions, *runs}:
        return
    if any(key in entry.options for entry in known.content.policies or () for key in _FALLBACK_OPTIONS):
        return
    for form in sorted(domain.forms.values(), key=lambda form: form.place):
        slot = next((slot for slot in form.required_slots if _is_choosy(domain.slots.get(slot))), None)
        if slot is not None:
            message = (
                f"If an answer to the form `{form.name}` does not fill `{slot}`, and no rule or story says what then, "
                "the bot says nothing."
            )
            cure = "Add `utter_default:` to `responses:`: it is said whenever nobody knows what to do."
            yield Diagnostic("note", form.place, message, cure, "missing-response")
            return


def _is_choosy(slot: Slot | None) -> bool:
    """Whether the slot's mappings fill it from some messages only; a custom one may take any."""
    mappings = slot.mappings if slot else ()
    return bool(mappings) and all(m.intent or m.not_intent or m.type not in ("from_text", "custom") for m in mappings)


def _started(story: Story) -> Iterator[str]:
    """The actions that a story runs while they are not yet the active loop."""
    active = initial_loop(story)
    for step in story.steps:
        if isinstance(step, LoopStep):
            active = step.name
        elif isinstance(step, ActionStep) and step.name != active:
            yield step.name


def _ended(story: Story) -> Iterator[str]:
    """The actions after which, before the next message, their loop ends or another action follows."""
    last = None
    for step in story.steps:
        if isinstance(step, (ActionStep, LoopStep)) and last is not None and step.name != last:
            yield last
        if isinstance(step, ActionStep):
            last = step.name
        elif isinstance(step, (UserStep, OrStep)):
            last = None
