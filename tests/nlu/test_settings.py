import pytest

from bot.content import Component, Content
from bot.learning import ModelError
from bot.nlu.components import make_components
from bot.nlu.settings import Fallback, settings_of


def settings(*components, offered=()):
    return settings_of(Content(pipeline=components), dict.fromkeys(offered, object))


def test_default_fallback_has_no_fixed_threshold():
    assert settings_of(Content(), {}).fallback == Fallback(None, 0.1)


def test_thresholds_are_read_from_the_fallback_classifier():
    found = settings(
        Component("DIETClassifier"), Component("FallbackClassifier", {"threshold": 0.7, "ambiguity_threshold": 0.2})
    )
    assert found.fallback == Fallback(0.7, 0.2)
    assert settings(Component("DIETClassifier"), Component("FallbackClassifier")).fallback == Fallback(None, 0.1)
    assert settings(Component("DIETClassifier")).fallback is None


def test_thresholds_apply_without_an_intent_classifier():
    found = settings(Component("Mine"), Component("FallbackClassifier", {"threshold": 0.6}), offered=["Mine"])
    assert found.fallback == Fallback(0.6, 0.1)
    assert settings(Component("Mine"), offered=["Mine"]).fallback == Fallback(None, 0.1)


def test_empty_thresholds_have_their_defaults():
    empty = Component("FallbackClassifier", {"threshold": None, "ambiguity_threshold": None})
    assert settings(Component("DIETClassifier"), empty).fallback == Fallback(None, 0.1)


def test_component_names_may_include_rasas_module_path():
    name = "rasa.nlu.classifiers.diet_classifier.DIETClassifier"
    assert settings(Component(name)).fallback is None


def test_case_matters_only_if_every_featurizer_keeps_it():
    diet = Component("DIETClassifier")
    keep, fold = Component("CountVectorsFeaturizer", {"lowercase": False}), Component("CountVectorsFeaturizer")
    assert settings(diet, keep).case_sensitive
    assert not settings(diet, keep, fold).case_sensitive
    assert not settings(diet).case_sensitive


def test_selectors_are_named_after_their_retrieval_intents():
    faq = Component("ResponseSelector", {"retrieval_intent": "faq"})
    chat = Component("ResponseSelector", {"retrieval_intent": "chitchat"})
    assert settings(Component("DIETClassifier"), faq, chat).selectors == ("faq", "chitchat")
    assert settings(Component("DIETClassifier"), Component("ResponseSelector")).selectors == (None,)


def test_plugin_components_keep_their_order():
    second, first = Component("Second"), Component("First", {"x": 1})
    found = settings(second, Component("DIETClassifier"), first, offered=["First", "Second"])
    assert found.custom == (second, first)


def test_missing_or_invalid_plugin_component_is_rejected():
    with pytest.raises(ModelError, match="Mine is not installed"):
        make_components([("Mine", {})], {})
    with pytest.raises(ModelError, match="neither"):
        make_components([("Mine", {})], {"Mine": lambda options: object()})
