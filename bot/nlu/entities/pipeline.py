"""Which extractors a project gets: what its `pipeline:` names, with Rasa's meaning, or our defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from bot.content import Component, Content
from bot.messages import JsonObject
from bot.nlu.entities.clusters import WordClusters
from bot.nlu.entities.crf import learn_crf
from bot.nlu.entities.grammar import DIMENSIONS, GrammarExtractor, Habits
from bot.nlu.entities.model import EntityModel, Extractor
from bot.nlu.entities.patterns import PatternExtractor, PatternOptions, collect_patterns
from bot.nlu.entities.synonyms import learn_synonyms

DEFAULT_PIPELINE: Final = (
    Component("RegexFeaturizer"),
    Component("CRFEntityExtractor"),
    Component("RegexEntityExtractor"),
    Component("EntitySynonymMapper"),
    Component("TellerEntityExtractor"),
)

_DUCKLING: Final = (
    "our own grammar with Duckling's names and values; no server is called; "
    f"its dimensions are {', '.join(sorted(DIMENSIONS))}"
)

COVERAGE: Final[Mapping[str, str]] = {
    "DIETClassifier": "entities: a CRF learned from the annotated examples, with roles and groups",
    "CRFEntityExtractor": "a CRF learned from the annotated examples, with roles and groups",
    "RegexFeaturizer": "regexes and lookup tables as features of the learned entities",
    "RegexEntityExtractor": "regexes and lookup tables as entities; `fuzzy: true` finds misspelt entries too",
    "EntitySynonymMapper": "synonyms",
    "DucklingEntityExtractor": _DUCKLING,
    "DucklingHTTPExtractor": _DUCKLING,
    "TellerEntityExtractor": "our own grammar for numbers, money, times, durations, addresses and phone numbers",
    "SpacyEntityExtractor": (
        "not covered: nothing is learned from spaCy's models; annotate examples, or list names in a lookup table"
    ),
    "MitieEntityExtractor": (
        "not covered: nothing is learned from MITIE's models; a CRFEntityExtractor learns from the same annotations"
    ),
}
"""What each entity component of Rasa's is here, a sentence for `bot validate`."""


def finds_entities(component: Component) -> bool:
    """Whether a component of the pipeline is an extractor: it finds entities in what users say."""
    if component.plain_name == "DIETClassifier":
        return bool(component.options.get("entity_recognition", True))
    return component.plain_name in _EXTRACTORS


def train_entities(content: Content) -> EntityModel:
    """Learn the project's entities. The same content gives the same model.

    Components run in the order of `pipeline:`; names that have nothing to do with entities are passed over.
    """
    plan = _Plan(content)
    components = DEFAULT_PIPELINE if content.pipeline is None else content.pipeline
    for component in components:
        step = _STEPS.get(component.plain_name)
        if step:
            step(plan, component.plain_name, component.options)
    return EntityModel(tuple(plan.extractors))


class _Plan(Struct):
    content: Content
    extractors: list[Extractor] = field(default_factory=list)
    features: PatternOptions | None = None

    @property
    def names(self) -> frozenset[str]:
        annotated = {mark.entity for example in self.content.nlu.examples for mark in example.annotations}
        return frozenset(annotated | set(self.content.domain.entities))

    def featurizer(self, name: str, options: JsonObject) -> None:
        self.features = PatternOptions.read(options)

    def crf(self, name: str, options: JsonObject) -> None:
        if any(extractor.kind == "crf" for extractor in self.extractors):
            return  # a second learner of the same examples would find the same again
        none = PatternOptions(use_lookup_tables=False, use_regexes=False)
        patterns = collect_patterns(self.content, self.features or none)
        clusters = WordClusters() if self.content.language.partition("_")[0] == "en" else None
        learned = learn_crf(name, self.content.nlu.examples, patterns, clusters)
        if learned:
            self.extractors.append(learned)

    def diet(self, name: str, options: JsonObject) -> None:
        if options.get("entity_recognition", True):
            self.crf(name, options)

    def patterns(self, name: str, options: JsonObject) -> None:
        patterns = collect_patterns(self.content, PatternOptions.read(options), self.names)
        if not patterns.empty:
            self.extractors.append(PatternExtractor(name, patterns))

    def synonyms(self, name: str, options: JsonObject) -> None:
        mapper = learn_synonyms(self.content)
        if mapper.values:
            self.extractors.append(mapper)

    def duckling(self, name: str, options: JsonObject) -> None:
        dimensions = options.get("dimensions")
        asked = frozenset(dimensions) if dimensions is not None else DIMENSIONS
        habits = Habits.of_duckling(options, self.content.language)
        self.extractors.append(GrammarExtractor(name, asked & DIMENSIONS, habits))

    def grammar(self, name: str, options: JsonObject) -> None:
        dimensions = options.get("dimensions")
        asked = frozenset(dimensions) if dimensions is not None else frozenset(self.content.domain.entities)
        if asked & DIMENSIONS:
            habits = Habits.of_teller(options, self.content.language)
            self.extractors.append(GrammarExtractor(name, asked & DIMENSIONS, habits))


_EXTRACTORS: Final = frozenset(
    {
        "CRFEntityExtractor",
        "DucklingEntityExtractor",
        "DucklingHTTPExtractor",
        "RegexEntityExtractor",
        "TellerEntityExtractor",
    }
)

_STEPS: Final = {
    "RegexFeaturizer": _Plan.featurizer,
    "CRFEntityExtractor": _Plan.crf,
    "DIETClassifier": _Plan.diet,
    "RegexEntityExtractor": _Plan.patterns,
    "EntitySynonymMapper": _Plan.synonyms,
    "DucklingEntityExtractor": _Plan.duckling,
    "DucklingHTTPExtractor": _Plan.duckling,
    "TellerEntityExtractor": _Plan.grammar,
}
