"""Entities: learned from examples, matched by patterns and lookup tables, or read by a grammar."""

from bot.nlu.entities.grammar import DIMENSIONS
from bot.nlu.entities.model import EntityModel
from bot.nlu.entities.pipeline import COVERAGE, entities_of, train_entities

__all__ = ["COVERAGE", "DIMENSIONS", "EntityModel", "entities_of", "train_entities"]
