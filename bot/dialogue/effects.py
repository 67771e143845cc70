"""Effects: changes to outside systems (a transfer, a card block), as actions and plugins see them.

The key and the parameters are fixed when the user is asked to confirm; the
engine writes to its journal before the call, and a key is used only once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct

from bot.errors import BotError

Outcome: TypeAlias = Literal["done", "refused", "unknown"]


class EffectResult(Struct, frozen=True):
    """The outcome of an outside change, and its result (JSON). `unknown`: it may or may not have happened."""

    outcome: Outcome
    result: Any = None


class Effect(Protocol):
    """One kind of outside change, registered by a plugin's lifespan (`startup.add_effect`)."""

    @property
    def settled_action(self) -> str | None:
        """The action that informs the user once an unknown outcome is known; it runs as a separate turn."""

    async def perform(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        """Make the change under this idempotency key; return `unknown` if it may have reached the other side."""

    async def find(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        """Look up the change: done, refused (it never happened and never will), or still unknown."""


class EffectError(BotError):
    """An action uses an effect that was never prepared, or of a kind that no plugin registered."""
