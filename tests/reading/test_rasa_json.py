"""Rasa's training data in JSON, and data in formats that are not read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import Annotation, Example, Lookup, Place, Regex, Synonym
from bot.reading import read_nlu_data, read_project
from bot.reading.tree import plain, read_yaml
from tests.reading.conftest import Read

DATA = {
    "common_examples": [
        {"text": "hello 😀", "intent": "greet", "entities": []},
        {
            "text": "fly to 😀 Rome",
            "intent": "book/flight",
            "entities": [
                {"start": 9, "end": 13, "value": "ROM", "entity": "city", "role": "to"},
                {"start": 0, "end": 3, "entity": "way"},
            ],
        },
    ],
    "entity_synonyms": [{"value": "ROM", "synonyms": ["the eternal city", "roma"]}],
    "regex_features": [{"name": "zip", "pattern": "[0-9]{5}"}],
    "lookup_tables": [{"name": "city", "elements": ["Rome", "Oslo"]}],
}


def json_data(**changes: Any) -> str:
    return json.dumps({"rasa_nlu_data": {**DATA, **changes}}, indent="\t")


def test_json_training_data_is_read_completely(read: Read) -> None:
    found = read({"data/nlu.json": json_data(), "domain.yml": "intents: [greet, book]\nentities: [city, way]\n"})
    assert found.diagnostics == () or {d.code for d in found.diagnostics} <= {
        "few-examples",
        "missing-response",
        "unknown-role",
    }
    nlu = found.content.nlu
    assert nlu.examples == (
        Example("hello 😀", "greet", place=Place("data/nlu.json", 5, 13)),
        Example(
            "fly to 😀 Rome",
            "book/flight",
            (Annotation(0, 3, "way", "fly"), Annotation(9, 13, "city", "ROM", "to")),
            place=Place("data/nlu.json", 10, 13),
        ),
    )
    assert [(s.text, s.value) for s in nlu.synonyms] == [
        ("the eternal city", "ROM"),
        ("roma", "ROM"),
    ]
    assert [(r.name, r.pattern) for r in nlu.regexes] == [("zip", "[0-9]{5}")]
    assert [(table.name, table.elements) for table in nlu.lookups] == [("city", ("Rome", "Oslo"))]
    assert {type(item) for item in (*nlu.regexes, *nlu.lookups, *nlu.synonyms)} == {Regex, Lookup, Synonym}


@pytest.mark.parametrize("name", ["tests/test_nlu.json", "data/test_nlu.json"])
def test_messages_in_test_files_are_not_trained_on(read: Read, name: str) -> None:
    found = read({name: json_data(), "data/a.yml": "nlu:\n- {intent: greet, examples: '- hi'}\n"})
    assert [example.text for example in found.content.nlu.examples] == ["hi"]
    [note] = [d for d in found.diagnostics if d.code == "not-read"]
    assert (note.place.file, "bot test nlu --nlu FILE" in note.cure) == (name, True)


def test_json_training_data_can_be_read_for_testing(tmp_path: Path) -> None:
    (tmp_path / "messages.json").write_text(json_data())
    for path in (tmp_path, tmp_path / "messages.json"):
        nlu, found = read_nlu_data(path)
        assert ([e.intent for e in nlu.examples], found) == (["greet", "book/flight"], ())


@pytest.mark.parametrize(
    ("example", "severity", "code"),
    [
        ({"text": "hello"}, "warning", "missing-key"),
        ({"intent": "greet"}, "error", "missing-key"),
        (
            {"text": "hi", "intent": "greet", "entities": [{"start": 1, "end": 3, "entity": "e"}]},
            "warning",
            "entity-mark",
        ),
        (
            {"text": "hi", "intent": "greet", "entities": [{"start": 1, "end": 1, "entity": "e"}]},
            "warning",
            "entity-mark",
        ),
        ({"text": "hi", "intent": "greet", "entities": "none"}, "error", "wrong-type"),
    ],
)
def test_invalid_json_example_is_reported(read: Read, example: dict[str, Any], severity: str, code: str) -> None:
    found = read({"data/nlu.json": json_data(common_examples=[example])}).diagnostics
    assert (severity, code) in {(d.severity, d.code) for d in found}


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="\ufeff"), max_size=12))
def test_any_json_text_reads_back_unchanged(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("json") / "a.json"
    for ascii_only in (True, False):
        path.write_text(json.dumps({"text": text}, ensure_ascii=ascii_only), "utf-8")
        tree, found = read_yaml(path, "a.json")
        assert (plain(tree), found) == ({"text": text}, [])


MARKDOWN = {"data/nlu.md": "## intent:greet\n- hello\n", "data/stories.md": "## s\n* greet\n  - utter_greet\n"}


def test_markdown_training_data_is_reported_with_the_converter(read: Read) -> None:
    found = [d for d in read(MARKDOWN | {"domain.yml": "responses: {}\n"}).diagnostics if d.code == "not-read"]
    assert [(d.severity, d.place.file) for d in found] == [("warning", "data/nlu.md"), ("warning", "data/stories.md")]
    assert "rasa data convert nlu -f yaml" in found[0].cure
    assert "rasa data convert core -f yaml" in found[1].cure


def test_unrelated_json_gets_a_note_and_unrelated_markdown_none(read: Read) -> None:
    files = {"data/a.json": '{"luis_schema_version": "2.0"}', "data/README.md": "# Data\n\n* see there\n"}
    found = read(files | {"domain.yml": "responses: {}\n"}).diagnostics
    assert [(d.severity, d.place.file) for d in found] == [("note", "data/a.json")]


def test_intents_without_examples_stories_or_rules_are_an_error(read: Read, tmp_path: Path) -> None:
    (error,) = read(MARKDOWN | {"domain.yml": "intents: [greet, bye]\n"}).errors
    assert (error.code, str(error.place)) == ("nothing-to-learn", "domain.yml:1:11")
    (tmp_path / "data/rules.yml").write_text("rules: [{rule: r, steps: [{intent: greet}, {action: action_back}]}]\n")
    assert read_project(tmp_path).errors == ()


def test_lookup_table_may_name_a_file_of_the_project(read: Read) -> None:
    tables = [{"name": "city", "elements": "data/cities.txt"}]
    found = read({"data/nlu.json": json_data(lookup_tables=tables), "data/cities.txt": "Rome\n\n  Oslo \n"})
    assert [lookup.elements for lookup in found.content.nlu.lookups] == [("Rome", "Oslo")]
    assert "data/cities.txt" in found.files


@pytest.mark.parametrize("file", ["data/none.txt", "../outside.txt", "/etc/hostname", "data", "data/bytes.txt"])
def test_unreadable_lookup_file_is_reported(read: Read, tmp_path: Path, file: str) -> None:
    (tmp_path.parent / "outside.txt").write_text("x")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/bytes.txt").write_bytes(b"\xff\xfe\xfa")
    (error,) = read({"data/nlu.json": json_data(lookup_tables=[{"name": "city", "elements": file}])}).errors
    assert (error.code, error.place.file) == ("not-read", "data/nlu.json")
    assert error.message.startswith(f"The file `{file}` is not read")
