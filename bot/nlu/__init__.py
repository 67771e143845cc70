"""Understands messages: intents, entities and answers, learned from a project's examples; does no I/O in a turn."""

from bot.nlu.components import Factory, Featurizer, Layered, NluComponent, Processor
from bot.nlu.fingerprint import fingerprint_of
from bot.nlu.model import FALLBACK_INTENT, Model
from bot.nlu.pipeline import describe_pipeline
from bot.nlu.shorthand import parse_shorthand
from bot.nlu.training import train

__all__ = [
    "FALLBACK_INTENT",
    "Factory",
    "Featurizer",
    "Layered",
    "Model",
    "NluComponent",
    "Processor",
    "describe_pipeline",
    "fingerprint_of",
    "parse_shorthand",
    "train",
]
