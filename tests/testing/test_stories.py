from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.content import (
    ActionStep,
    Annotation,
    CheckpointStep,
    Component,
    Content,
    Domain,
    EntityType,
    Form,
    Intent,
    LoopStep,
    OrStep,
    Place,
    Slot,
    SlotStep,
    StepEntity,
    Story,
    UserStep,
)
from bot.content.names import PIPELINE_NAMES
from bot.dialogue import train_dialogue
from bot.messages import Entity, IntentScore, Nearest, Parse
from bot.nlu.entities.pipeline import train_entities
from bot.reading import read_project
from bot.testing.reporting import NONE_FAILED, failed_stories_yaml, story_report
from bot.testing.results import StoryReport
from bot.testing.stories import NOW, run_story_tests
from bot.testing.understood import GRAMMARS

START = Story("start", (UserStep("order"), ActionStep("form"), LoopStep("form")), "rule")
SUBMIT = Story(
    "submit", (ActionStep("form"), LoopStep(None), ActionStep("action_done")), "rule", condition=(LoopStep("form"),)
)
FORM, RUNS = ActionStep("form"), LoopStep("form")
GREET = Story("greet", (UserStep("greet"), ActionStep("utter_greet")), "rule")
CONTENT = Content(
    domain=Domain(
        intents={name: Intent(name) for name in ("greet", "order", "faq")},
        forms={"form": Form("form", ("s",))},
        slots={"s": Slot("s"), "done": Slot("done", "bool")},
    ),
    rules=(START, SUBMIT, GREET),
    stories=(Story("done", (UserStep("faq"), ActionStep("action_x"), SlotStep("done", True), ActionStep("utter_x"))),),
    policies=(Component("RulePolicy"), Component("MemoizationPolicy", {"max_history": 3})),
)


class FakeMatcher:
    """A matcher that knows some texts, and takes all others for a greeting."""

    def __init__(self, known: Mapping[str, Parse] | None = None) -> None:
        self.known = known or {}

    def parse(self, text: str, now: datetime) -> Parse:
        return self.known.get(text, Parse(text, IntentScore("greet", 0.9)))


def run(*steps: object, known: Mapping[str, Parse] | None = None) -> StoryReport:
    test = Story("test", tuple(steps), "test", place=Place("tests/test_stories.yml", 3))  # type: ignore[arg-type]
    return run_story_tests(CONTENT, FakeMatcher(known), train_dialogue(CONTENT), (test,))


def test_correctly_predicted_story_passes() -> None:
    report = run(UserStep("greet", "hello"), ActionStep("utter_greet"), UserStep("order"), FORM, RUNS)
    assert (report.passed, report.failed) == (1, ())
    assert [step.expected for step in report.steps if step.kind == "action"] == [
        "utter_greet",
        "action_listen",
        "form",
        "action_listen",
    ]


def test_wrong_intent_fails_and_the_conversation_follows_the_story() -> None:
    report = run(UserStep("order", "I want one"), ActionStep("form"), LoopStep("form"))
    (wrong,) = [step for step in report.steps if not step.passed]
    assert (wrong.kind, wrong.expected, wrong.predicted) == ("user", "order", "greet")


def test_wrong_action_is_reported_with_prediction_policy_and_reason() -> None:
    report = run(UserStep("greet", "hello"), ActionStep("utter_else"))
    wrong = next(step for step in report.steps if not step.passed)
    assert (wrong.expected, wrong.predicted, wrong.policy) == ("utter_else", "utter_greet", "RulePolicy")
    assert [because.name for because in wrong.because] == ["greet"]


