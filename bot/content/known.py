"""The names that content can use, and the diagnostics for names that are not among them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from bot.content.diagnostics import Diagnostic, Severity
from bot.content.names import DEFAULT_ACTIONS, DEFAULT_INTENTS, DEFAULT_LOOPS, asks
from bot.content.suggest import did_you_mean
from bot.content.types import ANY, ActionStep, Content, LoopStep, OrStep, Place, Slot, Step, Story

_OTHER = "__other__"
"""Represents, in stories, every value of a categorical slot that the slot does not list."""


@dataclass(frozen=True)
class Known:
    """A project's content with its test stories, and what is known from plugins and the project's code.

    `without_examples` are intents in `nlu:` whose examples are unreadable or still missing, which is reported
    separately. `registered` are the actions of plugins; with `all_registered`, nothing else implements any. `mentioned`
    are the words in the code: a response among them counts as used. `named_in_code` are string literals that name a
    response, and `slots_in_code` slots that the code reads or sets but the domain lacks, each with its place.
    """

    content: Content
    tests: tuple[Story, ...] = ()
    without_examples: Collection[str] = ()
    registered: Collection[str] = ()
    mentioned: Collection[str] = ()
    all_registered: bool = False
    named_in_code: Mapping[str, Place] = field(default_factory=dict)
    slots_in_code: Mapping[str, Place] = field(default_factory=dict)

    @cached_property
    def intents(self) -> frozenset[str]:
        """The intents that a message can have; for retrieval intents, the part before the slash."""
        return DEFAULT_INTENTS | self.content.domain.intents.keys() | set(self.without_examples)

    @cached_property
    def retrieval_intents(self) -> frozenset[str]:
        """The intents with sub-intents: `faq` for examples of `faq/hours`."""
        return frozenset(e.intent.split("/")[0] for e in self.content.nlu.examples if "/" in e.intent)

    @cached_property
    def retrieval_actions(self) -> frozenset[str]:
        """The actions that answer retrieval intents: `utter_faq` for responses like `utter_faq/hours`."""
        answered = {name.split("/")[0] for name in self.content.domain.responses if "/" in name}
        return frozenset(answered | {f"utter_{name}" for name in self.retrieval_intents})

    @cached_property
    def actions(self) -> frozenset[str]:
        """Every name that can follow `action:`."""
        domain = self.content.domain
        named = domain.actions.keys() | domain.forms.keys() | domain.responses.keys() | set(self.registered)
        return DEFAULT_ACTIONS | named | self.retrieval_actions

    @cached_property
    def loops(self) -> frozenset[str]:
        """Every name that can follow `active_loop:`."""
        domain = self.content.domain
        return DEFAULT_LOOPS | domain.forms.keys() | domain.actions.keys() | set(self.registered)

    @property
    def has_custom_actions(self) -> bool:
        """Whether there is code that may say responses and fill placeholders, unseen by the checks."""
        return bool(self.registered) or any(name not in DEFAULT_ACTIONS for name in self.content.domain.actions)

    @cached_property
    def said(self) -> frozenset[str]:
        """The responses that stories, rules and forms say directly, without an action that fills them."""
        steps = (step for story in self.trained for step in story.steps)
        forms = self.content.domain.forms.values()
        asked = {ask for form in forms for slot in form.required_slots for ask in asks(form.name, slot)}
        return frozenset(step.name for step in steps if isinstance(step, ActionStep)) | asked

    @cached_property
    def trained(self) -> tuple[Story, ...]:
        """Stories and rules."""
        return self.content.stories + self.content.rules


def unknown(
    severity: Severity, place: Place, kind: str, name: str, *, known: Iterable[str], where: str, add: str
) -> Diagnostic:
    """Report that `name` is not a known `kind`; the fix suggests a similar known name, if any, or `add`."""
    cure = did_you_mean(name, known, add)
    return Diagnostic(severity, place, f"{where} `{name}`, which is not a known {kind}.", cure, f"unknown-{kind}", name)


def sub_intent(place: Place, where: str, intent: str, readers: str, cure: str) -> Diagnostic:
    """Report that a sub-intent is named where its `readers` see only the retrieval intent, as in Rasa."""
    message = f"{where} `{intent}`, but {readers} see only the retrieval intent, `{intent.partition('/')[0]}`."
    return Diagnostic("warning", place, message, cure, "sub-intent")


def unknown_part(place: Place, entity: str, kind: str, name: str, names: Iterable[str]) -> Diagnostic:
    """Report that the entity has no such role or group (`kind`) in the domain."""
    where, add = f"The entity `{entity}` has the {kind}", f"Add it to the entity's `{kind}s:`."
    found = unknown("warning", place, kind, name, known=names, where=where, add=add)
    return replace(found, name=f"{entity}#{name}")


def steps_of(story: Story) -> Iterator[Step]:
    """A story's steps, with the options of each `or` one by one."""
    for step in story.steps:
        if isinstance(step, OrStep):
            yield from step.options
        else:
            yield step


def initial_loop(story: Story) -> str | None:
    """The loop that a rule's condition names; None if it names none."""
    return next((step.name for step in story.condition if isinstance(step, LoopStep)), None)


def fits(slot: Slot, value: Any) -> bool:
    """Whether the slot can have the value; anything not known to be wrong fits."""
    if value is None or value is ANY:
        return True
    match slot.type:
        case "bool":
            return isinstance(value, bool)
        case "float":
            return isinstance(value, (int, float)) and not isinstance(value, bool)  # the bounds only scale the feature
        case "list":
            return isinstance(value, list)
        case "categorical":
            listed = {_OTHER, *(str(v).lower() for v in slot.values)}
            return not slot.values or str(value).lower() in listed
        case _:
            return True


def wrong_value(severity: Severity, place: Place, slot: Slot, value: Any, where: str) -> Diagnostic:
    """Report that a slot cannot have the value that it is set to or compared with."""
    allowed = {
        "bool": "Write `true` or `false`.",
        "float": "Write a number.",
        "list": "Write a list.",
        "categorical": f"Write one of {', '.join(map(str, slot.values))}, or add it to the slot's `values:`.",
    }
    message = f"{where} `{value}`, which is not a possible value of this {slot.type} slot."
    return Diagnostic(severity, place, message, allowed[slot.type], "slot-value")
