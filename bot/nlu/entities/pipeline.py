"""Chooses a project's extractors: those that its `pipeline:` names, with Rasa's meaning, or the defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct, field

from bot.content import Component, Content
from bot.messages import JsonObject
from bot.nlu.entities.clusters import WordClusters
from bot.nlu.entities.crf import learn_crf
from bot.nlu.entities.grammar import DIMENSIONS, GrammarExtractor, Habits
from bot.nlu.entities.model import EntityModel, Extractor
from bot.nlu.entities.patterns import PatternExtractor, PatternOptions, Patterns, collect_patterns
from bot.nlu.entities.synonyms import learn_synonyms

DEFAULT_PIPELINE: Final = (
    Component("RegexFeaturizer"),
    Component("CRFEntityExtractor"),
    Component("RegexEntityExtractor"),
    Component("EntitySynonymMapper"),
    Component("TellerEntityExtractor"),
)

_DUCKLING: Final = (
    "Teller's own grammar with Duckling's names and values; no server is called; "
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
    "TellerEntityExtractor": "Teller's own grammar for numbers, money, times, durations, addresses and phone numbers",
    "SpacyEntityExtractor": (
        "not supported: spaCy's models are not used; annotate examples, or list names in a lookup table"
    ),
    "MitieEntityExtractor": (
        "not supported: MITIE's models are not used; a CRFEntityExtractor learns from the same annotations"
    ),
}
"""What each of Rasa's entity components corresponds to here, in a sentence for `bot validate`."""


def entities_of(component: Component, content: Content) -> frozenset[str] | None:
    """The names of the entities that a pipeline component can find in messages; None if it is not an extractor.

    They come from annotated examples, from the names of tables and regexes, or from the grammar's dimensions.
    """
    names = _NAMES.get(component.plain_name)
    return names(content, component.options) if names else None


def _annotated(content: Content, options: JsonObject) -> frozenset[str]:
    return frozenset(mark.entity for example in content.nlu.examples for mark in example.annotations)


def _annotated_for_diet(content: Content, options: JsonObject) -> frozenset[str] | None:
    return _annotated(content, options) if options.get("entity_recognition", True) else None


def _pattern_names(content: Content, options: JsonObject) -> frozenset[str]:
    patterns = _named_patterns(content, options)
    return frozenset(name for name, _ in (*patterns.regexes, *patterns.lookups))


def _named_patterns(content: Content, options: JsonObject) -> Patterns:
    """The regexes and tables whose name is an entity."""
    names = _annotated(content, options) | set(content.domain.entities)
    return collect_patterns(content, PatternOptions.read(options), names)


def _duckling_dimensions(content: Content, options: JsonObject) -> frozenset[str]:
    return _dimensions(options, DIMENSIONS)


def _teller_dimensions(content: Content, options: JsonObject) -> frozenset[str]:
    return _dimensions(options, content.domain.entities)


def _dimensions(options: JsonObject, default: Iterable[str]) -> frozenset[str]:
    dimensions = options.get("dimensions")
    return frozenset(default if dimensions is None else dimensions) & DIMENSIONS


def train_entities(content: Content) -> EntityModel:
    """Learn the project's entities. The same content gives the same model.

    Components run in the order of `pipeline:`; those that have nothing to do with entities are ignored.
    """
    plan = _Plan(content)
    components = DEFAULT_PIPELINE if content.pipeline is None else content.pipeline
    for component in components:
        step = _STEPS.get(component.plain_name)
        if step:
            step(plan, component.plain_name, component.options)
    return EntityModel(tuple(plan.extractors))


class _Plan(Struct):
    """The extractors of the components so far; each method adds those of one component, or changes the plan."""

    content: Content
    extractors: list[Extractor] = field(default_factory=list)
    features: PatternOptions = PatternOptions(use_lookup_tables=False, use_regexes=False)

    def use_features(self, name: str, options: JsonObject) -> None:
        self.features = PatternOptions.read(options)

    def add_crf(self, name: str, options: JsonObject) -> None:
        if any(extractor.kind == "crf" for extractor in self.extractors):
            return  # a second tagger trained on the same examples would find the same
        patterns = collect_patterns(self.content, self.features)
        clusters = WordClusters() if self.content.language.partition("_")[0] == "en" else None
        learned = learn_crf(name, self.content.nlu.examples, patterns, clusters)
        if learned:
            self.extractors.append(learned)

    def add_diet(self, name: str, options: JsonObject) -> None:
        if options.get("entity_recognition", True):
            self.add_crf(name, options)

    def add_patterns(self, name: str, options: JsonObject) -> None:
        patterns = _named_patterns(self.content, options)
        if not patterns.empty:
            self.extractors.append(PatternExtractor(name, patterns))

    def add_synonyms(self, name: str, options: JsonObject) -> None:
        mapper = learn_synonyms(self.content)
        if mapper.values:
            self.extractors.append(mapper)

    def add_duckling(self, name: str, options: JsonObject) -> None:
        habits = Habits.of_duckling(options, self.content.language)
        self.extractors.append(GrammarExtractor(name, _duckling_dimensions(self.content, options), habits))

    def add_grammar(self, name: str, options: JsonObject) -> None:
        dimensions = _teller_dimensions(self.content, options)
        if dimensions:
            habits = Habits.of_teller(options, self.content.language)
            self.extractors.append(GrammarExtractor(name, dimensions, habits))


_NAMES: Final[Mapping[str, Callable[[Content, JsonObject], frozenset[str] | None]]] = {
    "CRFEntityExtractor": _annotated,
    "DIETClassifier": _annotated_for_diet,
    "RegexEntityExtractor": _pattern_names,
    "DucklingEntityExtractor": _duckling_dimensions,
    "DucklingHTTPExtractor": _duckling_dimensions,
    "TellerEntityExtractor": _teller_dimensions,
}

_STEPS: Final = {
    "RegexFeaturizer": _Plan.use_features,
    "CRFEntityExtractor": _Plan.add_crf,
    "DIETClassifier": _Plan.add_diet,
    "RegexEntityExtractor": _Plan.add_patterns,
    "EntitySynonymMapper": _Plan.add_synonyms,
    "DucklingEntityExtractor": _Plan.add_duckling,
    "DucklingHTTPExtractor": _Plan.add_duckling,
    "TellerEntityExtractor": _Plan.add_grammar,
}