def test_entities_are_compared_by_position_name_and_value_in_any_order() -> None:
    text = "two in Oslo"
    marks = (Annotation(0, 3, "number", "2"), Annotation(7, 11, "city", "Oslo"))
    found = (Entity("city", "Oslo", 7, 11), Entity("number", 2, 0, 3, extractor="X"))
    step = UserStep("order", text, annotations=marks)
    right = Parse(text, IntentScore("order", 1.0), entities=found)
    assert run(step, FORM, RUNS, known={text: right}).passed == 1
    for wrong in (found[:1], (*found, Entity("x", 1, 0, 1)), (found[0], replace(found[1], value=3))):
        assert run(step, FORM, RUNS, known={text: replace(right, entities=wrong)}).passed == 0


@pytest.mark.parametrize("name", sorted(PIPELINE_NAMES))
def test_grammar_entities_are_compared_only_if_the_story_marks_them(name: str) -> None:
    domain = replace(CONTENT.domain, entities={"time": EntityType("time")})
    content = replace(CONTENT, domain=domain, pipeline=(Component(name),))
    text = "remind me tomorrow"
    found = train_entities(content).extract(text, NOW)
    assert bool(found) == (name in GRAMMARS)
    known = {text: Parse(text, IntentScore("order", 1.0), entities=found)}
    mark = Annotation(10, 18, "time", "another day")
    assert run(UserStep("order", text), FORM, RUNS, known=known).passed == 1
    assert run(UserStep("order", text, annotations=(mark,)), FORM, RUNS, known=known).passed == 0


def test_retrieval_intent_may_be_named_with_or_without_its_sub_intent() -> None:
    chosen = {"default": {"response": {"intent_response_key": "faq/hours"}}}
    parse = Parse("open?", IntentScore("faq", 1.0), response_selector=chosen)
    steps = (ActionStep("action_x"), SlotStep("done", True), ActionStep("utter_x"))
    assert run(UserStep("faq", "open?"), *steps, known={"open?": parse}).passed == 1
    assert run(UserStep("faq/hours", "open?"), *steps, known={"open?": parse}).passed == 1
    report = run(UserStep("faq/price", "open?"), *steps, known={"open?": parse})
    assert [s.predicted for s in report.steps if not s.passed] == ["faq/hours"]


def test_retrieval_action_may_be_named_with_or_without_its_answer() -> None:
    content = replace(CONTENT, rules=(Story("faq", (UserStep("faq"), ActionStep("utter_faq")), "rule"),), stories=())
    chosen = {"default": {"response": {"intent_response_key": "faq/hours"}}}
    matcher = FakeMatcher({"open?": Parse("open?", IntentScore("faq", 1.0), response_selector=chosen)})
    for action, passed in (("utter_faq", 1), ("utter_faq/hours", 1), ("utter_faq/price", 0)):
        test = Story("test", (UserStep("faq", "open?"), ActionStep(action)), "test")
        assert run_story_tests(content, matcher, train_dialogue(content), (test,)).passed == passed, action


def test_custom_actions_are_not_run_but_their_slots_in_the_story_are_set() -> None:
    steps = (UserStep("faq"), ActionStep("action_x"), SlotStep("done", True), ActionStep("utter_x"))
    assert run(*steps).passed == 1
    assert run(steps[0], steps[1], steps[3]).passed == 0


def test_form_counts_as_rejected_if_the_story_runs_another_action() -> None:
    report = run(
        UserStep("order"),
        ActionStep("form"),
        LoopStep("form"),
        UserStep("greet", "hello"),
        ActionStep("utter_greet"),
        ActionStep("form"),
        LoopStep(None),
        ActionStep("action_done"),
    )
    assert report.passed == 1


def test_actions_beyond_the_limit_per_turn_are_not_predicted() -> None:
    actions = [ActionStep(f"utter_{i}") for i in range(12)]
    content = replace(CONTENT, rules=(Story("long", (UserStep("greet"), *actions), "rule"),))
    test = Story("test", (UserStep("greet", "hello"), *actions), "test")
    matcher, dialogue = FakeMatcher(), train_dialogue(content)
    report = run_story_tests(content, matcher, dialogue, (test,))
    assert sum("more than 10 actions" in step.predicted for step in report.steps) == 1
    assert run_story_tests(content, matcher, dialogue, (test,), most_actions=13).passed == 1


