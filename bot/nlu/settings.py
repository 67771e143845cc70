"""The matcher's settings from config.yml's `pipeline:`, including Rasa's component names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from bot.content import Component, Content
from bot.nlu.components import factory_of

CLASSIFIERS: Final = frozenset(
    {"DIETClassifier", "LogisticRegressionClassifier", "SklearnIntentClassifier", "KeywordIntentClassifier",
     "MitieIntentClassifier", "IntentMatcher"}
)  # fmt: skip
DEFAULT_AMBIGUITY: Final = 0.1


class Fallback(Struct, frozen=True):
    """When a message counts as not understood. If `threshold` is None, one is chosen on the project's own data."""

    threshold: float | None = None
    ambiguity: float = DEFAULT_AMBIGUITY


class Settings(Struct, frozen=True):
    """The pipeline as the matcher reads it.

    `selectors` are the retrieval intents to select answers for; None means
    all of them together (Rasa's `default`). `custom` are plugins' components.
    """

    case_sensitive: bool = False
    fallback: Fallback | None = Fallback()
    selectors: tuple[str | None, ...] = (None,)
    custom: tuple[Component, ...] = ()


def settings_of(content: Content, components: Mapping[str, Any]) -> Settings:
    """Read `content.pipeline`; without an intent classifier in it, the matcher and its fallback are used anyway."""
    pipeline = content.pipeline or ()
    options = {c.plain_name: c.options for c in pipeline}
    as_written = "FallbackClassifier" in options or bool(CLASSIFIERS & options.keys())
    return Settings(
        case_sensitive=_case_sensitive(pipeline),
        fallback=_fallback(options.get("FallbackClassifier")) if as_written else Fallback(),
        selectors=_selectors(pipeline),
        custom=tuple(c for c in pipeline if factory_of(c.name, components)),
    )


def _case_sensitive(pipeline: tuple[Component, ...]) -> bool:
    """Whether case matters: some component is set to keep it, and none folds it."""
    flags = [
        c.options.get("case_sensitive", c.options.get("lowercase") is False)
        for c in pipeline
        if c.plain_name in {"CountVectorsFeaturizer", "KeywordIntentClassifier", "IntentMatcher"}
    ]
    return bool(flags) and all(flags)


def _fallback(options: Mapping[str, Any] | None) -> Fallback | None:
    if options is None:
        return None
    threshold = options.get("threshold")
    ambiguity = options.get("ambiguity_threshold")
    return Fallback(
        threshold=None if threshold is None else float(threshold),
        ambiguity=DEFAULT_AMBIGUITY if ambiguity is None else float(ambiguity),
    )


def _selectors(pipeline: tuple[Component, ...]) -> tuple[str | None, ...]:
    intents = [c.options.get("retrieval_intent") for c in pipeline if c.plain_name == "ResponseSelector"]
    return tuple(dict.fromkeys(intents or [None]))
