"""A small grammar for entities with a regular form: numbers, money, times, durations, addresses."""

from bot.nlu.entities.grammar.extractor import DIMENSIONS, GrammarExtractor
from bot.nlu.entities.grammar.habits import Habits

__all__ = ["DIMENSIONS", "GrammarExtractor", "Habits"]
