"""Trains the matcher on a project's content."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.content import Content, Example
from bot.nlu.classifier import Classifier
from bot.nlu.components import Factory, make_components
from bot.nlu.entities import train_entities
from bot.nlu.features import Features, make_features
from bot.nlu.fingerprint import fingerprint_of
from bot.nlu.model import Known, Model
from bot.nlu.selector import DEFAULT, Selector, intent_of, responses_of
from bot.nlu.settings import Settings, settings_of
from bot.nlu.tfidf import Tfidf
from bot.progress import Progress, silent

_LARGE: Final = 3000
"""With at least this many examples, n-grams that occur only once are left out."""


def train(
    content: Content,
    *,
    seed: int = 0,
    progress: Progress = silent,
    components: Mapping[str, Factory] | None = None,
) -> Model:
    """Train the matcher on a project's content. The same content, seed and versions give the same model.

    `components` are the pipeline components that plugins offer, by name.
    """
    settings = settings_of(content, components or {})
    examples = distinct(content.nlu.examples)
    custom = [(c.name, dict(c.options)) for c in settings.custom]
    featurizers, processors = make_components(custom, components or {})
    progress("features", 0.0)
    intents = dict.fromkeys(intent_of(e.intent) for e in examples)
    texts = [e.text for e in examples] + [name_in_words(intent) for intent in intents]
    tfidf = Tfidf.fit(texts, case_sensitive=settings.case_sensitive, min_count=1 if len(texts) < _LARGE else 2)
    features = make_features(tfidf, featurizers, content.language)
    progress("intents", 0.1)
    ordered = sorted(examples, key=lambda e: intent_of(e.intent))
    classifier = _classifier(features, [(e.text, intent_of(e.intent)) for e in ordered], seed)
    progress("responses", 0.5)
    selectors = _selectors(content, settings, features, examples, seed)
    progress("entities", 0.6)
    entities = train_entities(content)
    progress("done", 1.0)
    return Model(
        fingerprint_of(content, seed),
        content.language,
        features,
        entities,
        classifier=classifier,
        known=[Known(e.text, e.intent, str(e.place)) for e in ordered],
        fallback=settings.fallback,
        selectors=selectors,
        processors=processors,
        custom=custom,
    )


def distinct(examples: Iterable[Example]) -> list[Example]:
    """The examples to learn intents from: those with an intent and a text, each text of an intent once.

    Copies add no information. They would crowd out smaller intents, and put held-out texts into the training data.
    """
    found: dict[tuple[str, str], Example] = {}
    for example in examples:
        if example.intent and example.text.strip():
            found.setdefault((example.intent, example.text), example)
    return list(found.values())


def _classifier(features: Features, pairs: Sequence[tuple[str, str]], seed: int) -> Classifier | None:
    """A classifier for (text, label) pairs that are sorted by label; None if there are none.

    The labels' names are learned too, since authors choose them to describe the intent.
    """
    if not pairs:
        return None
    labels = [label for _, label in pairs]
    hints = list(dict.fromkeys(labels))
    texts = [text for text, _ in pairs] + [name_in_words(label) for label in hints]
    return Classifier.fit(features.of(texts), labels, hints, seed=seed)


def _selectors(
    content: Content, settings: Settings, features: Features, examples: Sequence[Example], seed: int
) -> list[Selector]:
    """A selector for each retrieval intent that the pipeline names, or one for all if it names none."""
    selectors = []
    keyed = sorted(((e.text, e.intent) for e in examples if "/" in e.intent), key=lambda pair: pair[1])
    for name in settings.selectors:
        pairs = [p for p in keyed if name is None or intent_of(p[1]) == name]
        classifier = _classifier(features, pairs, seed)
        if classifier:
            keys = list(dict.fromkeys(key for _, key in pairs))
            selectors.append(Selector(name or DEFAULT, classifier, responses_of(content, keys)))
    return selectors


def name_in_words(label: str) -> str:
    """An intent's name in words: `faq/openingHours` is "opening hours"."""
    last = label.rpartition("/")[2]
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", last)
    return re.sub(r"[_\W]+", " ", apart).strip()