def test_story_with_many_choices_does_not_displace_other_stories() -> None:
    either = OrStep((UserStep("greet", "hello"), UserStep("greet", "hi")))
    chooses = Story("chooses", (either, ActionStep("utter_greet")) * 14, "test")
    plain = Story("plain", (UserStep("greet", "hello"), ActionStep("utter_greet")), "test")
    report = run_story_tests(CONTENT, FakeMatcher(), train_dialogue(CONTENT), (chooses, plain))
    assert {result.name for result in report.results} == {"chooses", "plain"}
    assert {step.text for step in report.steps if step.kind == "user"} == {"hello", "hi"}


def test_test_stories_continue_at_checkpoints_with_initial_slot_values() -> None:
    slots = {"s": Slot("s", initial_value="x")}
    content = replace(CONTENT, domain=replace(CONTENT.domain, slots=slots), stories=())
    asks = CheckpointStep("c", (SlotStep("s", "x"),))
    begin = Story("begin", (UserStep("greet", "hello"), ActionStep("utter_greet"), asks), "test")
    then = Story("then", (asks, UserStep("greet", "hi"), ActionStep("utter_greet")), "test")
    report = run_story_tests(content, FakeMatcher(), train_dialogue(content), (begin, then))
    assert [step.text for step in report.steps if step.kind == "user"] == ["hello", "hi"]


def test_story_report_counts_as_rasa_does() -> None:
    report = run(UserStep("greet", "hello"), ActionStep("utter_else"))
    data = story_report(report)
    assert data["greet"] == {"precision": 1.0, "recall": 1.0, "f1-score": 1.0, "support": 1}
    assert data["utter_else"]["recall"] == 0.0
    assert data["utter_greet"]["support"] == 0
    assert data["conversation_accuracy"] == {"accuracy": 0.0, "correct": 0, "with_warnings": 0, "total": 1}
    assert data["accuracy"] == 1 / 2


def test_failed_stories_file_reads_back_as_test_stories(tmp_path: Path) -> None:
    text = 'two "in" Oslo: # 1\x7f\x85\u2028!'
    marks = (Annotation(9, 13, "city", "oslo"),)
    report = run(UserStep("order", text, annotations=marks), ActionStep("form"), LoopStep("form"), LoopStep(None))
    written = failed_stories_yaml(report.failed)
    assert "# predicted: greet" in written
    (tmp_path / "domain.yml").write_text("intents: [order]\nentities: [city]\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_failed.yml").write_text(written)
    read = read_project(tmp_path)
    (again,) = read.tests
    (user, action, *loops) = again.steps
    assert isinstance(user, UserStep)
    assert isinstance(action, ActionStep)
    assert (user.intent, user.text, action.name) == ("order", text, "form")
    assert [mark.value for mark in user.annotations] == ["oslo"]
    assert [loop.name for loop in loops if isinstance(loop, LoopStep)] == ["form", None]


def test_failed_stories_file_lists_an_entity_without_a_value_by_its_name() -> None:
    listed = (StepEntity("city"), StepEntity("city", role="to"), StepEntity("city", "Oslo"))
    written = failed_stories_yaml(run(UserStep("order", "Oslo", listed), FORM, RUNS).failed)
    assert '    - "city"\n    - {"city": null, "role": "to"}\n    - {"city": "Oslo"}\n' in written


def test_steps_after_a_wrong_action_are_written_but_not_compared() -> None:
    wrong = (UserStep("greet", "hello"), ActionStep("utter_else"), SlotStep("done", True), ActionStep("utter_more"))
    report = run(*wrong, UserStep("greet", "hi"), ActionStep("utter_greet"))
    failed = [(step.expected, step.predicted) for step in report.steps if not step.passed]
    assert failed == [("utter_else", "utter_greet")]
    assert [step.text for step in report.steps if step.kind == "user"] == ["hello", "hi"]
    assert sum(step.expected == "utter_greet" for step in report.steps) == 1
    assert '- action: "utter_more"\n' in failed_stories_yaml(report.failed)
    assert '- {"done": true}\n' in failed_stories_yaml(report.failed)


