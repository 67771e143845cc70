"""How the matcher handles what people type, and what it does not know."""

import random
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    Place,
    Slot,
    SlotMapping,
)
from bot.nlu import FALLBACK_INTENT, describe_pipeline, train
from bot.nlu.entities import COVERAGE
from bot.nlu.entities.pipeline import DEFAULT_PIPELINE
from bot.nlu.evaluation import likeliest
from bot.nlu.pipeline import _EQUIVALENTS
from bot.nlu.settings import CLASSIFIERS

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOW = datetime(2026, 3, 4, tzinfo=UTC)
EXAMPLES = {
    "lost_card": [
        "i lost my card", "my card is gone", "someone stole my card", "i can't find my bank card", "card missing",
        "my wallet with the card was stolen", "please block my lost card", "i left my card in a taxi",
    ],
    "balance": [
        "what is my balance", "how much money do i have", "show me my balance", "how much is in my account",
        "what's left in my account", "check balance please", "do i have enough money", "tell me my account balance",
    ],
    "transfer": [
        "send money to my sister", "i want to transfer money", "pay my brother 20 pounds", "make a transfer please",
        "transfer 50 to savings", "wire money to bob", "can i send 10 pounds to ann", "move money to another account",
    ],
    "opening_hours": [
        "when are you open", "what are your opening hours", "are you open on sunday", "when do you close today",
        "is the branch open tomorrow", "until when can i come in", "opening times please", "do you close for lunch",
    ],
    "mortgage": [
        "i want to buy a house", "tell me about mortgages", "what are your mortgage rates", "home loan",
        "how much can i borrow for a flat", "mortgage advice please", "i need a loan for a house", "house financing",
    ],
    "complain": [
        "i want to complain", "your service is terrible", "i am unhappy with you", "this is a scandal",
        "let me speak to your manager about this", "i was treated badly", "how do i make a complaint", "awful support",
    ],
}  # fmt: skip
OFF_TOPIC = ["who won the football game", "what is the capital of peru", "tell me a joke", "bake a cake for me",
           "how tall is the eiffel tower", "play some jazz music"]  # fmt: skip
PARAPHRASES = {
    "my debit card was stolen": "lost_card",
    "how much cash is in my account": "balance",
    "i would like to send some cash to my mum": "transfer",
    "at what time do you open": "opening_hours",
    "i would like a loan to buy a flat": "mortgage",
    "i am really annoyed by your awful service": "complain",
}


def content(examples=EXAMPLES, **changes):
    pairs = [(text, intent) for intent, texts in examples.items() for text in texts]
    found = [Example(text, intent, place=Place("nlu.yml", i)) for i, (text, intent) in enumerate(pairs, 1)]
    return Content(nlu=NluData(tuple(found)), **changes)


@pytest.fixture(scope="module")
def model():
    return train(content())


@pytest.mark.parametrize(("text", "intent"), PARAPHRASES.items())
def test_paraphrases_are_understood(model, text, intent):
    assert model.parse(text, NOW).intent_name == intent


def test_paraphrases_are_understood_in_any_case_accents_and_symbols(model):
    for text, intent in PARAPHRASES.items():
        for written in (text.upper(), f"  {text}!!! 🙏", text.replace("o", "ó"), text.replace("e", "e\u200b")):
            assert likeliest(model.parse(written, NOW))[0] == intent


def test_misspelt_paraphrases_are_understood(model):
    rng = random.Random(1)
    right = 0
    for text, intent in PARAPHRASES.items():
        at = max(range(len(text)), key=lambda i: (text[i - 3 : i + 3].isalpha(), rng.random()))
        right += likeliest(model.parse(text[:at] + text[at + 1 :], NOW))[0] == intent
    assert right >= len(PARAPHRASES) - 1


def test_off_topic_messages_fall_back_as_out_of_scope(model):
    parses = [model.parse(text, NOW) for text in OFF_TOPIC]
    assert [p.intent_name for p in parses].count(FALLBACK_INTENT) >= len(OFF_TOPIC) - 1
    assert [p.doubt for p in parses].count("out_of_scope") >= len(OFF_TOPIC) - 2


