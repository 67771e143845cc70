"""Which extractors run, by the pipeline's names or by default."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from bot.content import Annotation, Component, Content, Domain, EntityType, Example, NluData
from bot.nlu.entities import COVERAGE, EntityModel, train_entities

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
TEXT = "send £50 to ann@example.org on 3/11/2026"


def entity_names(model: EntityModel, text: str = TEXT) -> list[str]:
    return [entity.entity for entity in model.extract(text, NOW)]


def train_default(*entities: str, language: str = "en") -> EntityModel:
    return train_entities(
        Content(domain=Domain(entities={name: EntityType(name) for name in entities}), language=language)
    )


def train_with(*components: Component, entities: Sequence[str] = (), language: str = "en") -> EntityModel:
    domain = Domain(entities={name: EntityType(name) for name in entities})
    return train_entities(Content(domain=domain, pipeline=components, language=language))


def test_default_grammar_finds_only_entities_of_the_domain() -> None:
    assert train_default().extractors == ()
    assert entity_names(train_default("amount-of-money", "time")) == ["amount-of-money", "time"]
    assert entity_names(train_default("email")) == ["email"]


def test_default_pipeline_learns_examples_and_prefers_past_times() -> None:
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


def test_duckling_dimensions_do_not_depend_on_the_domain() -> None:
    assert entity_names(
        train_with(Component("DucklingEntityExtractor", {"dimensions": ["email", "nothing-known"]}))
    ) == ["email"]
    assert entity_names(train_with(Component("DucklingEntityExtractor", {"url": "http://localhost:8000"}))) == [
        "amount-of-money",
        "email",
        "time",
    ]


def test_duckling_locale_and_time_zone_are_applied() -> None:
    options = {"dimensions": ["time"], "locale": "en_GB", "timezone": "Europe/London"}
    (entity,) = train_with(Component("DucklingEntityExtractor", options)).extract("on 3/6/2026", NOW)
    assert entity.value == "2026-06-03T00:00:00.000+01:00"


def test_teller_extractor_options_are_applied() -> None:
    options = {"dimensions": ["time"], "prefer": "future", "locale": "en-US"}
    (entity,) = train_with(Component("TellerEntityExtractor", options)).extract("on 3/6", NOW)
    assert entity.value.startswith("2027-03-06")


def test_other_languages_get_entities_in_digits_and_addresses() -> None:
    model = train_default("amount-of-money", "time", "email", "number", language="de")
    assert entity_names(model, "morgen 12 an a@b.de bis 3.11.2026") == ["number", "email", "time"]


@pytest.mark.parametrize("name", ["SpacyEntityExtractor", "WhitespaceTokenizer", "FallbackClassifier", "my.own.Thing"])
def test_components_without_entities_are_ignored(name: str) -> None:
    assert train_with(Component(name)).extractors == ()


def test_dotted_component_name_is_recognised_by_its_last_part() -> None:
    name = "rasa.nlu.extractors.duckling_entity_extractor.DucklingEntityExtractor"
    assert entity_names(train_with(Component(name, {"dimensions": ["email"]}))) == ["email"]


def test_coverage_mentions_unsupported_features() -> None:
    assert "not supported" in COVERAGE["SpacyEntityExtractor"]
    assert "no server" in COVERAGE["DucklingEntityExtractor"]


def test_restored_grammar_extracts_the_same() -> None:
    model = train_default("amount-of-money", "time", "email")
    assert EntityModel.restore(*model.dump()).extract(TEXT, NOW) == model.extract(TEXT, NOW)
