import pytest

from bot.content import Component, Content
from bot.learning import ModelError
from bot.nlu.components import make_components
from bot.nlu.settings import Fallback, settings_of


def settings(*components, offered=()):
    return settings_of(Content(pipeline=components), dict.fromkeys(offered, object))


def test_without_a_pipeline_the_defaults_choose_a_threshold():
    assert settings_of(Content(), {}).fallback == Fallback(None, 0.1)


def test_the_designers_thresholds_are_kept():
    found = settings(
        Component("DIETClassifier"), Component("FallbackClassifier", {"threshold": 0.7, "ambiguity_threshold": 0.2})
    )
    assert found.fallback == Fallback(0.7, 0.2)
    assert settings(Component("DIETClassifier"), Component("FallbackClassifier")).fallback == Fallback(None, 0.1)
    assert settings(Component("DIETClassifier")).fallback is None


def test_thresholds_count_beside_a_plugins_features_alone():
    found = settings(Component("Mine"), Component("FallbackClassifier", {"threshold": 0.6}), offered=["Mine"])
    assert found.fallback == Fallback(0.6, 0.1)
    assert settings(Component("Mine"), offered=["Mine"]).fallback == Fallback(None, 0.1)


def test_thresholds_that_are_left_empty_are_those_that_are_left_out():
    empty = Component("FallbackClassifier", {"threshold": None, "ambiguity_threshold": None})
    assert settings(Component("DIETClassifier"), empty).fallback == Fallback(None, 0.1)


def test_names_may_carry_rasas_module_path():
    name = "rasa.nlu.classifiers.diet_classifier.DIETClassifier"
    assert settings(Component(name)).fallback is None


def test_case_counts_only_where_every_featurizer_keeps_it():
    diet = Component("DIETClassifier")
    keep, fold = Component("CountVectorsFeaturizer", {"lowercase": False}), Component("CountVectorsFeaturizer")
    assert settings(diet, keep).case_sensitive
    assert not settings(diet, keep, fold).case_sensitive
    assert not settings(diet).case_sensitive


def test_selectors_are_named_by_their_retrieval_intent():
    faq = Component("ResponseSelector", {"retrieval_intent": "faq"})
    chat = Component("ResponseSelector", {"retrieval_intent": "chitchat"})
    assert settings(Component("DIETClassifier"), faq, chat).selectors == ("faq", "chitchat")
    assert settings(Component("DIETClassifier"), Component("ResponseSelector")).selectors == (None,)


def test_plugins_components_are_taken_in_their_order():
    found = settings(Component("Mine", {"x": 1}), Component("DIETClassifier"), offered=["Mine"])
    assert [c.name for c in found.custom] == ["Mine"]


def test_a_component_that_is_missing_or_of_no_kind_is_said():
    with pytest.raises(ModelError, match="Mine is not installed"):
        make_components([("Mine", {})], {})
    with pytest.raises(ModelError, match="neither"):
        make_components([("Mine", {})], {"Mine": lambda options: object()})
