"""A small grammar for what has a form rather than examples: numbers, money, times, durations, addresses."""

from bot.nlu.entities.grammar.extractor import DIMENSIONS, GrammarExtractor
from bot.nlu.entities.grammar.habits import Habits

__all__ = ["DIMENSIONS", "GrammarExtractor", "Habits"]
