"""Spending outside changes (a transfer, a card block): journalled before the call, performed once.

The outcome is journalled in the transaction of the turn that reports it: if that turn is lost, the change is still
open, and is looked up and reported later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from msgspec.structs import replace

from bot.dialogue.effects import Effect, EffectError, EffectResult, Outcome
from bot.encoding import decode, encode
from bot.engine.deadline import uncancelled
from bot.engine.protocols import EffectEntry, TurnStore
from bot.sources import Sources


class Effects:
    """Spends prepared effects: the journal entry is durable before the call, and a key is performed once."""

    def __init__(self, store: TurnStore, kinds: Mapping[str, Effect], sources: Sources) -> None:
        self._store = store
        self._kinds = kinds
        self._sources = sources

    def __contains__(self, kind: str) -> bool:
        """Whether a plugin offers this kind."""
        return kind in self._kinds

    @property
    def kinds(self) -> Collection[str]:
        """The kinds that plugins offer."""
        return self._kinds.keys()

    async def spend(self, conversation: str, kind: str, key: str, parameters: Mapping[str, Any]) -> EffectEntry:
        """Perform the effect of this key, or, if it was begun before, find out its outcome.

        Returns the entry to journal with the turn; `result_of` gives its result.
        Raises EffectError when no plugin offers the kind, StoreUnavailable when the journal cannot be written.
        """
        effect = self._kind(kind)
        entry = EffectEntry(key, conversation, kind, encode(parameters), "spending", self._sources.now())
        standing = await self._store.journal(entry)
        if standing.status in ("done", "refused"):
            return standing
        is_first = standing is entry
        asked = effect.perform(key, parameters) if is_first else effect.find(key, parameters)
        return self.settled(entry, await uncancelled(asked))

    async def find(self, entry: EffectEntry) -> EffectResult:
        """Look up the outcome of an unsettled effect; nothing is journalled yet."""
        return await uncancelled(self._kind(entry.kind).find(entry.key, decode(entry.parameters)))

    def settled(self, entry: EffectEntry, result: EffectResult) -> EffectEntry:
        """The journal entry with an effect's outcome."""
        return replace(entry, status=result.outcome, at=self._sources.now(), result=encode(result.result))

    def settled_action(self, kind: str) -> str | None:
        """The action that tells the user about a late outcome of this kind."""
        return self._kind(kind).settled_action

    def _kind(self, kind: str) -> Effect:
        if kind not in self._kinds:
            raise not_offered(kind)
        return self._kinds[kind]


def not_offered(kind: str) -> EffectError:
    """The error for a kind of change that no plugin offers."""
    return EffectError(f"no plugin offers the effect {kind!r}; add it in a lifespan with startup.add_effect")


def result_of(entry: EffectEntry) -> EffectResult:
    """The result of an effect, from its journal entry."""
    outcome = _OUTCOMES.get(entry.status, "unknown")
    return EffectResult(outcome, decode(entry.result) if entry.result is not None else None)


_OUTCOMES: Final[Mapping[str, Outcome]] = {"done": "done", "refused": "refused"}
