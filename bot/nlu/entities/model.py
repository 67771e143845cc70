"""The entity model: a sequence of extractors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final, Protocol, Self

from msgspec import Struct

from bot.messages import Entity, JsonObject
from bot.nlu.entities.crf import CrfExtractor
from bot.nlu.entities.grammar import GrammarExtractor
from bot.nlu.entities.patterns import PatternExtractor
from bot.nlu.entities.synonyms import SynonymMapper


class Extractor(Protocol):
    """A step of the model: takes the text and what was found so far, returns what is found now."""

    kind: ClassVar[str]

    def extend(self, text: str, now: datetime, found: list[Entity]) -> list[Entity]:
        """Return `found` with additions or changes; never modify the list itself."""

    def dump(self) -> tuple[JsonObject, Mapping[str, bytes]]:
        """Return the state as JSON, and files by name."""

    @classmethod
    def restore(cls, state: JsonObject, files: Mapping[str, bytes]) -> Self:
        """Rebuild the extractor from what `dump` returned."""


_KINDS: Final[Mapping[str, type[Extractor]]] = {
    extractor.kind: extractor for extractor in (CrfExtractor, PatternExtractor, GrammarExtractor, SynonymMapper)
}


class EntityModel(Struct, frozen=True):
    """Finds the entities of a message. Created by `train_entities` or `restore`."""

    extractors: tuple[Extractor, ...] = ()

    def extract(self, text: str, now: datetime) -> tuple[Entity, ...]:
        """Return the entities of `text`, in the order of the extractors; never raises for any text.

        `now` (aware, UTC) is what "yesterday" is relative to. If two extractors
        find the same value in the same span, the first one's entity is kept,
        unless the second one adds a role or group.
        """
        found: list[Entity] = []
        for extractor in self.extractors:
            found = extractor.extend(text, now, found)
        return tuple(found) if len(found) < 2 else _distinct(found)

    def dump(self) -> tuple[list[JsonObject], dict[str, bytes]]:
        """Return what `restore` needs: each extractor's state as JSON, and files by name."""
        states: list[JsonObject] = []
        files: dict[str, bytes] = {}
        for at, extractor in enumerate(self.extractors):
            state, own_files = extractor.dump()
            states.append({"kind": extractor.kind, "state": state})
            files |= {f"{at}-{name}": data for name, data in own_files.items()}
        return states, files

    @classmethod
    def restore(cls, states: Sequence[JsonObject], files: Mapping[str, bytes]) -> Self:
        """Rebuild the model from what `dump` returned. Raises KeyError, TypeError or ValueError for anything else."""
        extractors = []
        for at, entry in enumerate(states):
            prefix = f"{at}-"
            own_files = {name.removeprefix(prefix): data for name, data in files.items() if name.startswith(prefix)}
            extractors.append(_KINDS[entry["kind"]].restore(entry["state"], own_files))
        return cls(tuple(extractors))


def _distinct(found: list[Entity]) -> tuple[Entity, ...]:
    seen = set()
    kept = []
    for entity in found:
        plain = (entity.entity, entity.start, entity.end, repr(entity.value), None, None)
        key = (*plain[:4], entity.role, entity.group)
        if key not in seen:
            seen |= {plain, key}
            kept.append(entity)
    return tuple(kept)
