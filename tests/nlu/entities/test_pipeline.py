"""Which extractors run, by the pipeline's names or by default."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from bot.content import Annotation, Component, Content, Domain, EntityType, Example, NluData
from bot.nlu.entities import COVERAGE, EntityModel, train_entities

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
TEXT = "send £50 to ann@example.org on 3/11/2026"


def names(model: EntityModel, text: str = TEXT) -> list[str]:
    return [entity.entity for entity in model.extract(text, NOW)]


def default(*entities: str, language: str = "en") -> EntityModel:
    return train_entities(
        Content(domain=Domain(entities={name: EntityType(name) for name in entities}), language=language)
    )


def configured(*components: Component, entities: Sequence[str] = (), language: str = "en") -> EntityModel:
    domain = Domain(entities={name: EntityType(name) for name in entities})
    return train_entities(Content(domain=domain, pipeline=components, language=language))


def test_by_default_the_grammar_finds_the_domains_entities_only() -> None:
    assert default().extractors == ()
    assert names(default("amount-of-money", "time")) == ["amount-of-money", "time"]
    assert names(default("email")) == ["email"]


def test_by_default_examples_are_learned_from_and_times_lean_to_the_past() -> None:
    example = Example("pay Bob", "pay", (Annotation(4, 7, "payee", "Bob"),))
    content = Content(
        domain=Domain(entities={"payee": EntityType("payee"), "time": EntityType("time")}),
        nlu=NluData(examples=(example, Example("pay now", "pay"), Example("hello", "greet"))),
    )
    found = train_entities(content).extract("pay Bob on Friday", NOW)
    assert [(e.entity, e.extractor) for e in found] == [
        ("payee", "CRFEntityExtractor"),
        ("time", "TellerEntityExtractor"),
    ]
    assert found[1].value.startswith("2026-11-20")


def test_duckling_finds_its_dimensions_whatever_the_domain_lists() -> None:
    assert names(configured(Component("DucklingEntityExtractor", {"dimensions": ["email", "nothing-known"]}))) == [
        "email"
    ]
    assert names(configured(Component("DucklingEntityExtractor", {"url": "http://localhost:8000"}))) == [
        "amount-of-money",
        "email",
        "time",
    ]


def test_ducklings_locale_and_time_zone_are_honoured() -> None:
    options = {"dimensions": ["time"], "locale": "en_GB", "timezone": "Europe/London"}
    (entity,) = configured(Component("DucklingEntityExtractor", options)).extract("on 3/6/2026", NOW)
    assert entity.value == "2026-06-03T00:00:00.000+01:00"


def test_our_own_component_takes_options() -> None:
    options = {"dimensions": ["time"], "prefer": "future", "locale": "en-US"}
    (entity,) = configured(Component("TellerEntityExtractor", options)).extract("on 3/6", NOW)
    assert entity.value.startswith("2027-03-06")


def test_other_languages_get_what_needs_no_words() -> None:
    model = default("amount-of-money", "time", "email", "number", language="de")
    assert names(model, "morgen 12 an a@b.de bis 3.11.2026") == ["number", "email", "time"]


@pytest.mark.parametrize("name", ["SpacyEntityExtractor", "WhitespaceTokenizer", "FallbackClassifier", "my.own.Thing"])
def test_components_without_entities_are_passed_over(name: str) -> None:
    assert configured(Component(name)).extractors == ()


def test_dotted_names_are_known_by_their_last_part() -> None:
    name = "rasa.nlu.extractors.duckling_entity_extractor.DucklingEntityExtractor"
    assert names(configured(Component(name, {"dimensions": ["email"]}))) == ["email"]


def test_what_is_not_supported_is_said() -> None:
    assert "not supported" in COVERAGE["SpacyEntityExtractor"]
    assert "no server" in COVERAGE["DucklingEntityExtractor"]


def test_a_restored_grammar_extracts_the_same() -> None:
    model = default("amount-of-money", "time", "email")
    assert EntityModel.restore(*model.dump()).extract(TEXT, NOW) == model.extract(TEXT, NOW)
