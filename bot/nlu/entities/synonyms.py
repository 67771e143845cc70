"""Synonyms: what a phrase was found to say becomes the value that designers gave it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Self

from msgspec import Struct
from msgspec.structs import replace

from bot.content import Content
from bot.messages import Entity, JsonObject


class SynonymMapper(Struct, frozen=True):
    """Replaces the values of entities found before it. Keys are lower case, as Rasa compares them."""

    kind: ClassVar[str] = "synonyms"
    values: Mapping[str, str]

    def extend(self, text: str, now: datetime, found: list[Entity]) -> list[Entity]:
        """Give back the entities with mapped values; `text` and `now` do not matter."""
        return [self._mapped(entity) for entity in found]

    def _mapped(self, entity: Entity) -> Entity:
        value = self.values.get(str(entity.value).lower()) if isinstance(entity.value, str | int | float) else None
        return entity if value is None else replace(entity, value=value)

    def dump(self) -> tuple[JsonObject, Mapping[str, bytes]]:
        """Give back what `restore` needs: a JSON object, and no files."""
        return {"values": dict(self.values)}, {}

    @classmethod
    def restore(cls, state: JsonObject, files: Mapping[str, bytes]) -> Self:
        """Build the mapper again from what `dump` gave."""
        return cls(dict(state["values"]))


def learn_synonyms(content: Content) -> SynonymMapper:
    """Collect `nlu: synonym` entries and the values that annotations give to their texts.

    An annotation maps its text when its value is another string (Rasa's rule);
    an explicit synonym wins over it.
    """
    values = {}
    for example in content.nlu.examples:
        for mark in example.annotations:
            said = example.text[mark.start : mark.end]
            if isinstance(mark.value, str) and mark.value != said:
                values[said.lower()] = mark.value
    values.update({synonym.text.lower(): synonym.value for synonym in content.nlu.synonyms})
    return SynonymMapper(values)
