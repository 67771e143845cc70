"""Names (Rasa's) that every bot knows without listing them in its domain."""

from __future__ import annotations

import re
from typing import Final

PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][\w.-]*)\}")
"""A slot's or value's name in a response. Other braces are literal: a button's `/choose{"cake": "cheesecake"}`."""

DEFAULT_INTENTS: Final = frozenset({"restart", "back", "session_start", "out_of_scope", "nlu_fallback"})

DEFAULT_ACTIONS: Final = frozenset(
    {
        "action_listen",
        "action_restart",
        "action_session_start",
        "action_default_fallback",
        "action_deactivate_loop",
        "action_revert_fallback_events",
        "action_default_ask_affirmation",
        "action_default_ask_rephrase",
        "action_two_stage_fallback",
        "action_unlikely_intent",
        "action_back",
        "action_extract_slots",
        "action_send_text",
        "...",
    }
)

PIPELINE_NAMES: Final = frozenset(
    {
        "CRFEntityExtractor",
        "ConveRTFeaturizer",
        "ConveRTTokenizer",
        "CountVectorsFeaturizer",
        "DIETClassifier",
        "DucklingEntityExtractor",
        "DucklingHTTPExtractor",
        "EntitySynonymMapper",
        "FallbackClassifier",
        "HFTransformersNLP",
        "IntentMatcher",
        "JiebaTokenizer",
        "KeywordIntentClassifier",
        "LanguageModelFeaturizer",
        "LanguageModelTokenizer",
        "LexicalSyntacticFeaturizer",
        "LogisticRegressionClassifier",
        "MitieEntityExtractor",
        "MitieFeaturizer",
        "MitieIntentClassifier",
        "MitieNLP",
        "MitieTokenizer",
        "RegexEntityExtractor",
        "RegexFeaturizer",
        "ResponseSelector",
        "SklearnIntentClassifier",
        "SpacyEntityExtractor",
        "SpacyFeaturizer",
        "SpacyNLP",
        "SpacyTokenizer",
        "TellerEntityExtractor",
        "WhitespaceTokenizer",
    }
)
"""The supported pipeline components, without those of plugins."""

POLICY_NAMES: Final = frozenset(
    {
        "AugmentedMemoizationPolicy",
        "EmbeddingPolicy",
        "FallbackPolicy",
        "FormPolicy",
        "KerasPolicy",
        "LearnedPolicy",
        "MappingPolicy",
        "MemoizationPolicy",
        "RulePolicy",
        "SklearnPolicy",
        "TEDPolicy",
        "TwoStageFallbackPolicy",
        "UnexpecTEDIntentPolicy",
    }
)
"""The supported policies, without those of plugins."""

SAME_AS_NAMED: Final = frozenset(
    {
        "AugmentedMemoizationPolicy",
        "CRFEntityExtractor",
        "EntitySynonymMapper",
        "FallbackClassifier",
        "IntentMatcher",
        "LearnedPolicy",
        "MemoizationPolicy",
        "RegexEntityExtractor",
        "RegexFeaturizer",
        "ResponseSelector",
        "RulePolicy",
        "TellerEntityExtractor",
    }
)
"""Components and policies that do here what their names say, so that no note about what replaces them is needed."""

DEFAULT_LOOPS: Final = frozenset({"action_two_stage_fallback"})

REQUESTED_SLOT: Final = "requested_slot"

DEFAULT_SLOTS: Final = frozenset({REQUESTED_SLOT, "session_started_metadata"})


def asks(form: str, slot: str) -> tuple[str, ...]:
    """The names that can ask for a slot of a form, in order: the first that exists is used."""
    return (f"action_ask_{form}_{slot}", f"utter_ask_{form}_{slot}", f"action_ask_{slot}", f"utter_ask_{slot}")


def plain_name(name: str) -> str:
    """A component's, policy's or importer's name without the module path that Rasa allows before it."""
    return name.rpartition(".")[2]