def test_message_between_two_intents_is_ambiguous():
    both = {i: [*EXAMPLES[i], "the thing with the amount"] for i in ("balance", "transfer")}
    parse = train(content({**EXAMPLES, **both})).parse("the thing with the amount", NOW)
    assert {s.name for s in parse.ranking[:3]} == {FALLBACK_INTENT, "balance", "transfer"}
    assert parse.doubt == "ambiguous"


def test_confidences_descend_and_sum_to_at_most_one(model):
    for text in [*PARAPHRASES, *OFF_TOPIC, "x", "?"]:
        scores = [s.confidence for s in model.parse(text, NOW).ranking if s.name != FALLBACK_INTENT]
        assert scores == sorted(scores, reverse=True)
        assert min(scores) >= 0
        assert sum(scores) <= 1 + 1e-9


def test_no_message_falls_back_without_a_fallback_classifier():
    without_fallback = train(content(pipeline=(Component("DIETClassifier"),)))
    assert all(not without_fallback.parse(text, NOW).doubt for text in OFF_TOPIC)
    assert "no FallbackClassifier" in without_fallback.explain_threshold()


def test_chosen_threshold_is_explained_and_keeps_most_correct_messages(model):
    assert "held out in turn" in model.explain_threshold()
    assert model.classifier.calibration.kept > 0.9
    assert 0 < model.threshold < 1


SMALL_BOTS = {
    "ar": {
        "hi": ["مرحبا", "أهلا", "السلام عليكم"],
        "bye": ["وداعا", "مع السلامة", "إلى اللقاء"],
        "ok": ["نعم", "أجل", "طبعا"],
    },
    "ru": {"hi": ["привет", "здравствуйте", "добрый день"], "bye": ["пока", "до свидания"], "ok": ["да", "хорошо"]},
    "zh": {"hi": ["你好", "您好", "早上好"], "bye": ["再见", "拜拜", "回头见"], "ok": ["是的", "好的", "可以"]},
    "hi": {"hi": ["नमस्ते", "नमस्कार"], "bye": ["अलविदा", "फिर मिलेंगे"], "ok": ["हाँ", "ठीक है"]},
    "en": {"hi": ["hello", "good morning", "👋"], "bye": ["goodbye", "see you"], "ok": ["yes please", "sure", "👍"]},
}


GERMAN = {
    "greet": ["hallo", "hi", "guten Tag", "guten Morgen", "moin", "grüß dich"],
    "goodbye": ["tschüss", "ciao", "auf Wiedersehen", "bis bald", "bis morgen", "mach's gut"],
    "affirm": ["ja", "genau", "gerne", "klar", "stimmt", "auf jeden Fall"],
    "deny": ["nein", "nie", "lieber nicht", "auf keinen Fall", "das will ich nicht"],
    "thank": ["danke", "vielen Dank", "merci", "das ist nett"],
    "order": ["ich möchte bestellen", "eine Pizza bitte", "einmal Margherita", "zwei Cola", "Bestellung aufgeben"],
    "hours": ["wann öffnet ihr", "habt ihr sonntags auf", "Öffnungszeiten", "wie lange ist offen"],
    "robot": ["bist du ein Mensch", "Roboter?", "wer bist du", "mit wem rede ich"],
}


@pytest.mark.parametrize("count", [4, 8])
@pytest.mark.parametrize("threshold", [None, 0.3, 0.6])
def test_bot_in_a_language_without_vectors_accepts_its_own_examples(count, threshold):
    """Short examples that share no word with others of their intent are unlike all but themselves."""
    intents = dict(list(GERMAN.items())[:count])
    fallback = Component("FallbackClassifier", {} if threshold is None else {"threshold": threshold})
    bot = train(content(intents, language="de", pipeline=(Component("IntentMatcher"), fallback)))
    own = [(intent, text) for intent, texts in intents.items() for text in texts]
    assert [text for intent, text in own if bot.parse(text, NOW).intent_name != intent] == []


