from datetime import UTC, datetime

import numpy as np
import pytest
from msgspec.structs import replace

from bot.content import Annotation, Component, Content, Domain, EntityType, Example, Intent, NluData, Place, Variation
from bot.learning import ModelError, read_folder, write_folder
from bot.nlu import FALLBACK_INTENT, Model, fingerprint_of, parse_shorthand, train

NOW = datetime(2026, 3, 4, tzinfo=UTC)
EXAMPLES = {
    "greet": ["hello", "hi there", "good morning", "hey", "good evening"],
    "balance": ["what is my balance", "how much money do I have", "show me my balance", "balance please"],
    "transfer": ["send money to my sister", "transfer 50 pounds", "I want to transfer money", "pay my brother"],
    "faq/hours": ["when are you open", "what are your opening hours", "are you open on sunday"],
    "faq/place": ["where is the branch", "what is your address", "where can I find you"],
}


def content(**changes: object) -> Content:
    examples = tuple(
        Example(text, intent, place=Place("nlu.yml", line))
        for line, (intent, text) in enumerate(((i, t) for i, ts in EXAMPLES.items() for t in ts), 1)
    )
    return Content(nlu=NluData(examples), **changes)


@pytest.fixture(scope="module")
def model() -> Model:
    return train(content())


def test_unseen_message_is_understood(model):
    assert model.parse("please show my balance", NOW).ranking[0].name == "balance"


def test_parse_has_the_nearest_example_with_its_place(model):
    nearest = model.parse("what is my balance", NOW).nearest[0]
    assert (nearest.text, nearest.intent, nearest.place) == ("what is my balance", "balance", "nlu.yml:6:1")
    assert nearest.similarity == pytest.approx(1, abs=1e-4)


def test_repeated_examples_count_once_in_training():
    copies = [Example("what is my balance", "balance", place=Place("nlu.yml", line)) for line in range(30, 530)]
    crowded = content()
    model = train(replace(crowded, nlu=NluData((*crowded.nlu.examples, *copies))))
    assert model.parse("hi there", NOW).intent_name == "greet"
    assert model.parse("what is my balance", NOW).nearest == train(crowded).parse("what is my balance", NOW).nearest


def test_response_is_selected_for_a_retrieval_intent(model):
    parse = model.parse("what are your opening hours", NOW)
    assert parse.ranking[0].name == "faq"
    assert parse.response_selector["all_retrieval_intents"] == ["faq"]
    assert parse.response_selector["default"]["response"]["intent_response_key"] == "faq/hours"
    assert parse.response_selector["default"]["response"]["utter_action"] == "utter_faq/hours"


def test_loaded_model_gives_the_same_parses(model, tmp_path):
    model.save(tmp_path)
    again = Model.load(tmp_path)
    assert again.fingerprint == model.fingerprint
    for text in ("hello", "send money", "where are you", "", "🙂"):
        assert again.parse(text, NOW) == model.parse(text, NOW)


@pytest.mark.parametrize(
    ("file", "was", "now"),
    [
        ("model.json", '"width"', '"wodth"'),
        ("model.json", '"language": "en"', '"language": "ex"'),
    ],
)
def test_model_with_changed_json_is_rejected(model, tmp_path, file, was, now):
    model.save(tmp_path)
    text = (tmp_path / file).read_text()
    assert was in text
    (tmp_path / file).write_text(text.replace(was, now, 1))
    with pytest.raises(ModelError, match="bot train"):
        Model.load(tmp_path)


def test_model_with_changed_arrays_is_rejected(tmp_path):
    marked = Example("pay Anna", "pay", (Annotation(4, 8, "payee", "Anna"),))
    train(Content(nlu=NluData((marked, Example("hello", "greet"))))).save(tmp_path)
    file = tmp_path / "entities-0-entity.npy"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match=r"entities-0-entity\.npy.*bot train"):
        Model.load(tmp_path)


def test_model_with_an_unknown_entity_extractor_is_rejected(model, tmp_path):
    model.save(tmp_path)
    facts, arrays = read_folder(tmp_path)
    copies = {name: array.copy() for name, array in arrays.items()}
    copies["entities"] = np.frombuffer(b'[{"kind": "oracle", "state": {}}]', np.uint8)
    write_folder(tmp_path, facts, copies)
    with pytest.raises(ModelError, match="oracle"):
        Model.load(tmp_path)


