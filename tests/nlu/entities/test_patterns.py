"""Entities by regex and lookup table, and their synonyms."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import pytest
from msgspec.structs import replace

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
from bot.nlu.entities import EntityModel, tables, train_entities
from bot.nlu.entities.patterns import PatternOptions, Patterns

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
DATA = NluData(
    regexes=(Regex("code", r"\b\d{5,8}\b"), Regex("broken", "("), Regex("unknown", ".+")),
    lookups=(Lookup("city", ("York", "New York", "São Paulo", "St. Ives")), Lookup("broken", ("x",))),
)


def train(*pipeline: Component, data: NluData = DATA) -> EntityModel:
    domain = Domain(entities={name: EntityType(name) for name in ("code", "city", "broken")})
    return train_entities(Content(domain=domain, nlu=data, pipeline=pipeline))


def extract(text: str, **options: Any) -> list[tuple[str, str]]:
    found = train(Component("RegexEntityExtractor", options)).extract(text, NOW)
    assert all(e.extractor == "RegexEntityExtractor" for e in found)
    return [(e.entity, e.value) for e in found]


def test_regexes_and_tables_of_known_entities_are_found() -> None:
    assert extract("code 123456 to new york") == [("code", "123456"), ("city", "new york")]


@dataclass
class Fixed:
    """Finds always the same."""

    found: tuple[Entity, ...]

    def extend(self, text: str, now: datetime, found: list[Entity]) -> list[Entity]:
        return [*found, *self.found]


@pytest.mark.parametrize("part", [{"role": "from"}, {"group": "first"}])
def test_entity_without_role_and_group_is_dropped_if_an_earlier_extractor_found_it(part: dict[str, str]) -> None:
    plain = Entity("city", "York", 5, 9, extractor="RegexEntityExtractor")
    labelled = Entity("city", "York", 5, 9, extractor="CRFEntityExtractor", **part)
    for found, kept in (
        ((labelled, plain), (labelled,)),
        ((plain, labelled), (plain, labelled)),
        ((labelled, replace(plain, value="york")), (labelled, replace(plain, value="york"))),
        ((labelled, replace(labelled, role="to"), plain), (labelled, replace(labelled, role="to"))),
    ):
        assert EntityModel((Fixed(found),)).extract("from York", NOW) == kept  # type: ignore[arg-type]


def test_longest_entry_of_a_table_wins() -> None:
    assert extract("York or New York") == [("city", "York"), ("city", "New York")]


def test_entries_match_whole_words_in_any_case_and_form() -> None:
    assert extract("Yorkshire") == []
    assert extract("SA\u0303O PAULO, st. ives") == [("city", "SA\u0303O PAULO"), ("city", "st. ives")]


def test_without_word_boundaries_parts_of_words_match() -> None:
    assert extract("Yorkshire", use_word_boundaries=False) == [("city", "York")]


def test_case_sensitive_entries_match_only_as_written() -> None:
    assert extract("york and York", case_sensitive=True) == [("city", "York")]


def test_lookup_tables_and_regexes_can_be_disabled() -> None:
    assert extract("12345 York", use_lookup_tables=False) == [("code", "12345")]
    assert extract("12345 York", use_regexes=False) == [("city", "York")]


def test_misspelt_entries_are_found_on_request_with_the_correct_value() -> None:
    assert extract("to new yrok and Sao Paolo") == []
    assert extract("to new yrok and Sao Paolo", fuzzy=True, threshold=75) == [
        ("city", "New York"),
        ("city", "São Paulo"),
    ]
    (entity,) = train(Component("RegexEntityExtractor", {"fuzzy": True})).extract("in new yorrk", NOW)
    assert (entity.start, entity.end) == (3, 12)
    assert entity.confidence is not None
    assert 0.85 <= entity.confidence < 1


def find_misspelt(text: str, *tables: Lookup, **options: Any) -> list[tuple[str, str, str]]:
    """The misspelt entries of some tables, as (text, table, entry)."""
    content = Content(
        domain=Domain(entities={table.name: EntityType(table.name) for table in tables}),
        nlu=NluData(lookups=tables),
        pipeline=(Component("RegexEntityExtractor", {"fuzzy": True, **options}),),
    )
    return [(text[e.start : e.end], e.entity, e.value) for e in train_entities(content).extract(text, NOW)]


@pytest.mark.parametrize(("text", "entry"), [("debti", "debit"), ("debet", "debit"), ("credti", "credit")])
def test_short_word_with_one_mistake_is_found(text: str, entry: str) -> None:
    assert find_misspelt(f"my {text} card", Lookup("card", ("debit", "credit"))) == [(text, "card", entry)]


@pytest.mark.parametrize("text", ["leading", "heading", "readings"])
def test_real_word_is_not_a_misspelt_entry(text: str) -> None:
    assert find_misspelt(f"it is {text} here", Lookup("city", ("Reading",))) == []


def test_most_similar_words_are_the_misspelt_entry() -> None:
    assert find_misspelt("to the bigapple", Lookup("city", ("the big apple",))) == [
        ("the bigapple", "city", "the big apple")
    ]


def test_misspelt_entry_of_two_tables_is_found_in_both() -> None:
    found = find_misspelt("debti", Lookup("card", ("debit",)), Lookup("kind", ("Debit",)))
    assert found == [("debti", "card", "debit"), ("debti", "kind", "Debit")]


def count_calls(patterns: Patterns, text: str) -> int:
    """The number of function calls for tables to find their entries in a text."""
    made: list[str] = []

    def count(frame: FrameType, event: str, argument: object) -> None:
        if frame.f_code.co_filename == tables.__file__:
            made.append(event)

    sys.setprofile(count)
    try:
        patterns.find(text)
    finally:
        sys.setprofile(None)
    return len(made)


@pytest.mark.parametrize("fuzzy", [False, True])
def test_work_does_not_depend_on_the_size_of_a_table(fuzzy: bool) -> None:
    def table(size: int) -> Patterns:
        entries = tuple(f"the {number} road" for number in range(100, 100 + size))
        return Patterns((), (("road", entries),), PatternOptions(fuzzy=fuzzy, use_regexes=False))

    text = "the " * 50
    assert count_calls(table(2000), text) == count_calls(table(20), text) > 0


@pytest.mark.parametrize(
    ("text", "written"), [("my amex's limit", "amex"), ("Amex’s limit", "Amex"), ("new york's", "new york")]
)
def test_entry_is_found_before_a_possessive_ending(text: str, written: str) -> None:
    data = NluData(lookups=(Lookup("city", ("Amex", "New York")),))
    (found,) = train(Component("RegexEntityExtractor"), data=data).extract(text, NOW)
    assert (found.value, text[found.start : found.end]) == (written, written)


@pytest.mark.parametrize("text", ["Sainsbury's", "sainsbury’s"])
def test_possessive_entry_is_found_whole(text: str) -> None:
    data = NluData(lookups=(Lookup("city", ("Sainsbury's", "Sainsbury")),))
    (found,) = train(Component("RegexEntityExtractor"), data=data).extract(text, NOW)
    assert found.value == text


def test_threshold_up_to_one_is_a_share() -> None:
    assert extract("new yorrk", fuzzy=True, threshold=0.99) == []


def test_misspelling_shorter_than_four_letters_is_not_an_entry() -> None:
    assert extract("yor", fuzzy=True, threshold=60) == []


def test_the_longest_entry_wins_and_shorter_ones_are_found_elsewhere() -> None:
    data = NluData(lookups=(Lookup("city", ("the road", "the long road home", "the", "road home")),))
    found = train(Component("RegexEntityExtractor"), data=data).extract("the long road home, the road the end", NOW)
    assert [e.value for e in found] == ["the long road home", "the road", "the"]


def test_entry_of_two_tables_is_found_in_both() -> None:
    data = NluData(lookups=(Lookup("city", ("New York", "York")), Lookup("code", ("York", "new"))))
    found = train(Component("RegexEntityExtractor"), data=data).extract("new york", NOW)
    assert sorted((e.entity, e.value) for e in found) == [("city", "new york"), ("code", "new"), ("code", "york")]


SYNONYMS = NluData(
    examples=(Example("to the big apple", "travel", (Annotation(3, 16, "city", "New York"),)),),
    lookups=(Lookup("city", ("NYC", "the big apple", "Leeds")),),
    synonyms=(Synonym("nyc", "New York City"),),
)


def values(found: tuple[Entity, ...]) -> list[Any]:
    return [e.value for e in found]


def test_synonyms_come_from_entries_and_annotations() -> None:
    model = train(Component("RegexEntityExtractor"), Component("EntitySynonymMapper"), data=SYNONYMS)
    assert values(model.extract("NYC, The Big Apple or Leeds", NOW)) == ["New York City", "New York", "Leeds"]


def test_synonyms_map_only_entities_of_earlier_components() -> None:
    model = train(Component("EntitySynonymMapper"), Component("RegexEntityExtractor"), data=SYNONYMS)
    assert values(model.extract("NYC", NOW)) == ["NYC"]


@pytest.mark.parametrize(
    ("entry", "written"),
    [("the big apple", "the big  apple"), ("the big apple", "the big\napple"), ("São Paulo", "Sa\u0303o Paulo"),
     ("Straße", "strasse"), ("Oslo's", "oslo’s")],
)  # fmt: skip
def test_synonyms_map_every_spelling_that_a_table_matches(entry: str, written: str) -> None:
    data = NluData(lookups=(Lookup("city", (entry,)),), synonyms=(Synonym(entry, "mapped"),))
    model = train(Component("RegexEntityExtractor"), Component("EntitySynonymMapper"), data=data)
    assert values(model.extract(f"to {written}!", NOW)) == ["mapped"]


@pytest.mark.parametrize("text", ["", " ", "🎉", "\ud800", "("])
def test_texts_without_entries_yield_no_entities(text: str) -> None:
    assert extract(text, fuzzy=True) == []


EXPONENTIAL = r"(a|aa)+$"


def test_timed_out_regex_does_not_stop_other_regexes() -> None:
    data = NluData(regexes=(Regex("code", EXPONENTIAL), Regex("city", "york")))
    found = train(Component("RegexEntityExtractor"), data=data).extract("a" * 4000 + "! york", NOW)
    assert [e.value for e in found] == ["york"]


def test_potentially_slow_regex_still_finds_matches() -> None:
    data = NluData(regexes=(Regex("code", EXPONENTIAL), Regex("city", r"[a-z]+ ?york\b|(?:x+)+y")))
    found = train(Component("RegexEntityExtractor"), data=data).extract("New York, Aaa", NOW)
    assert [(e.entity, e.value) for e in found] == [("code", "Aaa"), ("city", "New York")]


def test_regex_package_is_imported_only_for_potentially_slow_patterns() -> None:
    made = "Patterns((('a', pattern),), ()); print('regex' in sys.modules)"
    code = f"import sys; from bot.nlu.entities.patterns import Patterns\nfor pattern in (r'\\d+', '(a+)+$'): {made}"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert output.stdout.split() == ["False", "True"]
