"""The entity model: extractors one after another, and the folder they are kept in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final, Protocol, Self

from msgspec import Struct

from bot.learning.folder import ModelError, checksum
from bot.messages import Entity, JsonObject
from bot.nlu.entities.crf import CrfExtractor
from bot.nlu.entities.grammar import GrammarExtractor
from bot.nlu.entities.patterns import PatternExtractor
from bot.nlu.entities.synonyms import SynonymMapper

MANIFEST: Final = "entities.json"
_FORMAT: Final = 1


class Extractor(Protocol):
    """A step of the model: sees the text and what was found so far, gives back what is found now."""

    kind: ClassVar[str]

    def extend(self, text: str, now: datetime, found: list[Entity]) -> list[Entity]:
        """Add to `found`, or change it; never alter the list itself."""

    def dump(self) -> tuple[JsonObject, Mapping[str, bytes]]:
        """Give back the state as JSON, and files by name."""

    @classmethod
    def restore(cls, state: JsonObject, files: Mapping[str, bytes]) -> Self:
        """Build the extractor again from what `dump` gave."""


_KINDS: Final[Mapping[str, type[Extractor]]] = {
    kind.kind: kind for kind in (CrfExtractor, PatternExtractor, GrammarExtractor, SynonymMapper)
}


class EntityModel(Struct, frozen=True):
    """Finds the entities of a message. Made by `train_entities`, or read by `load`."""

    extractors: tuple[Extractor, ...] = ()

    def extract(self, text: str, now: datetime) -> tuple[Entity, ...]:
        """Give the entities of `text`, in the order of the extractors; never raises, whatever the text.

        `now` (aware, UTC) is what "yesterday" refers to. Of two extractors
        that say the very same about the very same span, the first is kept.
        """
        found: list[Entity] = []
        for extractor in self.extractors:
            found = extractor.extend(text, now, found)
        return tuple(found) if len(found) < 2 else _distinct(found)

    def save(self, folder: Path) -> None:
        """Write the model into `folder` (made if need be): a manifest with checksums, and CRFsuite's files."""
        folder.mkdir(parents=True, exist_ok=True)
        states, sums = [], {}
        for at, extractor in enumerate(self.extractors):
            state, files = extractor.dump()
            names = {name: f"{at}-{name}" for name in files}
            for name, data in files.items():
                (folder / names[name]).write_bytes(data)
                sums[names[name]] = checksum(folder / names[name])
            states.append({"kind": extractor.kind, "state": state, "files": names})
        manifest = {"format": _FORMAT, "extractors": states, "sha256": sums}
        (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a model that `save` wrote. Raises ModelError when a file is missing or changed."""
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            if manifest["format"] != _FORMAT:
                raise ModelError(f"{folder / MANIFEST}: format {manifest['format']} is not {_FORMAT}; train again")
            return cls(tuple(_restore(folder, entry, manifest["sha256"]) for entry in manifest["extractors"]))
        except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise ModelError(f"{folder}: the entity model cannot be read ({error}); train again") from error


def _restore(folder: Path, entry: JsonObject, sums: Mapping[str, str]) -> Extractor:
    files = {name: (folder / file).read_bytes() for name, file in entry["files"].items()}
    for file in entry["files"].values():
        if checksum(folder / file) != sums[file]:
            raise ModelError(f"{folder / file} is not the file that was saved; train again")
    return _KINDS[entry["kind"]].restore(entry["state"], files)


def _distinct(found: list[Entity]) -> tuple[Entity, ...]:
    seen = set()
    kept = []
    for entity in found:
        key = (entity.entity, entity.start, entity.end, entity.role, entity.group, repr(entity.value))
        if key not in seen:
            seen.add(key)
            kept.append(entity)
    return tuple(kept)