def test_wrong_intent_is_reported_with_the_nearest_example() -> None:
    near = (Nearest("one more", "order", "a.yml:1:1", 0.8), Nearest("hey", "greet", "a.yml:7:5", 0.7))
    parse = Parse("hello", IntentScore("greet", 0.9), nearest=near)
    (wrong,) = [s for s in run(UserStep("order", "hello"), FORM, RUNS, known={"hello": parse}).steps if not s.passed]
    assert wrong.attracted_by == near[1]
    doubtful = replace(parse, intent=IntentScore("nlu_fallback", 0.5), ranking=(IntentScore("order", 0.4),))
    steps = run(UserStep("greet", "hello"), ActionStep("utter_greet"), known={"hello": doubtful}).steps
    assert [s.attracted_by for s in steps if not s.passed] == [near[0]]


def test_listed_entities_may_be_anywhere_in_the_text() -> None:
    text = '/order{"city": "Oslo", "size": ["s", "m"]}'
    found = (Entity("city", "Oslo", 6, 42), Entity("size", "s", 6, 42), Entity("size", "m", 6, 42))
    known = {text: Parse(text, IntentScore("order", 1.0), entities=found)}
    listed = (StepEntity("size", "s"), StepEntity("city", "Oslo"), StepEntity("size", "m"))
    assert run(UserStep("order", text, listed), FORM, RUNS, known=known).passed == 1
    assert run(UserStep("order", text, (*listed[:2], StepEntity("size"))), FORM, RUNS, known=known).passed == 1
    report = run(UserStep("order", text, (*listed[:2], StepEntity("size", "xl"))), FORM, RUNS, known=known)
    assert report.passed == 0
    written = failed_stories_yaml(report.failed)
    assert "# predicted: city=Oslo [6:42], size=s [6:42], size=m [6:42]" in written
    assert story_report(report)["[xl](size)"]["recall"] == 0.0


def test_roles_are_compared_only_if_the_story_names_them() -> None:
    text = "to Oslo"
    for wanted, found, passed in (("to", "to", 1), ("to", "from", 0), ("to", None, 0), (None, "to", 1)):
        parse = Parse(text, IntentScore("order", 1.0), entities=(Entity("city", "Oslo", 3, 7, found),))
        step = UserStep("order", text, annotations=(Annotation(3, 7, "city", "Oslo", wanted),))
        assert run(step, FORM, RUNS, known={text: parse}).passed == passed, (wanted, found)


def test_failed_stories_file_says_if_none_failed() -> None:
    assert failed_stories_yaml(run(UserStep("greet", "hi"), ActionStep("utter_greet")).failed) == NONE_FAILED


class ExpectedMatcher:
    """A matcher that returns what the test stories expect, so that only the policies are tested."""

    def __init__(self, tests: tuple[Story, ...]) -> None:
        steps = [step for test in tests for step in test.steps if isinstance(step, UserStep) and step.text]
        self.known = {step.text: step for step in steps}

    def parse(self, text: str, now: datetime) -> Parse:
        step = self.known[text]
        entities = tuple(Entity(a.entity, a.value, a.start, a.end, a.role, a.group) for a in step.annotations)
        return Parse(text, IntentScore(step.intent or "", 1.0), entities=entities)


def test_policies_predict_the_test_stories_of_real_projects(shared_data: Path) -> None:
    for project in sorted((shared_data / "rasa-projects").iterdir()):
        read = read_project(project)
        report = run_story_tests(read.content, ExpectedMatcher(read.tests), train_dialogue(read.content), read.tests)
        assert report.results
        assert [(r.name, s) for r in report.failed for s in r.steps if not s.passed] == [], project.name