@pytest.mark.parametrize("language", SMALL_BOTS)
def test_small_bot_understands_its_own_examples_in_any_script(language):
    small_bot = train(content(SMALL_BOTS[language], language=language))
    for intent, texts in SMALL_BOTS[language].items():
        for text in texts:
            parse = small_bot.parse(text, NOW)
            assert (parse.intent_name, parse.doubt) == (intent, ""), text
            assert parse.nearest[0].similarity == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    "examples",
    [
        {f"faq_{n}": [f"what is thing number {n} about"] for n in range(40)} | {"greet": ["hello", "hello there"]},
        {name: [f"please {name} it now"] * 20 for name in ("open", "close", "lock")},
        {n: [f"{n} it{' please' * (k % 2)}" for k in range(20)] for n in ("open", "close", "lock")},
    ],
    ids=["one example each", "the same again and again", "two each, again and again"],
)
def test_thresholds_chosen_from_unusual_data_reject_no_example(examples):
    taught = train(content(examples))
    assert 0 <= taught.threshold < 1
    for intent, texts in examples.items():
        assert taught.parse(texts[0], NOW).intent_name == intent


@pytest.mark.parametrize(
    "text",
    ["", " \n\t", "\x00", "\ud800", "🙂" * 50, "a" * 1_000_000, "word " * 200_000, "我" * 100_000, "\u0301" * 10_000,
     "\ufdfa" * 10_000, "/greet{", "((((((((", "İ" * 5000],
)  # fmt: skip
def test_unusual_messages_are_parsed(model, text):
    parse = model.parse(text, NOW)
    assert parse.text == text
    assert (parse.intent is None) == (not text.strip())


@settings(max_examples=60)
@given(st.text(alphabet=st.characters()))
def test_any_text_is_parsed(model, text):
    model.parse(text, NOW)


LANGUAGES = [
    (
        "balance",
        "查一下余额",
        ["我的余额是多少", "查询余额", "账户里有多少钱"],
        ["我的卡丢了", "卡被偷了", "找不到银行卡"],
    ),
    ("card", "カードを盗まれました", ["残高を教えて", "口座の残高は"], ["カードをなくした", "カードが盗まれた"]),
    ("card", "บัตรของฉันหาย", ["ยอดเงินคงเหลือเท่าไหร่", "เช็คยอดเงิน"], ["บัตรหาย", "บัตรถูกขโมย", "ทำบัตรหาย"]),
    (
        "card",
        "Karten verloren",
        ["wie hoch ist mein Kontostand", "Konto zeigen"],
        ["Karte verloren", "meine Karte ist weg"],
    ),
    ("card", "где моя карта", ["какой у меня баланс", "покажи баланс"], ["я потерял карту", "карта украдена"]),
]


@pytest.mark.parametrize(("intent", "text", "balance", "card"), LANGUAGES)
def test_messages_in_other_languages_are_understood(intent, text, balance, card):
    examples = {"balance": balance, "card": card}
    assert likeliest(train(content(examples, language="xx")).parse(text, NOW))[0] == intent


def test_training_names_featurizers_unavailable_for_the_language():
    german = {"balance": ["wie hoch ist mein Kontostand"], "card": ["meine Karte ist weg"]}
    explanation = train(content(german)).explain_left_out()
    assert explanation is not None
    assert "without StaticVectors: not available for the language of the examples" in explanation
    assert train(content({"balance": ["what is my balance"]})).explain_left_out() is None


def test_training_works_with_one_example_per_intent_or_a_single_intent():
    assert likeliest(train(content({"a": ["hello"], "b": ["bye"]})).parse("hello", NOW))[0] == "a"
    assert likeliest(train(content({"only": ["hello", "hi"]})).parse("hello", NOW))[0] == "only"
    assert likeliest(train(content({"a": ["🙂"], "b": ["?"]})).parse("🙂", NOW))[0] == "a"