@pytest.mark.parametrize("missing", ["fallback", "classifier-selector0"])
def test_model_with_a_missing_fact_is_rejected(model, tmp_path, missing):
    model.save(tmp_path)
    facts, arrays = read_folder(tmp_path)
    del facts[missing]
    write_folder(tmp_path, facts, {name: array.copy() for name, array in arrays.items()})
    with pytest.raises(ModelError, match=missing):
        Model.load(tmp_path)


def test_training_twice_with_one_seed_gives_the_same_bytes(tmp_path):
    train(content(), seed=3).save(tmp_path / "a")
    train(content(), seed=3).save(tmp_path / "b")
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert files
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_fingerprint_changes_only_with_training_inputs():
    whole = content()
    said = (Variation("Hello"),)
    assert fingerprint_of(whole) == fingerprint_of(content(domain=Domain(responses={"utter_greet": said})))
    assert fingerprint_of(whole) != fingerprint_of(content(domain=Domain(responses={"utter_faq/hours": said})))
    assert fingerprint_of(whole) != fingerprint_of(whole, seed=1)
    assert fingerprint_of(whole) != fingerprint_of(Content(nlu=NluData(whole.nlu.examples[1:])))


def test_message_below_the_configured_threshold_falls_back():
    fallback = Component("FallbackClassifier", {"threshold": 1.1})
    strict = train(content(pipeline=(Component("DIETClassifier"), fallback)))
    parse = strict.parse("what is my balance", NOW)
    assert parse.intent_name == FALLBACK_INTENT
    assert parse.ranking[1].name == "balance"


def test_model_without_training_data_recognises_no_intent():
    assert train(Content()).parse("hello", NOW).intent is None


def test_shorthand_is_parsed_only_for_intents_of_the_domain():
    domain = Domain(intents={"inform": Intent("inform")}, entities={"city": EntityType("city")})
    parse = parse_shorthand('/inform@0.9{"city": ["Leeds", "York"]}', domain)
    assert parse is not None
    assert parse.intent is not None
    assert (parse.intent.name, parse.intent.confidence) == ("inform", 0.9)
    assert [(e.entity, e.value) for e in parse.entities] == [("city", "Leeds"), ("city", "York")]
    for text in ("/other", "inform", "/inform@2", "/"):
        assert parse_shorthand(text, domain) is None


def test_shorthand_leaves_out_entities_that_the_domain_lacks():
    domain = Domain(intents={"inform": Intent("inform")}, entities={"city": EntityType("city")})
    unknown: list[str] = []
    parse = parse_shorthand('/inform{"town": ["Leeds"], "city": "York", "age": 5}', domain, unknown.append)
    assert parse is not None
    assert [(e.entity, e.value) for e in parse.entities] == [("city", "York")]
    assert unknown == ["age", "town"]


@pytest.mark.parametrize("text", ["/inform{bad", "/inform{[1]}", "/inform{'city': 'Leeds'}", "/inform{city}"])
def test_shorthand_with_unreadable_entities_keeps_its_intent(text: str):
    parse = parse_shorthand(text, Domain(intents={"inform": Intent("inform")}))
    assert parse is not None
    assert (parse.intent_name, parse.entities) == ("inform", ())


@pytest.mark.parametrize(("text", "is_shorthand"), [("/faq", False), ("/faq/hours", True), ("/inform", True)])
def test_shorthand_for_a_retrieval_intent_needs_a_response_key(text: str, is_shorthand: bool):
    responses = {"utter_faq/hours": (), "utter_inform": (), "utter_inform/more": ()}
    domain = Domain(intents={name: Intent(name) for name in ("faq", "inform")}, responses=responses)
    assert (parse_shorthand(text, domain) is not None) == is_shorthand


@pytest.mark.parametrize(("levels", "entities"), [(31, 1), (40, 0), (970, 0)])
def test_shorthand_with_deeply_nested_values_has_no_entities(levels: int, entities: int):
    text = '/inform{"n": ' + "[" * levels + "1" + "]" * levels + "}"
    parse = parse_shorthand(text, Domain(intents={"inform": Intent("inform")}, entities={"n": EntityType("n")}))
    assert parse is not None
    assert (parse.intent_name, len(parse.entities)) == ("inform", entities)
