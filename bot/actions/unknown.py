"""Errors for names that are used but do not exist: responses, slots, entities, actions, kinds of outside changes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bot.content import Domain
from bot.dialogue.effects import EffectError
from bot.errors import BotError

_NAME: Final = re.compile(r"[\w-]{1,40}")


class Slip(BotError):
    """A mistake in an action's code or in a payload that does not end the action.

    It is the same on every run, so it is reported once.
    """


class UnknownResponse(BotError):
    """An action says a response that the domain lacks."""

    def __init__(self, response: str, domain: Domain) -> None:
        super().__init__(_none_of("response", response, domain.responses))


class UnknownSlot(Slip):
    """An action sets or reads a slot that the domain lacks."""

    def __init__(self, slot: str, domain: Domain) -> None:
        super().__init__(_none_of("slot", slot, domain.slots))


class UnknownEntity(Slip):
    """A shorthand (`/intent{…}`) has an entity that the domain lacks, which is left out.

    The user may have typed it, so what cannot be a name is not repeated.
    """

    def __init__(self, entity: str, domain: Domain) -> None:
        if _NAME.fullmatch(entity):
            super().__init__(_none_of("entity", entity, domain.entities))
        else:
            super().__init__("a shorthand has an entity that has no possible name")


class UnfilledPlaceholder(Slip):
    """A response was said with an unfilled placeholder: neither the action's values nor a slot had a value for it."""

    def __init__(self, response: str, name: str, known: Iterable[str]) -> None:
        what = f"`{response}` was said with `{{{name}}}` left in it"
        super().__init__(f"{what}: no value of this name was given, and no slot has one.{_hint(name, known)}")


class UnknownEffect(EffectError):
    """An action prepares an outside change of a kind that no plugin offers."""

    def __init__(self, kind: str, known: Iterable[str]) -> None:
        cure = "offer it in a lifespan, with `startup.add_effect`"
        if known := sorted(known):
            listed = ", ".join(f"`{name}`" for name in known)
            cure = f"there {'are' if len(known) > 1 else 'is'} {listed}"
        super().__init__(f"no plugin offers the effect `{kind}`; {cure}.{_hint(kind, known)}")


class UnknownAction(BotError):
    """No plugin, response, form or action server has an action of this name."""

    def __init__(self, action: str, message: str) -> None:
        super().__init__(message)
        self.action = action

    @classmethod
    def among(cls, action: str, known: Iterable[str]) -> UnknownAction:
        """The error for `action`, which is not among the `known` actions."""
        return cls(action, f"no plugin, response or form is called `{action}`.{_hint(action, known)}")


def _none_of(kind: str, name: str, known: Iterable[str]) -> str:
    return f"the domain has no {kind} `{name}`.{_hint(name, known)}"


def _hint(name: str, known: Iterable[str]) -> str:
    """A question after the known name that is nearest, with a space before it; empty if none is near."""
    from bot.content.suggest import did_you_mean  # imports a library that actions do not need otherwise

    return f" {did_you_mean(name, known)}".rstrip()
