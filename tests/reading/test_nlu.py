"""The `nlu:` section."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import ActionStep, Annotation, Place, UserStep
from bot.nlu.entities.synonyms import learn_synonyms
from bot.reading.annotations import read_annotations
from tests.reading.conftest import Read


def test_block_and_list_examples_read_the_same(read: Read) -> None:
    content = read(
        {
            "data/nlu.yml": """
            nlu:
            - intent: greet
              metadata: {mood: good}
              examples: |
                - hello
                - no
            - intent: bye
              examples:
              - text: |
                  so long
                metadata: {mood: sad}
              - on
              - 012345
              - 7
            """
        }
    ).content
    assert [(e.text, e.intent) for e in content.nlu.examples] == [
        ("hello", "greet"),
        ("no", "greet"),
        ("so long", "bye"),
        ("on", "bye"),
        ("012345", "bye"),
        ("7", "bye"),
    ]
    assert content.nlu.examples[0].metadata == {"intent": {"mood": "good"}}
    assert content.nlu.examples[2].metadata == {"example": {"mood": "sad"}}
    assert content.nlu.examples[1].place == Place("data/nlu.yml", 7, 5)
    assert content.nlu.examples[3].place == Place("data/nlu.yml", 13, 5)


def test_synonyms_patterns_and_lookups_are_read(read: Read) -> None:
    nlu = read(
        {
            "data/nlu.yml": r"""
            nlu:
            - synonym: credit
              examples: |
                - credit card
            - regex: account
              examples: |
                - \d{8}
            - lookup: city
              examples: |
                - Rome
                - New York
            - intent: pay
              examples: |
                - pay my [visa]{"entity": "card", "value": "credit"}
                - pay it
            """
        }
    ).content.nlu
    assert [(s.text, s.value) for s in nlu.synonyms] == [("credit card", "credit")]
    assert [(s.text, s.value) for s in nlu.marked_synonyms] == [("visa", "credit")]
    assert [(r.name, r.pattern) for r in nlu.regexes] == [("account", r"\d{8}")]
    assert [(table.name, table.elements) for table in nlu.lookups] == [("city", ("Rome", "New York"))]


@pytest.mark.parametrize(
    ("mark", "annotations"),
    [
        ("[Rome](city)", [Annotation(3, 7, "city", "Rome")]),
        ("[Rome](city:ROM)", [Annotation(3, 7, "city", "ROM")]),
        ('[Rome]{"entity": "city", "role": "to"}', [Annotation(3, 7, "city", "Rome", "to")]),
        ('[Rome]{"entity": "city", "group": "1", "value": "R"}', [Annotation(3, 7, "city", "R", None, "1")]),
        (
            '[Rome][{"entity": "city"}, {"entity": "place", "value": "x"}]',
            [Annotation(3, 7, "city", "Rome"), Annotation(3, 7, "place", "x")],
        ),
    ],
)
def test_every_form_of_entity_mark_is_read(mark: str, annotations: list[Annotation]) -> None:
    text, found, problems = read_annotations(f"to {mark} now")
    assert (text, list(found), problems) == ("to Rome now", annotations, [])


@pytest.mark.parametrize("mark", ["[Rome]{'entity': 'city'}", '[Rome]{"value": "x"}', '[a][{"entity": 5}]'])
def test_invalid_entity_mark_is_reported_with_its_place(read: Read, mark: str) -> None:
    result = read({"data/nlu.yml": f"nlu:\n- intent: go\n  examples: |\n    - to {mark}\n    - go\n"})
    assert [(d.code, d.place.line) for d in result.errors] == [("entity-mark", 4)]


@given(st.text(alphabet='ab[](){}:",entity \n', max_size=60))
def test_marks_of_any_text_lie_within_its_plain_text(text: str) -> None:
    plain, found, _ = read_annotations(text)
    for mark in found:
        assert 0 <= mark.start < mark.end <= len(plain)


def test_block_line_without_a_dash_is_reported(read: Read) -> None:
    result = read({"data/nlu.yml": "nlu:\n- intent: go\n  examples: |\n    - a\n    b\n    - c\n"})
    assert [(d.code, d.place) for d in result.diagnostics if d.code == "example-line"] == [
        ("example-line", Place("data/nlu.yml", 5, 5))
    ]


def test_action_next_to_an_intent_becomes_a_rule(read: Read) -> None:
    result = read(
        {
            "intents/a.yml": """
            nlu:
            - intent: greet
              action: utter_greet
              examples: |
                - hi
                - hello
            responses:
              utter_greet:
              - text: Hi!
            """
        }
    )
    assert result.diagnostics == ()
    (rule,) = result.content.rules
    assert rule.kind == "rule"
    assert [type(step) for step in rule.steps] == [UserStep, ActionStep]
    assert rule.place == Place("intents/a.yml", 4, 3)


def test_nlu_item_with_no_kind_or_several_is_rejected(read: Read) -> None:
    result = read({"data/nlu.yml": "nlu:\n- examples: |\n    - x\n- intent: a\n  regex: b\n  examples: |\n    - y\n"})
    assert [(d.code, d.place.line) for d in result.errors] == [("nlu-item", 2), ("nlu-item", 4)]


def test_synonym_takes_precedence_over_marked_values(read: Read) -> None:
    files = {
        "data/a.yml": """
        nlu:
        - synonym: New York
          examples: |
            - nyc
        """,
        "data/b.yml": """
        nlu:
        - intent: travel
          examples: |
            - to [nyc]{"entity": "city", "value": "Nueva York"}
        """,
    }
    assert learn_synonyms(read(files).content).values == {"nyc": "New York"}
