"""Outside changes (a transfer, a card block), as actions and plugins speak of them.

The key and the parameters are fixed when the confirmation is asked; the engine
journals before it calls, and a key is spent once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct

from bot.errors import BotError

Outcome: TypeAlias = Literal["done", "refused", "unknown"]


class EffectResult(Struct, frozen=True):
    """How an outside change ended, and what came back (JSON). `unknown`: it may or may not have happened."""

    outcome: Outcome
    result: Any = None


class Effect(Protocol):
    """One kind of outside change, offered by a plugin's lifespan (`startup.add_effect`)."""

    @property
    def settled_action(self) -> str | None:
        """The action that tells the user once an unknown outcome is known; it runs as a turn of its own."""

    async def perform(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        """Make the change under this idempotency key; `unknown` when it may have reached the other side."""

    async def find(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        """Read the change back: done, refused (it never happened and never will), or still unknown."""


class EffectError(BotError):
    """An action spends what was never prepared, or a kind that no plugin offers."""
