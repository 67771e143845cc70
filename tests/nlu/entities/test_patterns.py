"""Entities by regex and lookup table, and what synonyms make of them."""

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.content import (
    Annotation,
    Component,
    Content,
    Domain,
    EntityType,
    Example,
    Lookup,
    NluData,
    Regex,
    Synonym,
)
from bot.messages import Entity
from bot.nlu.entities import EntityModel, train_entities

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
DATA = NluData(
    regexes=(Regex("code", r"\b\d{5,8}\b"), Regex("broken", "("), Regex("unknown", ".+")),
    lookups=(Lookup("city", ("York", "New York", "São Paulo", "St. Ives")), Lookup("broken", ("x",))),
)


def trained(*pipeline: Component, data: NluData = DATA) -> EntityModel:
    domain = Domain(entities={name: EntityType(name) for name in ("code", "city", "broken")})
    return train_entities(Content(domain=domain, nlu=data, pipeline=pipeline))


def extracted(text: str, **options: Any) -> list[tuple[str, str]]:
    found = trained(Component("RegexEntityExtractor", options)).extract(text, NOW)
    assert all(e.extractor == "RegexEntityExtractor" for e in found)
    return [(e.entity, e.value) for e in found]


def test_regexes_and_tables_of_known_entities_are_found() -> None:
    assert extracted("code 123456 to new york") == [("code", "123456"), ("city", "new york")]


def test_the_longest_entry_of_a_table_wins() -> None:
    assert extracted("York or New York") == [("city", "York"), ("city", "New York")]


def test_entries_match_whole_words_in_any_case_and_form() -> None:
    assert extracted("Yorkshire") == []
    assert extracted("SA\u0303O PAULO, st. ives") == [("city", "SA\u0303O PAULO"), ("city", "st. ives")]


def test_without_word_boundaries_parts_of_words_match() -> None:
    assert extracted("Yorkshire", use_word_boundaries=False) == [("city", "York")]


def test_case_sensitive() -> None:
    assert extracted("york and York", case_sensitive=True) == [("city", "York")]


def test_tables_and_regexes_can_be_left_out() -> None:
    assert extracted("12345 York", use_lookup_tables=False) == [("code", "12345")]
    assert extracted("12345 York", use_regexes=False) == [("city", "York")]


def test_misspelt_entries_are_found_on_request_and_say_the_entry() -> None:
    assert extracted("to new yrok and Sao Paolo") == []
    assert extracted("to new yrok and Sao Paolo", fuzzy=True, threshold=75) == [
        ("city", "New York"),
        ("city", "São Paulo"),
    ]
    (entity,) = trained(Component("RegexEntityExtractor", {"fuzzy": True})).extract("in new yorrk", NOW)
    assert (entity.start, entity.end) == (3, 12)
    assert entity.confidence is not None
    assert 0.85 <= entity.confidence < 1


def test_a_threshold_may_be_a_share_of_one() -> None:
    assert extracted("new yorrk", fuzzy=True, threshold=0.99) == []


def test_misspelt_short_words_are_no_entries() -> None:
    assert extracted("yor", fuzzy=True, threshold=60) == []


SYNONYMS = NluData(
    examples=(Example("to the big apple", "travel", (Annotation(3, 16, "city", "New York"),)),),
    lookups=(Lookup("city", ("NYC", "the big apple", "Leeds")),),
    synonyms=(Synonym("nyc", "New York City"),),
)


def values(found: tuple[Entity, ...]) -> list[Any]:
    return [e.value for e in found]


def test_synonyms_come_from_entries_and_annotations() -> None:
    model = trained(Component("RegexEntityExtractor"), Component("EntitySynonymMapper"), data=SYNONYMS)
    assert values(model.extract("NYC, The Big Apple or Leeds", NOW)) == ["New York City", "New York", "Leeds"]


def test_synonyms_map_what_stands_before_them_in_the_pipeline() -> None:
    model = trained(Component("EntitySynonymMapper"), Component("RegexEntityExtractor"), data=SYNONYMS)
    assert values(model.extract("NYC", NOW)) == ["NYC"]


@pytest.mark.parametrize("text", ["", " ", "🎉", "\ud800", "("])
def test_any_text_is_answered(text: str) -> None:
    assert extracted(text, fuzzy=True) == []


EXPONENTIAL = r"(a|aa)+$"


def test_a_regex_that_would_never_end_is_given_up_and_the_others_are_found() -> None:
    data = NluData(regexes=(Regex("code", EXPONENTIAL), Regex("city", "york")))
    found = trained(Component("RegexEntityExtractor"), data=data).extract("a" * 4000 + "! york", NOW)
    assert [e.value for e in found] == ["york"]


def test_a_regex_that_may_be_slow_finds_what_it_finds_in_time() -> None:
    data = NluData(regexes=(Regex("code", EXPONENTIAL), Regex("city", r"[a-z]+ ?york\b|(?:x+)+y")))
    found = trained(Component("RegexEntityExtractor"), data=data).extract("New York, Aaa", NOW)
    assert [(e.entity, e.value) for e in found] == [("code", "Aaa"), ("city", "New York")]


def test_the_package_that_can_give_up_is_loaded_for_patterns_that_need_it_only() -> None:
    made = "Patterns((('a', pattern),), ()); print('regex' in sys.modules)"
    code = f"import sys; from bot.nlu.entities.patterns import Patterns\nfor pattern in (r'\\d+', '(a+)+$'): {made}"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.split() == ["False", "True"]
