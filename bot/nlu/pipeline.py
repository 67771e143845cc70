"""Notes for `bot validate` on what each component of config.yml's `pipeline:` corresponds to here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bot.content import Component, Content, Diagnostic, Place
from bot.content.names import SAME_AS_NAMED
from bot.content.suggest import did_you_mean
from bot.errors import BotError
from bot.nlu.components import Processor, factory_of
from bot.nlu.entities import COVERAGE, DIMENSIONS, entities_of
from bot.nlu.selector import retrieval_intents
from bot.nlu.settings import CLASSIFIERS

_BUILT_IN: Final = (
    "built into the intent matcher, which has its own tokeniser and features (words, parts of words, static vectors)"
)
_PRETRAINED: Final = "not used: no model of this kind is loaded; the intent matcher's static vectors take its place"
_EQUIVALENTS: Final[Mapping[str, str]] = {
    "WhitespaceTokenizer": _BUILT_IN,
    "JiebaTokenizer": f"{_BUILT_IN}; Chinese is read character by character",
    "MitieTokenizer": _BUILT_IN,
    "SpacyTokenizer": _BUILT_IN,
    "CountVectorsFeaturizer": _BUILT_IN,
    "LexicalSyntacticFeaturizer": "built into the entity extractor's features",
    "SpacyNLP": _PRETRAINED,
    "MitieNLP": _PRETRAINED,
    "SpacyFeaturizer": _PRETRAINED,
    "MitieFeaturizer": _PRETRAINED,
    "LanguageModelFeaturizer": f"{_PRETRAINED}; the semantic pack adds a sentence encoder (`SemanticFeaturizer`)",
    "ConveRTTokenizer": _BUILT_IN,
    "LanguageModelTokenizer": _BUILT_IN,
    "HFTransformersNLP": _PRETRAINED,
    "ConveRTFeaturizer": f"{_PRETRAINED}; the semantic pack adds a sentence encoder (`SemanticFeaturizer`)",
}
_SHOWN: Final = 3
_UNUSED_OPTIONS: Final = (
    "epochs, layers and other options of neural training have no effect here: the matcher is trained to convergence"
)


def describe_pipeline(content: Content, components: Mapping[str, Any] | None = None) -> tuple[Diagnostic, ...]:
    """Notes on components whose names do not say what they do here, errors for unknown ones, and unsupported uses.

    `components` are those that plugins offer, by name.
    """
    offered = components or {}
    return (
        *(diagnostic for component in content.pipeline or () for diagnostic in _describe(component, offered)),
        *_entities_never_found(content, offered),
        *_grammars_with_nothing_to_find(content),
        *_selectors_of_no_intent(content),
    )


def _describe(component: Component, offered: Mapping[str, Any]) -> Iterator[Diagnostic]:
    name = component.plain_name
    parts = ["a plugin's component"] if factory_of(component.name, offered) else []
    if name in CLASSIFIERS:
        parts.append("intents: the intent matcher (softmax regression on n-grams and static vectors)")
    parts += [text for text in (_EQUIVALENTS.get(name), COVERAGE.get(name)) if text]
    if not parts and name not in SAME_AS_NAMED:
        yield Diagnostic(
            "error",
            component.place,
            f"unknown pipeline component {component.name}.",
            "Remove it, or install the plugin that registers it under this name (register_nlu_components).",
            "unknown-component",
        )
        return
    if name not in SAME_AS_NAMED:
        yield Diagnostic("note", component.place, f"{component.name}: {'; '.join(parts)}.", "", "component-mapped")
    if name in COVERAGE:
        yield from _unknown_dimensions(component)
    if name in CLASSIFIERS and {"epochs", "hidden_layers_sizes", "transformer_size"} & component.options.keys():
        yield Diagnostic("note", component.place, f"{component.name}: {_UNUSED_OPTIONS}.", "", "option-unused")


def _unknown_dimensions(component: Component) -> Iterator[Diagnostic]:
    unknown = [asked for asked in component.options.get("dimensions") or () if asked not in DIMENSIONS]
    if unknown:
        cure = f"Remove {'it' if len(unknown) == 1 else 'them'} from `dimensions`, or annotate examples."
        message = f"{component.name}: no extractor here finds {' or '.join(unknown)}."
        yield Diagnostic("warning", component.place, message, cure, "option-unused")


def _entities_never_found(content: Content, offered: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """A pipeline replaces the default extractors, so entities that the content relies on might not be found.

    If it finds some entities, the others that slots are mapped from may come from elsewhere, such as buttons.
    """
    pipeline = content.pipeline
    if pipeline is None or any(_is_processor(c, offered) for c in pipeline):
        return
    found = [names for c in pipeline if (names := entities_of(c, content)) is not None]
    if found:
        unfound = _annotated(content).difference(*found)
        reason = "Nothing in the pipeline learns from annotated examples"
    else:
        unfound = _annotated(content) | _mapped(content)
        reason = "No component of the pipeline finds entities"
    if not unfound:
        return
    message = f"{reason}: {_listed(sorted(unfound))} will not be found in messages."
    cure = (
        "Add `CRFEntityExtractor` (learned from annotated examples), `RegexEntityExtractor` (lookup tables, regexes) "
        "or `TellerEntityExtractor` (numbers, money, times), or remove `pipeline:` to use the default one."
    )
    place = pipeline[0].place if pipeline else Place("config.yml")
    yield Diagnostic("warning", place, message, cure, "no-extractor")


def _grammars_with_nothing_to_find(content: Content) -> Iterator[Diagnostic]:
    """Warn about grammars that look for the domain's entities when it has none that a grammar knows."""
    for component in content.pipeline or ():
        is_open = component.plain_name == "TellerEntityExtractor" and component.options.get("dimensions") is None
        if is_open and not DIMENSIONS & content.domain.entities.keys():
            message = f"{component.name} finds nothing: without `dimensions` it looks for the domain's entities."
            cure = f"List those it should find in `entities:` or `dimensions:` (of {', '.join(sorted(DIMENSIONS))})."
            yield Diagnostic("note", component.place, message, cure, "nothing-to-find")


def _annotated(content: Content) -> set[str]:
    return {mark.entity for example in content.nlu.examples for mark in example.annotations}


def _mapped(content: Content) -> set[str]:
    mappings = (mapping for slot in content.domain.slots.values() for mapping in slot.mappings)
    return {mapping.entity for mapping in mappings if mapping.entity is not None}


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _is_processor(component: Component, offered: Mapping[str, Any]) -> bool:
    """Whether it is a plugin's processor, which can add entities. Failures to create it are reported elsewhere."""
    make = factory_of(component.name, offered)
    if make is None:
        return False
    try:
        return isinstance(make(component.options), Processor)
    except BotError:
        return True


def _selectors_of_no_intent(content: Content) -> Iterator[Diagnostic]:
    """Warn about response selectors for names that are not retrieval intents: they would select nothing."""
    known = retrieval_intents([example.intent for example in content.nlu.examples])
    for component in content.pipeline or ():
        asked = component.options.get("retrieval_intent")
        if component.plain_name == "ResponseSelector" and isinstance(asked, str) and asked not in known:
            cure = did_you_mean(asked, known, f"Write examples of `{asked}/…`, or remove `retrieval_intent`.")
            message = f"{component.name}: the retrieval intent `{asked}` has no examples, so nothing is selected."
            yield Diagnostic("warning", component.place, message, cure, "unknown-intent")
