"""What an action names and there is none of: a response, a slot, another action."""

from __future__ import annotations

from collections.abc import Iterable

from bot.content import Domain
from bot.errors import BotError


class UnknownResponse(BotError):
    """An action says a response that the domain lacks."""

    def __init__(self, response: str, domain: Domain) -> None:
        super().__init__(_none_of("response", response, domain.responses))


class UnknownSlot(BotError):
    """An action sets a slot that the domain lacks."""

    def __init__(self, slot: str, domain: Domain) -> None:
        super().__init__(_none_of("slot", slot, domain.slots))


class UnknownAction(BotError):
    """No plugin, response, form or action server has an action of this name."""

    def __init__(self, action: str, message: str) -> None:
        super().__init__(message)
        self.action = action

    @classmethod
    def among(cls, action: str, known: Iterable[str]) -> UnknownAction:
        """There is no `action`, but there are those `known`."""
        near = _near(action, known)
        return cls(action, f"no plugin, response or form is called `{action}`.{near}")


def _none_of(kind: str, name: str, known: Iterable[str]) -> str:
    return f"the domain has no {kind} `{name}`.{_near(name, known)}"


def _near(name: str, known: Iterable[str]) -> str:
    from bot.content.suggest import did_you_mean  # loads a library that nobody else who writes actions needs

    return f" {did_you_mean(name, known)}".rstrip()
