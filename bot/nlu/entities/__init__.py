"""Entities: learned from examples, found by pattern and table, or read by grammar."""

from bot.nlu.entities.model import MANIFEST, EntityModel
from bot.nlu.entities.pipeline import COVERAGE, train_entities

__all__ = ["COVERAGE", "MANIFEST", "EntityModel", "train_entities"]
