"""Spending outside changes (a transfer, a card block): journalled before the call, performed once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from bot.dialogue.effects import Effect, EffectError, EffectResult, Outcome
from bot.encoding import decode, encode
from bot.engine.protocols import EffectEntry, TurnStore
from bot.sources import Sources


class Effects:
    """Spends prepared effects: the journal entry is durable before the call, and a key is performed once."""

    def __init__(self, store: TurnStore, kinds: Mapping[str, Effect], sources: Sources) -> None:
        self._store = store
        self._kinds = kinds
        self._sources = sources

    async def spend(self, conversation: str, kind: str, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        """Perform the effect of this key, or, where that was begun before, find out what became of it.

        Raises EffectError when no plugin offers the kind, StoreUnavailable when the journal cannot be written.
        """
        effect = self._kind(kind)
        entry = self._entry(key, conversation, kind, parameters, "spending")
        standing = await self._store.journal(entry)
        if standing.status in ("done", "refused"):
            return _result(standing)
        first = standing is entry
        result = await (effect.perform if first else effect.find)(key, parameters)
        return await self.settle(entry, result)

    async def find(self, entry: EffectEntry) -> EffectResult:
        """Read an unsettled effect back; nothing is journalled yet."""
        return await self._kind(entry.kind).find(entry.key, decode(entry.parameters))

    async def settle(self, entry: EffectEntry, result: EffectResult) -> EffectResult:
        """Journal what became of an effect; gives what stands."""
        settled = replace(entry, status=result.outcome, at=self._sources.now(), result=encode(result.result))
        return _result(await self._store.journal(settled))

    def settled_action(self, kind: str) -> str | None:
        """The action that tells the user of a late outcome of this kind."""
        return self._kind(kind).settled_action

    def _kind(self, kind: str) -> Effect:
        if kind not in self._kinds:
            raise EffectError(f"no plugin offers the effect {kind!r}; add it in a lifespan with startup.add_effect")
        return self._kinds[kind]

    def _entry(self, key: str, conversation: str, kind: str, parameters: Mapping[str, Any], status: str) -> EffectEntry:
        return EffectEntry(key, conversation, kind, encode(parameters), status, self._sources.now())


def _result(entry: EffectEntry) -> EffectResult:
    outcome: Outcome = "done" if entry.status == "done" else "refused" if entry.status == "refused" else "unknown"
    return EffectResult(outcome, decode(entry.result) if entry.result is not None else None)
