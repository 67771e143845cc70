"""Entities learned from examples, with roles and groups, and the folder that they are saved in."""

import json
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from bot.content import Annotation, Component, Content, Example, Lookup, NluData
from bot.nlu.entities import EntityModel, train_entities
from bot.nlu.entities.features import has_informative_capitals
from bot.nlu.entities.words import split_words

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


def marked(text: str, value: str, entity: str = "payee") -> Example:
    """An example in which one value is annotated."""
    start = text.index(value)
    return Example(text, "marked", (Annotation(start, start + len(value), entity, value),))


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


@pytest.mark.parametrize("text", ["Oslo", "Oslo?", "oslo !", "Oslo!!", "OSLO …?"])
def test_punctuation_after_a_known_value_does_not_change_the_result(model: EntityModel, text: str) -> None:
    (found,) = model.extract(text, NOW)
    assert (found.value.title(), found.start, found.end) == ("Oslo", 0, 4)
    assert (found.role, found.group) == ("destination", "1")


def test_examples_without_entities_teach_their_absence(model: EntityModel) -> None:
    assert model.extract("hello there", NOW) == ()


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "?", "!?…"])
def test_texts_without_words_have_no_entities(model: EntityModel, text: str) -> None:
    assert model.extract(text, NOW) == ()


@pytest.mark.parametrize("piece", ["fly from Rome to Oslo ", "🎉", "\ud800"])
def test_only_the_first_thousand_words_are_tagged(model: EntityModel, piece: str) -> None:
    assert all(len(split_words((piece * 3000)[: e.start])) < 1000 for e in model.extract(piece * 3000, NOW))


def test_unspaced_scripts_are_tagged_by_character() -> None:
    examples = tuple(marked(f"我要去{name}", name, "city") for name in ("东京", "巴黎", "伦敦"))
    found = model_of("DIETClassifier", examples=examples).extract("我要去罗马", NOW)
    assert [(e.value, e.extractor) for e in found] == [("罗马", "DIETClassifier")]


def test_longer_of_overlapping_annotations_is_learned() -> None:
    text = "fly from New York"
    marks = (Annotation(9, 17, "city", "New York"), Annotation(13, 17, "person", "York"))
    found = model_of("CRFEntityExtractor", examples=(Example(text, "travel", marks),) * 3).extract(text, NOW)
    assert [(e.entity, e.value) for e in found] == [("city", "New York")]


def test_lookup_tables_are_features_only_after_a_regex_featurizer() -> None:
    dishes = ("blorf", "quast", "mipple", "drench", "vosk", "tarn", "ulpit", "jeppo", "gwem", "krilb", "sonf", "yavel")
    plain = ("brolf", "quint", "mappel", "drunch", "visk", "torn", "alput", "jappe", "gwim", "kralb", "sinf", "yovel")
    examples = (
        *(marked(f"{dish} it is", dish, "dish") for dish in dishes),
        *(Example(f"{word} it is", "agree") for word in plain),
    )
    table = (Lookup("dish", (*dishes, "zenup")),)
    with_table = model_of("RegexFeaturizer", "CRFEntityExtractor", examples=examples, lookups=table)
    without = model_of("CRFEntityExtractor", examples=examples, lookups=table)
    assert [e.value for e in with_table.extract("zenup it is", NOW)] == ["zenup"]
    assert without.extract("zenup it is", NOW) == ()


def test_message_consisting_of_a_known_value_is_that_entity() -> None:
    plain = ("yes", "no", "hello", "bye", "thanks", "help", "stop", "well")
    payees = (marked(f"pay {name} please", name) for name in ("Jo Bloggs", "Ann", "well"))
    examples = (*payees, *(Example(word, "chat") for word in plain))
    model = model_of("CRFEntityExtractor", examples=examples)
    assert [(e.entity, e.value) for e in model.extract("jo bloggs!", NOW)] == [("payee", "jo bloggs")]
    assert model.extract("well", NOW) == ()
    assert model.extract("!", NOW) == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Sam O'Brien", "sam o'brien"),
        ("O'Brien", "O’Brien!"),
        ("दिल्ली", "दिल्ली"),
        ("मुंबई", "मुंबई?"),
        ("Zoe\u0308", "zoe\u0308"),
    ],
)
def test_apostrophes_and_combining_marks_belong_to_known_values(name: str, text: str) -> None:
    payees = (marked(f"pay {payee} please", payee) for payee in (name, "Sam"))
    (entity,) = model_of("CRFEntityExtractor", examples=(*payees, Example("hello", "greet"))).extract(text, NOW)
    assert (entity.entity, text[entity.start : entity.end]) == ("payee", text.rstrip("!?"))


def test_symbol_can_be_an_entity_but_punctuation_cannot() -> None:
    dishes = ("🍕", "🍔", "🍟", "soup", "!?", "stew")
    examples = tuple(marked(f"we eat {dish} now", dish, "dish") for dish in dishes)
    model = model_of("CRFEntityExtractor", examples=examples)
    assert [e.value for e in model.extract("we eat 🍣 now", NOW)] == ["🍣"]
    assert model.extract("we eat !? now", NOW) == ()


