"""The names that content may use, and how to say that one is not among them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from bot.content.diagnostics import Diagnostic, Severity
from bot.content.names import DEFAULT_ACTIONS, DEFAULT_INTENTS, DEFAULT_LOOPS, asks
from bot.content.suggest import did_you_mean
from bot.content.types import ANY, ActionStep, Content, Place, Slot, Step, Story

_OTHER = "__other__"
"""What stands in stories for every value of a categorical slot that it does not list."""


@dataclass(frozen=True)
class Known:
    """A content with its test stories, and what plugins and the project's code say of it.

    `without_examples` are intents in `nlu:` whose examples could not be read or are still to be written, which is told
    by itself. `registered` are the actions of plugins; with `all_registered`, nothing else implements any. `mentioned`
    are the words that stand in the code: a response among them is in use. `named_in_code` are whole texts in it that
    name a response, and `slots_in_code` the slots that it reads or sets and the domain lacks, each with its place.
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
        """The intents that a message may have; of retrieval intents the part before the slash."""
        return DEFAULT_INTENTS | self.content.domain.intents.keys() | set(self.without_examples)

    @cached_property
    def retrieval_intents(self) -> frozenset[str]:
        """The intents with sub-intents: `faq` for examples of `faq/hours`."""
        return frozenset(e.intent.split("/")[0] for e in self.content.nlu.examples if "/" in e.intent)

    @cached_property
    def retrieval_actions(self) -> frozenset[str]:
        """The actions that answer them: `utter_faq` for responses like `utter_faq/hours`."""
        answered = {name.split("/")[0] for name in self.content.domain.responses if "/" in name}
        return frozenset(answered | {f"utter_{name}" for name in self.retrieval_intents})

    @cached_property
    def actions(self) -> frozenset[str]:
        """Everything that may stand behind `action:`."""
        domain = self.content.domain
        named = domain.actions.keys() | domain.forms.keys() | domain.responses.keys() | set(self.registered)
        return DEFAULT_ACTIONS | named | self.retrieval_actions

    @cached_property
    def loops(self) -> frozenset[str]:
        """Everything that may stand behind `active_loop:`."""
        domain = self.content.domain
        return DEFAULT_LOOPS | domain.forms.keys() | domain.actions.keys() | set(self.registered)

    @property
    def has_custom_actions(self) -> bool:
        """Whether code that cannot be seen here may say responses and fill placeholders."""
        return bool(self.registered) or any(name not in DEFAULT_ACTIONS for name in self.content.domain.actions)

    @cached_property
    def said(self) -> frozenset[str]:
        """The responses that stories, rules and forms say themselves, without an action that fills them."""
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
    """Say that `name` is no `kind`; the cure is the nearest known name, if one is near, or to add it."""
    cure = did_you_mean(name, known, add)
    return Diagnostic(severity, place, f"{where} `{name}`, which is no {kind}.", cure, f"unknown-{kind}", name)


def sub_intent(place: Place, where: str, intent: str, who: str, cure: str) -> Diagnostic:
    """Say that `who` sees the retrieval intent alone, as in Rasa, where a sub-intent is named."""
    message = f"{where} `{intent}`: of a retrieval intent, {who} see `{intent.partition('/')[0]}` only."
    return Diagnostic("warning", place, message, cure, "sub-intent")


def unknown_part(place: Place, entity: str, kind: str, name: str, names: Iterable[str]) -> Diagnostic:
    """Say that the entity has no such role or group (`kind`) in the domain."""
    where, add = f"The entity `{entity}` is given the {kind}", f"Add it to the entity's `{kind}s:`."
    found = unknown("warning", place, kind, name, known=names, where=where, add=add)
    return replace(found, name=f"{entity}#{name}")


def steps_of(story: Story) -> Iterator[Step]:
    """A story's steps, the choices of an `or` one by one."""
    for step in story.steps:
        options = getattr(step, "options", None)
        if options is None:
            yield step
        else:
            yield from options


def fits(slot: Slot, value: Any) -> bool:
    """Whether the slot may have the value; what is not known to be wrong fits."""
    if value is None or value is ANY:
        return True
    match slot.type:
        case "bool":
            return isinstance(value, bool)
        case "float":
            return isinstance(value, (int, float)) and not isinstance(value, bool)  # bounds only scale what is learned
        case "list":
            return isinstance(value, list)
        case "categorical":
            listed = {_OTHER, *(str(v).lower() for v in slot.values)}
            return not slot.values or str(value).lower() in listed
        case _:
            return True


def wrong_value(severity: Severity, place: Place, slot: Slot, value: Any, where: str) -> Diagnostic:
    """Say that a slot cannot have the value that it is given or compared with."""
    allowed = {
        "bool": "Write `true` or `false`.",
        "float": "Write a number.",
        "list": "Write a list.",
        "categorical": f"Write one of {', '.join(map(str, slot.values))}, or add it to the slot's `values:`.",
    }
    message = f"{where} `{value}`, which is no value of this {slot.type} slot."
    return Diagnostic(severity, place, message, allowed[slot.type], "slot-value")