def test_model_trained_on_large_data_understands_paraphrases():
    rng = random.Random(0)
    starts = ["please", "hey", "well", "so", "now", "could you", "ok", "hm", "look", "listen"]
    many = {i: [f"{rng.choice(starts)} {t} {n}" for t in texts for n in range(90)] for i, texts in EXAMPLES.items()}
    large = train(content(many))
    assert len(large.known) > 4000
    assert [likeliest(large.parse(t, NOW))[0] for t in PARAPHRASES] == list(PARAPHRASES.values())


def test_rasa_components_are_explained_and_unknown_components_are_errors():
    names = [
        "WhitespaceTokenizer",
        "CountVectorsFeaturizer",
        "DIETClassifier",
        "SpacyEntityExtractor",
        "DucklingEntityExtractor",
        "my.Own",
    ]
    alike = ["RegexFeaturizer", "EntitySynonymMapper", "ResponseSelector", "FallbackClassifier"]
    notes = describe_pipeline(
        Content(pipeline=tuple(Component(n, place=Place("config.yml", 3)) for n in alike + names))
    )
    assert [n.severity for n in notes] == ["note"] * 5 + ["error"]
    assert str(notes[-1].place) == "config.yml:3:1"
    assert "my.Own" in notes[-1].message


def test_unsupported_duckling_dimensions_are_reported():
    duckling = Component("DucklingEntityExtractor", {"dimensions": ["time", "volume", "temperature"]})
    (_, unread) = describe_pipeline(Content(pipeline=(duckling,)))
    assert (unread.severity, unread.code) == ("warning", "option-unused")
    assert "volume or temperature" in unread.message
    assert (
        len(describe_pipeline(Content(pipeline=(Component("DucklingEntityExtractor", {"dimensions": ["time"]}),)))) == 1
    )


MARKED = Example("borrow Dune", "borrow", (Annotation(7, 11, "book", "Dune"),))
BORROW = Content(nlu=NluData((MARKED,)))
FILLED = Content(Domain(slots={"day": Slot("day", mappings=(SlotMapping("from_entity", "time"),))}))


class IdleProcessor:
    def process(self, parse, now):
        return parse


class ZeroFeaturizer:
    share, version = 0.5, "1"

    def features(self, texts):
        return np.zeros((len(texts), 1), np.float32)


@pytest.mark.parametrize(
    ("content", "names", "missing"),
    [
        (BORROW, ["IntentMatcher", "FallbackClassifier"], "`book`"),
        (FILLED, ["IntentMatcher", "FallbackClassifier"], "`time`"),
        (BORROW, ["ZeroFeaturizer", "IntentMatcher"], "`book`"),
        (BORROW, ["RegexFeaturizer", "EntitySynonymMapper"], "`book`"),
        (BORROW, [], "`book`"),
        (BORROW, ["DIETClassifier"], None),
        (FILLED, ["IntentMatcher", "TellerEntityExtractor"], None),
        (BORROW, ["IntentMatcher", "IdleProcessor"], None),
        (BORROW, None, None),
        (Content(), ["IntentMatcher"], None),
    ],
)
def test_pipeline_that_finds_no_needed_entities_is_reported(content, names, missing):
    named = None if names is None else tuple(Component(name, {}, Place("config.yml", 3)) for name in names)
    offered = {"IdleProcessor": lambda options: IdleProcessor(), "ZeroFeaturizer": lambda options: ZeroFeaturizer()}
    found = [d for d in describe_pipeline(replace(content, pipeline=named), offered) if d.code == "no-extractor"]
    assert [missing in d.message and d.severity == "warning" for d in found] == [True] * (missing is not None)


