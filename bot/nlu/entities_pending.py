"""Stands in for the entity extraction until it has landed: finds nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.nlu.entities import COVERAGE, EntityModel, train_entities
else:
    try:
        from bot.nlu.entities import COVERAGE, EntityModel, train_entities
    except ImportError:
        COVERAGE: Mapping[str, str] = {}

        class EntityModel:
            """Finds nothing."""

            def extract(self, text: str, now: datetime) -> tuple:
                """Nothing."""
                return ()

            def save(self, folder: Path) -> None:
                """Nothing to keep."""
                folder.mkdir(parents=True, exist_ok=True)

            @classmethod
            def load(cls, folder: Path) -> EntityModel:
                """The same again."""
                return cls()

        def train_entities(content, seed=0):
            """Nothing learned."""
            return EntityModel()


__all__ = ["COVERAGE", "EntityModel", "train_entities"]
