import json
from datetime import UTC, datetime

import pytest

from bot.app.nlu_testing import NluTest
from bot.app.plots import save_plots
from bot.cli.test_nlu import show_nlu_test
from bot.content import Annotation, Content, Domain, EntityType, Example, NluData, Place
from bot.messages import Entity, IntentScore, Nearest, Parse
from bot.nlu import train
from bot.nlu.evaluation import compare, cross_validate, evaluate, report
from bot.nlu.findings import find

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CARDS = [
    "i lost my card",
    "my card is gone",
    "card stolen",
    "my card was taken",
    "the card is missing",
    "where is my card",
]
MONEY = [
    "how much money is there",
    "money left",
    "show my balance",
    "balance please",
    "what is the balance",
    "my money",
]


def examples(**by_intent):
    pairs = [(text, intent) for intent, texts in by_intent.items() for text in texts]
    return tuple(Example(text, intent, place=Place("nlu.yml", i)) for i, (text, intent) in enumerate(pairs, 1))


def parsed(expected, predicted, confidence=0.9, nearest=(), text="x", **more):
    best = IntentScore(predicted, confidence)
    return Example(text, expected, place=Place("t.yml", 7), **more), Parse(text, best, (best,), nearest=nearest)


def test_report_has_precision_recall_and_f1_by_intent():
    found = report([parsed("a", "a"), parsed("a", "b"), parsed("b", "b"), parsed("b", "b"), parsed("c", "a")])
    by_name = {s.name: s for s in found.intents}
    assert (by_name["a"].precision, by_name["a"].recall, by_name["a"].support) == (0.5, 0.5, 2)
    assert by_name["b"].precision == pytest.approx(2 / 3)
    assert by_name["b"].recall == 1
    assert by_name["c"].f1 == 0
    assert found.accuracy == 0.6
    assert found.macro_f1 == pytest.approx((0.5 + 0.8 + 0) / 3)


def test_confusion_names_the_training_example_that_attracted_the_message():
    nearest = (Nearest("other", "c", "nlu.yml:1:1", 0.9), Nearest("the magnet", "b", "nlu.yml:9:1", 0.8))
    found = report([parsed("a", "b", 0.6), parsed("a", "b", 0.9, nearest), parsed("b", "a"), parsed("a", "a")])
    worst = found.confusions[0]
    assert (worst.expected, worst.predicted, worst.count) == ("a", "b", 2)
    assert worst.messages[0].attracted_by == nearest[1]
    assert worst.messages[1].attracted_by is None
    assert worst.messages[0].place == "t.yml:7:1"


def test_accuracy_uses_the_likeliest_intent_of_messages_that_fall_back():
    right, wrong = IntentScore("a", 0.4), IntentScore("b", 0.3)
    fallback = IntentScore("nlu_fallback", 0.5)
    found = report([(Example("x", "a"), Parse("x", fallback, (fallback, right))),
                    (Example("y", "a"), Parse("y", fallback, (fallback, wrong)))])  # fmt: skip
    assert (found.accuracy, found.fell_back, found.fell_back_wrongly) == (0.5, 1.0, 0.5)


def test_expected_fallback_counts_as_correct_when_the_message_falls_back():
    fallback, other = IntentScore("nlu_fallback", 0.5), IntentScore("a", 0.4)
    example = Example("x", "nlu_fallback")
    found = report([(example, Parse("x", fallback, (fallback, other))), (example, Parse("x", other, (other,)))])
    assert [predicted for _, predicted, _ in found.outcomes] == ["nlu_fallback", "a"]
    assert (found.accuracy, found.fell_back, found.fell_back_wrongly) == (0.5, 0.5, 0.0)


def test_shortened_report_names_the_files_with_the_full_lists(tmp_path, capsys):
    names = [f"intent{number:02}" for number in range(14)]
    pairs = [parsed(name, other) for name, other in zip(names, names[1:] + names[:1], strict=True)]
    show_nlu_test(NluTest(report([*pairs, *[parsed("intent00", "intent01")] * 7])), tmp_path)
    shown = capsys.readouterr().out
    assert f"the 12 weakest of 14 intents; all are in {tmp_path / 'intent_report.json'}" in shown
    assert f"the 12 most frequent of 14 confusions; all are in {tmp_path / 'intent_errors.json'}" in shown
    assert "... and 3 more" in shown


