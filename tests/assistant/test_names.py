"""Names in a text: found word for word, shortened, or by one of their words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.questions.marks import distinct, without_preamble
from actions.questions.names import meant_name, nearest, same_name, spoken_names
from bot import Entity, Parse

NAMES = ("Transport for London", "The Copper Kettle", "Tesco", "Peak Gym", "City Council", "Vale Broadband")


def parse(text: str, *marked: tuple[str, str]) -> Parse:
    entities = [Entity(name, words, text.index(words), text.index(words) + len(words)) for name, words in marked]
    return Parse(text, entities=tuple(entities))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("what did I spend at transport for london", ["Transport for London"]),
        ("at copper kettle last month", ["The Copper Kettle"]),
        ("at Tesco and at Peak Gym", ["Peak Gym", "Tesco"]),
        ("transport to London", []),
    ],
)
def test_names_are_found_word_for_word_in_a_text(text: str, found: list[str]) -> None:
    assert sorted(spoken.name for spoken in spoken_names(text, NAMES)) == found


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("the gym", "Peak Gym"),
        ("council tax", "City Council"),
        ("london transport", "Transport for London"),
        ("london", None),
        ("vale", "Vale Broadband"),
        ("tescos", "Tesco"),
        ("birthday", None),
        ("city break", None),
    ],
)
def test_misspelt_or_shortened_name_is_matched(said: str, name: str | None) -> None:
    assert meant_name(said, NAMES) == name


def test_last_word_shared_by_two_names_matches_neither() -> None:
    assert meant_name("water", ("Severn Water", "Thames Water")) is None


def test_misspelt_name_must_keep_its_first_letter() -> None:
    assert nearest("severm", ["Severn Water"]) == "Severn Water"
    assert nearest("even", ["Severn Water"]) is None


def test_names_match_without_case_accent_apostrophe_and_article() -> None:
    assert same_name("sainsburys", "Sainsbury's")
    assert same_name("copper kettle", "The Copper Kettle")
    assert same_name("cafe rouge", "Café Rouge")
    assert not same_name("costa", "Costa Coffee")


@given(st.text(max_size=60))
def test_name_search_accepts_any_text(text: str) -> None:
    for name, start, end in spoken_names(text, NAMES):
        assert name in NAMES
        assert 0 <= start < end <= len(text)
    meant_name(text, NAMES)


def test_entity_within_a_longer_name_is_dropped() -> None:
    marked = parse("at Octavia Energy", ("merchant", "Octavia Energy"), ("category", "Energy")).entities
    assert [entity.entity for entity in distinct(marked)] == ["merchant"]


def test_preamble_is_blanked_out_unless_it_is_a_filter() -> None:
    told = parse("I moved house last month, how much did I spend in May", ("time", "last month"), ("time", "in May"))
    heard = without_preamble(told)
    assert heard.text.strip() == "how much did I spend in May"
    assert len(heard.text) == len(told.text)
    assert [entity.value for entity in heard.entities] == ["in May"]
    for kept in (
        parse("At Tesco, how much did I spend in May", ("merchant", "Tesco"), ("time", "in May")),
        parse("Last month I was ill, how much did I spend", ("time", "Last month")),
        parse("since I moved house, how much did I spend"),
    ):
        assert without_preamble(kept) == kept