def test_word_similar_to_annotated_names_is_found() -> None:
    names = ("anna", "john", "peter", "mary", "susan", "robert", "laura", "james")
    plain = ("who", "nobody", "it", "this", "that", "everything", "what", "nothing")
    payees = (marked(f"{name} gets it", name) for name in names)
    examples = (*payees, *(Example(f"{word} gets it", "chat") for word in plain))
    found = model_of("CRFEntityExtractor", examples=examples).extract("helen gets it", NOW)
    assert [e.value for e in found] == ["helen"]


def test_diet_without_entity_recognition_learns_no_entities() -> None:
    pipeline = (Component("DIETClassifier", {"entity_recognition": False}),)
    assert train_entities(Content(nlu=NluData(examples=EXAMPLES), pipeline=pipeline)).extractors == ()


def test_second_learned_extractor_in_a_pipeline_adds_no_duplicates() -> None:
    found = model_of("DIETClassifier", "CRFEntityExtractor").extract("fly from Rome to Oslo", NOW)
    assert [e.extractor for e in found] == ["DIETClassifier"] * 2


def test_names_are_found_in_any_case() -> None:
    towns = ("York", "Bath", "Leeds", "Hull", "Ripon", "Stoke", "Derby", "Luton", "Crewe", "Truro")
    plain = ("work", "me", "home", "school", "the station", "us", "it", "here", "there", "you")
    examples = (
        *(marked(f"I want a branch near {town} today", town, "town") for town in towns),
        *(Example(f"I want a branch near {word} today", "chat") for word in plain),
    )
    model = model_of("CRFEntityExtractor", examples=examples)
    for written in ("I want a branch near Wigan today", "branch near bath today", "BRANCH NEAR BATH TODAY"):
        assert [e.entity for e in model.extract(written, NOW)] == ["town"], written
    assert model.extract("I want a branch near somewhere today", NOW) == ()


def test_value_does_not_end_with_an_opening_bracket() -> None:
    text = "my everyday (current account)"
    marks = (Annotation(3, 13, "account", "everyday"), Annotation(13, 28, "account", "current"))
    found = model_of("CRFEntityExtractor", examples=(Example(text, "ask", marks),) * 3).extract(text, NOW)
    assert [text[e.start : e.end] for e in found] == ["everyday", "current account"]


def test_capitals_distinguish_names_from_words() -> None:
    names = ("Bill", "Mark", "Grant", "Rose", "Will", "Sue", "Drew", "Art", "Pat", "Rich")
    payees = (marked(f"please pay {name} now", name) for name in names)
    plain = (Example(f"please pay {name.lower()} now", "chat") for name in names)
    model = model_of("CRFEntityExtractor", examples=(*payees, *plain))
    assert [e.value for e in model.extract("please pay Frank now", NOW)] == ["Frank"]


@pytest.mark.parametrize(
    ("text", "informative"),
    [
        ("pay Anna", True),
        ("Pay anna", False),
        ("Please, I'm lost. Pay anna", False),
        ("Hi! Pay Anna", True),
        ("PAY ANNA", False),
        ("pay anna", False),
        ("pay bob on Friday", False),
        ("pay bob in October", False),
        ("pay bob ASAP", False),
        ("pay bob from my ISAs", False),
        ("pay BOB from my ISA", False),
        ("pay Sam O'Brien from my ISA on Friday", True),
        ("", False),
    ],
)
def test_capitals_are_informative_unless_any_sentence_has_them(text: str, informative: bool) -> None:
    assert has_informative_capitals(text, split_words(text)) is informative


def test_days_and_acronyms_do_not_hide_lower_case_names() -> None:
    names = ("Bob", "Anna", "Sam", "Lucy", "Omar", "Ines")
    payees = (marked(f"pay {name} £20 on Friday", name) for name in names)
    plain = (Example(f"pay {thing} on Friday", "chat") for thing in ("it", "rent", "all", "what"))
    model = model_of("CRFEntityExtractor", examples=(*payees, *plain))
    for text in ("pay bob £20 on Friday", "pay bob £20 ASAP", "pay bob £20 from my ISA", "pay bob £20 on friday"):
        assert [e.value for e in model.extract(text, NOW)] == ["bob"], text


def test_examples_without_capitals_train_no_cased_taggers() -> None:
    small = tuple(
        Example(e.text.lower(), e.intent, tuple(replace(mark, value="") for mark in e.annotations)) for e in EXAMPLES
    )
    assert sorted(model_of("CRFEntityExtractor", examples=small).dump()[1]) == ["0-entity", "0-group", "0-role"]


def test_same_content_gives_the_same_model(model: EntityModel) -> None:
    states, files = model.dump()
    kinds = ("entity", "group", "role")
    assert sorted(files) == [*(f"0-cased-{kind}" for kind in kinds), *(f"0-{kind}" for kind in kinds)]
    assert model_of("CRFEntityExtractor").dump() == (states, files)


@pytest.mark.parametrize("text", ["fly from Lisbon to Rome", "fly from lisbon to rome"])
def test_restored_model_extracts_the_same(model: EntityModel, text: str) -> None:
    states, files = model.dump()
    assert EntityModel.restore(json.loads(json.dumps(states)), files).extract(text, NOW) == model.extract(text, NOW)
