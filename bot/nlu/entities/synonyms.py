"""Synonyms: replaces the text of an entity by the value that the project gives for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Self

from msgspec import Struct
from msgspec.structs import replace

from bot.content import Content
from bot.messages import Entity, JsonObject
from bot.nlu.entities.words import folded_phrase


class SynonymMapper(Struct, frozen=True):
    """Replaces the values of entities found before it. Keys are folded words, as lookup tables compare them."""

    kind: ClassVar[str] = "synonyms"
    values: Mapping[str, str]

    def extend(self, text: str, now: datetime, found: list[Entity]) -> list[Entity]:
        """Return the entities with mapped values; `text` and `now` are not used."""
        return [self._mapped(entity) for entity in found]

    def _mapped(self, entity: Entity) -> Entity:
        if not isinstance(entity.value, str | int | float):
            return entity
        value = self.values.get(folded_phrase(str(entity.value)))
        return entity if value is None else replace(entity, value=value)

    def dump(self) -> tuple[JsonObject, Mapping[str, bytes]]:
        """Return what `restore` needs: a JSON object, and no files."""
        return {"values": dict(self.values)}, {}

    @classmethod
    def restore(cls, state: JsonObject, files: Mapping[str, bytes]) -> Self:
        """Rebuild the mapper from what `dump` returned."""
        return cls(dict(state["values"]))


def learn_synonyms(content: Content) -> SynonymMapper:
    """Collect `synonym:` entries and the values that annotations give to their texts; entries take precedence."""
    synonyms = (*content.nlu.marked_synonyms, *content.nlu.synonyms)
    return SynonymMapper({folded_phrase(synonym.text): synonym.value for synonym in synonyms})