def test_weakest_intents_exclude_intents_that_were_never_expected(tmp_path, capsys):
    fallback = IntentScore("nlu_fallback", 0.5)
    fell_back = Example("x", "a"), Parse("x", fallback, (fallback, IntentScore("a", 0.4)))
    show_nlu_test(NluTest(report([fell_back, parsed("a", "a")], decided=True)), tmp_path)
    shown = capsys.readouterr().out.splitlines()
    assert "a\t1.000\t0.500\t0.667\t2" in shown
    assert not any(line.startswith("nlu_fallback\t") for line in shown)


def test_complete_report_does_not_mention_files(tmp_path, capsys):
    show_nlu_test(NluTest(report([parsed("a", "b"), parsed("b", "b")])), tmp_path)
    shown = capsys.readouterr().out
    assert "a taken for b: 1" in shown
    assert "all are in" not in shown
    assert "more" not in shown


def test_decided_report_counts_a_fallback_as_the_prediction():
    fallback = IntentScore("nlu_fallback", 0.5)
    ranked = (fallback, IntentScore("a", 0.4))
    near = (Nearest("the magnet", "a", "nlu.yml:9:1", 0.8),)
    said = Parse("x", fallback, ranked, nearest=near)
    found = report([(Example("x", "nlu_fallback"), said), (Example("x", "a"), said)], decided=True)
    assert found.outcomes == (("nlu_fallback", "nlu_fallback", 0.5), ("a", "nlu_fallback", 0.4))
    assert (found.accuracy, found.fell_back, found.fell_back_wrongly) == (0.5, 1.0, 0.5)
    (missed,) = found.confusions[0].messages
    assert (missed.predicted, missed.likeliest, missed.attracted_by) == ("nlu_fallback", "a", near[0])


def test_entity_is_correct_only_if_name_span_and_role_match():
    marks = (Annotation(0, 5, "city", "Leeds", role="from"), Annotation(9, 13, "city", "York"))
    example = Example("Leeds to York", "go", marks)
    got = (Entity("city", "Leeds", 0, 5, role="to"), Entity("city", "York", 9, 13), Entity("number", 1, 0, 1))
    found = report([(example, Parse("Leeds to York", IntentScore("go", 1), (IntentScore("go", 1),), got))])
    assert [(s.name, s.precision, s.recall) for s in found.entities] == [("city", 0.5, 0.5)]


def test_report_on_no_messages_is_empty():
    assert report([]).messages == 0


def test_cross_validation_is_accurate_and_repeatable():
    content = Content(nlu=NluData(examples(cards=CARDS, money=MONEY)))
    found = cross_validate(content, folds=3)
    assert found.messages == 12
    assert found.accuracy > 0.6
    assert found == cross_validate(content, folds=3)
    json.dumps(found.as_json())


def test_evaluating_a_test_set_counts_the_decisions_of_the_model():
    model = train(Content(nlu=NluData(examples(cards=CARDS, money=MONEY))))
    assert evaluate(model, examples(cards=["i lost a card"], money=["show the balance"])).accuracy == 1
    assert evaluate(model, examples(cards=["i lost a card"])).decided


def test_comparison_has_the_differences_and_their_significance():
    before = report([parsed("a", "b")] * 9 + [parsed("b", "b")])
    after = report([parsed("a", "a")] * 9 + [parsed("b", "a")])
    found = compare(before, after)
    assert (found.only_first, found.only_second) == (1, 9)
    assert found.accuracy == pytest.approx(0.8)
    assert found.p_value == pytest.approx(2 * 11 / 1024)
    assert compare(before, before).p_value == 1
    assert found.intents[0][0] == "a"
    with pytest.raises(ValueError, match="same messages"):
        compare(before, report([parsed("c", "c")]))


def test_mislabelled_example_is_found_with_its_nearest_neighbour():
    wrong = "my card was lost"
    found = find(Content(nlu=NluData(examples(cards=[*CARDS, "i lost my bank card"], money=[*MONEY, wrong]))))
    assert [(m.text, m.intent, m.suggested) for m in found.mislabelled] == [(wrong, "money", "cards")]
    assert found.mislabelled[0].neighbour in [*CARDS, "i lost my bank card"]
    assert found.mislabelled[0].place == "nlu.yml:14:1"


