"""Entities learned from examples, with roles and groups, and the folder they are kept in."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.content import Annotation, Component, Content, Example, Lookup, NluData
from bot.learning import ModelError
from bot.nlu.entities import EntityModel, train_entities

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
CITIES = ("London", "Paris", "Rome", "Oslo", "Madrid")


def trip(start: str, end: str, order: str = "1") -> Example:
    text = f"fly from {start} to {end}"
    first, last = text.index(start), text.rindex(end)
    return Example(
        text,
        "travel",
        (
            Annotation(first, first + len(start), "city", start, role="departure", group=order),
            Annotation(last, last + len(end), "city", end, role="destination", group=order),
        ),
    )


EXAMPLES = (*(trip(a, b) for a in CITIES for b in CITIES if a != b), Example("hello there", "greet"))


def model_of(*names: str, examples: tuple[Example, ...] = EXAMPLES, lookups: tuple[Lookup, ...] = ()) -> EntityModel:
    pipeline = tuple(Component(name) for name in names)
    return train_entities(Content(nlu=NluData(examples=examples, lookups=lookups), pipeline=pipeline))


@pytest.fixture(scope="module")
def model() -> EntityModel:
    return model_of("CRFEntityExtractor")


def test_unseen_names_are_found_with_role_and_group(model: EntityModel) -> None:
    found = model.extract("Fly from Lisbon to Helsinki", NOW)
    assert [(e.entity, e.value, e.start, e.end, e.role, e.group) for e in found] == [
        ("city", "Lisbon", 9, 15, "departure", "1"),
        ("city", "Helsinki", 19, 27, "destination", "1"),
    ]
    assert all(e.extractor == "CRFEntityExtractor" and 0 < e.confidence <= 1 for e in found)


def test_a_known_value_alone_with_a_sign_behind_it_is_asked_for_its_role(model: EntityModel) -> None:
    assert [(e.value, e.start, e.end) for e in model.extract("Oslo?", NOW)] == [("Oslo", 0, 4)]


def test_examples_without_entities_teach_what_is_none(model: EntityModel) -> None:
    assert model.extract("hello there", NOW) == ()


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "\ud800", "🎉" * 3000])
def test_texts_without_words_or_with_too_many_have_no_entities(model: EntityModel, text: str) -> None:
    model.extract(text, NOW)


def test_words_of_scripts_without_spaces_are_their_characters() -> None:
    marks = [("我要去东京", "东京"), ("我要去巴黎", "巴黎"), ("我要去伦敦", "伦敦")]
    examples = tuple(
        Example(text, "travel", (Annotation(text.index(name), text.index(name) + len(name), "city", name),))
        for text, name in marks
    )
    found = model_of("DIETClassifier", examples=examples).extract("我要去罗马", NOW)
    assert [(e.value, e.extractor) for e in found] == [("罗马", "DIETClassifier")]


def test_of_overlapping_annotations_the_longer_is_learned() -> None:
    text = "fly from New York"
    marks = (Annotation(9, 17, "city", "New York"), Annotation(13, 17, "person", "York"))
    found = model_of("CRFEntityExtractor", examples=(Example(text, "travel", marks),) * 3).extract(text, NOW)
    assert [(e.entity, e.value) for e in found] == [("city", "New York")]


def test_lookup_tables_help_only_behind_a_regex_featurizer() -> None:
    def said(dish: str) -> Example:
        text = f"{dish} it is"
        return Example(text, "order", (Annotation(0, len(dish), "dish", dish),))

    dishes = ("blorf", "quast", "mipple", "drench", "vosk", "tarn", "ulpit", "jeppo", "gwem", "krilb", "sonf", "yavel")
    plain = ("brolf", "quint", "mappel", "drunch", "visk", "torn", "alput", "jappe", "gwim", "kralb", "sinf", "yovel")
    examples = (*map(said, dishes), *(Example(f"{word} it is", "agree") for word in plain))
    table = (Lookup("dish", (*dishes, "zenup")),)
    with_table = model_of("RegexFeaturizer", "CRFEntityExtractor", examples=examples, lookups=table)
    without = model_of("CRFEntityExtractor", examples=examples, lookups=table)
    assert [e.value for e in with_table.extract("zenup it is", NOW)] == ["zenup"]
    assert without.extract("zenup it is", NOW) == ()


def test_a_message_that_is_a_known_value_alone_is_that_entity() -> None:
    def pay(name: str) -> Example:
        return Example(f"pay {name} please", "pay", (Annotation(4, 4 + len(name), "payee", name),))

    plain = ("yes", "no", "hello", "bye", "thanks", "help", "stop", "well")
    examples = (pay("Jo Bloggs"), pay("Ann"), pay("well"), *(Example(word, "chat") for word in plain))
    model = model_of("CRFEntityExtractor", examples=examples)
    assert [(e.entity, e.value) for e in model.extract("jo bloggs!", NOW)] == [("payee", "jo bloggs")]
    assert model.extract("well", NOW) == ()
    assert model.extract("!", NOW) == ()


@pytest.mark.parametrize("text", ["London?", "london !", "Oslo", "?"])
def test_a_known_value_alone_may_end_in_a_sign_where_entities_have_roles(model: EntityModel, text: str) -> None:
    assert [e.value for e in model.extract(text, NOW)] == re.findall(r"\w+", text)


def test_words_that_mean_alike_help_each_other() -> None:
    def pay(name: str) -> Example:
        return Example(f"{name} gets it", "pay", (Annotation(0, len(name), "payee", name),))

    names = ("anna", "john", "peter", "mary", "susan", "robert", "laura", "james")
    plain = ("who", "nobody", "it", "this", "that", "everything", "what", "nothing")
    examples = (*map(pay, names), *(Example(f"{word} gets it", "chat") for word in plain))
    assert [e.value for e in model_of("CRFEntityExtractor", examples=examples).extract("helen gets it", NOW)] == [
        "helen"
    ]


def test_diet_without_entity_recognition_learns_no_entities() -> None:
    pipeline = (Component("DIETClassifier", {"entity_recognition": False}),)
    assert train_entities(Content(nlu=NluData(examples=EXAMPLES), pipeline=pipeline)).extractors == ()


def test_two_learners_in_a_pipeline_say_things_once() -> None:
    found = model_of("DIETClassifier", "CRFEntityExtractor").extract("fly from Rome to Oslo", NOW)
    assert [e.extractor for e in found] == ["DIETClassifier"] * 2


def test_the_same_content_makes_the_same_files(tmp_path: Path, model: EntityModel) -> None:
    model.save(tmp_path / "a")
    model_of("CRFEntityExtractor").save(tmp_path / "b")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["0-entity.crfsuite", "0-group.crfsuite", "0-role.crfsuite", "entities.json"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)


def test_a_loaded_model_extracts_the_same(tmp_path: Path, model: EntityModel) -> None:
    model.save(tmp_path)
    text = "fly from Lisbon to Rome"
    assert EntityModel.load(tmp_path).extract(text, NOW) == model.extract(text, NOW)


def test_a_changed_or_missing_file_is_refused(tmp_path: Path, model: EntityModel) -> None:
    model.save(tmp_path)
    file = tmp_path / "0-role.crfsuite"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match=r"0-role\.crfsuite is not the file"):
        EntityModel.load(tmp_path)
    file.unlink()
    with pytest.raises(ModelError, match="train again"):
        EntityModel.load(tmp_path)


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{}", '{"format": 0}', '{"format": 1, "extractors": [{}], "sha256": {}}']
)
def test_a_damaged_manifest_is_refused(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "entities.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(ModelError):
        EntityModel.load(tmp_path)


def test_the_manifest_is_json_with_checksums(tmp_path: Path, model: EntityModel) -> None:
    model.save(tmp_path)
    manifest = json.loads((tmp_path / "entities.json").read_text(encoding="utf-8"))
    assert set(manifest["sha256"]) == {"0-entity.crfsuite", "0-group.crfsuite", "0-role.crfsuite"}