@pytest.mark.parametrize(
    ("entities", "options", "is_reported"),
    [
        ((), {}, True),
        (("book",), {}, True),
        (("book", "time"), {}, False),
        ((), {"dimensions": ["time"]}, False),
        ((), {"dimensions": []}, False),
    ],
)
def test_grammar_without_entities_to_find_is_reported(entities, options, is_reported):
    domain = Domain(entities={name: EntityType(name) for name in entities})
    extractor = Component("TellerEntityExtractor", options, Place("config.yml", 3))
    found = describe_pipeline(Content(domain, pipeline=(extractor,)))
    reported = [d for d in found if d.code == "nothing-to-find"]
    assert [(d.severity, d.place.line) for d in reported] == [("note", 3)] * is_reported


@pytest.mark.parametrize(
    ("names", "is_reported"),
    [
        (["IntentMatcher", "TellerEntityExtractor"], True),
        (["IntentMatcher", "DucklingEntityExtractor"], True),
        (["IntentMatcher", "RegexEntityExtractor"], True),
        (["IntentMatcher", "RegexEntityExtractor", "CRFEntityExtractor"], False),
        (["DIETClassifier", "TellerEntityExtractor"], False),
        (["IntentMatcher", "IdleProcessor", "TellerEntityExtractor"], False),
    ],
)
def test_annotated_entities_without_a_learning_extractor_are_reported(names, is_reported):
    content = replace(BORROW, pipeline=tuple(Component(name, {}, Place("config.yml", 3)) for name in names))
    found = describe_pipeline(content, {"IdleProcessor": lambda _: IdleProcessor()})
    reported = [d for d in found if d.code == "no-extractor"]
    assert ["`book`" in d.message and "learns" in d.message for d in reported] == [True] * is_reported


@pytest.mark.parametrize(
    ("entity", "nlu", "name"),
    [
        ("book", {"lookups": (Lookup("book", ("Dune",)),)}, "RegexEntityExtractor"),
        ("time", {}, "TellerEntityExtractor"),
        ("time", {}, "DucklingEntityExtractor"),
    ],
)
def test_annotated_entities_found_by_a_table_or_grammar_are_not_reported(entity, nlu, name):
    marked = replace(MARKED, annotations=(Annotation(7, 11, entity, "Dune"),))
    domain = Domain(entities={entity: EntityType(entity)})
    found = describe_pipeline(Content(domain, NluData((marked,), **nlu), pipeline=(Component(name),)))
    assert "no-extractor" not in {d.code for d in found}


def test_diet_classifier_without_entity_recognition_is_not_an_extractor():
    classifier = Component("DIETClassifier", {"entity_recognition": False})
    assert "no-extractor" in {d.code for d in describe_pipeline(replace(BORROW, pipeline=(classifier,)))}


def test_guide_describes_every_component():
    guide = (DOCS / "how-to/write-intents.md").read_text()
    rows = {name for line in guide.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line)}
    assert {*COVERAGE, *CLASSIFIERS, *_EQUIVALENTS} <= rows


def test_reference_lists_the_default_extractors():
    row = next(line for line in (DOCS / "reference/configuration.md").read_text().splitlines() if "`pipeline`" in line)
    assert [c.name for c in DEFAULT_PIPELINE] == [name for name in re.findall(r"`(\w+)`", row) if name in COVERAGE]


def test_selector_for_an_unknown_retrieval_intent_is_reported():
    examples = (Example("when do you open", "faq/hours"), Example("hello", "greet"))

    def reported(asked):
        pipeline = (Component("rasa.ResponseSelector", {"retrieval_intent": asked}, Place("config.yml", 4)),)
        return [d for d in describe_pipeline(Content(nlu=NluData(examples), pipeline=pipeline)) if d.severity != "note"]

    assert reported("faq") == reported(None) == []
    for asked, cure in (("faqs", "`faq`"), ("greet", "`greet/…`")):
        (finding,) = reported(asked)
        assert (finding.severity, finding.code, str(finding.place)) == ("warning", "unknown-intent", "config.yml:4:1")
        assert f"`{asked}`" in finding.message
        assert cure in finding.cure