def test_near_duplicates_are_found_only_across_intents():
    found = find(Content(nlu=NluData(examples(a=["Hello!", "hello", "one more"], b=["hello", "another"]))))
    assert {(d.text, d.other_text) for d in found.near_duplicates} == {("hello", "hello"), ("Hello!", "hello")}
    assert all(d.intent != d.other_intent for d in found.near_duplicates)


def test_intent_with_few_examples_is_thin():
    found = find(Content(nlu=NluData(examples(thin=["one", "two"], thick=CARDS))))
    assert [(t.intent, t.examples) for t in found.thin] == [("thin", 2)]


def test_repeated_examples_do_not_make_an_intent_less_thin():
    found = find(Content(nlu=NluData(examples(thin=["one", "two"] * 9, thick=CARDS))))
    assert [(t.intent, t.examples) for t in found.thin] == [("thin", 2)]


def test_known_entity_values_without_annotation_are_found():
    marked = Example("fly to Leeds", "fly", (Annotation(7, 12, "city", "Leeds"),), place=Place("nlu.yml", 1))
    bare = Example("is Leeds far", "fly", place=Place("nlu.yml", 2))
    domain = Domain(entities={"city": EntityType("city"), "never": EntityType("never")})
    found = find(Content(nlu=NluData((marked, bare)), domain=domain))
    assert [(c.entity, c.annotated, c.values, c.missed) for c in found.entities] == [
        ("city", 1, 1, (("leeds", "nlu.yml:2:1"),)),
        ("never", 0, 0, ()),
    ]


@pytest.mark.parametrize(
    ("said", "missed"),
    [
        ("from new york to Oslo", ["new york"]),
        ("new york new york", ["new york"]),
        ("york is new", []),
        ("newer yorkshire", []),
        ("to New York", ["new york"]),
        ("to New York, please", ["new york"]),
        ("(new york)?", ["new york"]),
        ("an oz of it", []),
    ],
)
def test_missed_values_match_whole_words_of_three_letters_or_more(said, missed):
    known = "fly to new york", (Annotation(7, 15, "city", "new york"),)
    short = "an oz more", (Annotation(3, 5, "city", "oz"),)
    marked = [Example(text, "fly", marks) for text, marks in (known, short)]
    found = find(Content(nlu=NluData((*marked, Example(said, "fly", place=Place("nlu.yml", 2))))))
    assert [value for value, _ in found.entities[0].missed] == missed


def test_missed_values_are_found_in_scripts_without_spaces():
    marked = Example("我要去东京塔", "go", (Annotation(3, 6, "place", "东京塔"),), place=Place("nlu.yml", 1))
    bare = Example("东京塔在哪里？", "ask", place=Place("nlu.yml", 2))
    assert find(Content(nlu=NluData((marked, bare)))).entities[0].missed == (("东京塔", "nlu.yml:2:1"),)


def test_near_duplicates_are_the_same_when_compared_in_blocks():
    wrong = "my card was lost"
    data = Content(
        nlu=NluData(examples(cards=[*CARDS, "i lost my bank card", "the money"], money=[*MONEY, wrong, "the money"]))
    )
    small = find(data)
    large = find(data, in_memory=3)
    assert [(d.text, d.other_text) for d in large.near_duplicates] == [("the money", "the money")]
    assert [(d.place, d.other_place) for d in large.near_duplicates] == [
        (d.place, d.other_place) for d in small.near_duplicates
    ]


def test_content_without_examples_has_no_findings():
    assert find(Content()).mislabelled == ()


@pytest.mark.parametrize("outcomes", [[("a", "a"), ("a", "b"), ("b", "b")], [("a", "a"), ("b", "b")], []])
def test_plots_are_written_with_and_without_confusions(tmp_path, outcomes):
    pytest.importorskip("matplotlib", reason="the plots extra is not installed")
    paths = save_plots(report([parsed(*outcome) for outcome in outcomes]), tmp_path / "plots")
    assert [p.name for p in paths] == [
        "intent_confusion_matrix.png",
        "intent_histogram.png",
        "intent_reliability.png",
    ]
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in paths)
