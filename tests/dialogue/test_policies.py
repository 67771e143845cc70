"""Memorised stories and learned behaviour."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import (
    ANY,
    ActionStep,
    BotStep,
    CheckpointStep,
    Component,
    LoopStep,
    OrStep,
    Place,
    Slot,
    SlotStep,
    StepEntity,
    Story,
    UserStep,
)
from bot.dialogue import Dialogue, check_contradictions, train_dialogue
from bot.dialogue.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    SlotSet,
    UserUttered,
)
from bot.dialogue.evolve import trim
from bot.dialogue.learned import LearnedPolicy
from bot.dialogue.prediction import Prediction
from bot.dialogue.states import RuleOnly, State, States, User
from bot.dialogue.tracker import Tracker
from bot.dialogue.training import start_of, training_stories
from tests.dialogue.making import Walk, content_of, rule, story, uttered, walk

MEMORY = (Component("MemoizationPolicy", {"max_history": 4}),)
AUGMENTED = (Component("AugmentedMemoizationPolicy", {"max_history": 4}),)
LEARNED = (Component("TEDPolicy", {"max_history": 5}),)

ORDER = story("order", UserStep("order"), ActionStep("utter_what"), UserStep("yes"), ActionStep("utter_done"))
ASK = story("ask", UserStep("ask"), ActionStep("utter_answer"), UserStep("yes"), ActionStep("utter_glad"))


def test_memoization_predicts_only_the_stories_as_written() -> None:
    talk = walk(ORDER, ASK, policies=MEMORY).hears("order")
    assert [talk.does() for _ in range(2)] == ["utter_what", "action_listen"]
    assert talk.hears("yes").does() == "utter_done"
    assert walk(ORDER, ASK, policies=MEMORY).hears("yes").next.confidence == 0.0


def test_memoization_looks_back_max_history_states() -> None:
    options = ({"max_history": 1}, {"max_history": 4})
    last = [walk(ORDER, ASK, policies=[Component("MemoizationPolicy", o)]).hears("yes").next for o in options]
    assert [p.action for p in last] == ["action_listen", "action_listen"]  # one state does not tell the stories apart
    talk = walk(ORDER, policies=[Component("MemoizationPolicy", {"max_history": 1})])
    assert talk.hears("yes").next.action == "utter_done"


def test_contradictory_stories_are_not_memorised_where_they_differ() -> None:
    other = story("other", UserStep("order"), ActionStep("utter_else"))
    assert walk(ORDER, other, policies=MEMORY).hears("order").next.confidence == 0.0


def test_action_that_begins_a_story_is_not_predicted_without_a_message() -> None:
    told = story("told", ActionStep("utter_hello"), UserStep("yes"), ActionStep("utter_glad"))
    talk = walk(told, policies=(*MEMORY, *LEARNED))
    assert talk.next.action != "utter_hello"
    talk.happens(ActionExecuted("utter_hello"))
    assert talk.hears("yes").next.action == "utter_glad"


def test_story_states_leave_out_turns_hidden_by_rules() -> None:
    content = content_of(ORDER)
    hidden = ActionExecuted("utter_greet", hide_rule_turn=True)
    talk = Walk(train_dialogue(content)).hears("order").happens(ActionExecuted("utter_what")).hears("greet")
    seen = States(content.domain).for_stories(talk.happens(hidden).tracker, RuleOnly())
    order = User("order")
    assert seen == [
        State(),
        State("action_listen", order),
        State("utter_what", order),
        State("action_listen", order),
    ]


def test_story_states_leave_out_rule_only_slots_and_loops() -> None:
    content = content_of(ORDER, slots=[Slot("s"), Slot("t")])
    talk = Walk(train_dialogue(content)).happens(SlotSet("s", "x"), SlotSet("t", "y"), ActiveLoop("form"))
    (seen,) = States(content.domain).for_stories(talk.tracker, RuleOnly(frozenset({"s"}), frozenset({"form"})))
    assert seen == State(slots=(("t", (1.0,)),))


def test_form_starts_after_a_history_of_rule_only_turns() -> None:
    greet = rule("greet", UserStep("greet"), ActionStep("utter_greet"))
    start = rule("start", UserStep("order"), ActionStep("form"), LoopStep("form"))
    told = story("told", UserStep(text="how much is it"), BotStep("Ten."))
    talk = walk(greet, start, told, policies=None)
    for _ in range(2):
        talk.hears("greet")
        assert [talk.does() for _ in range(2)] == ["utter_greet", "action_listen"]
    talk.tracker = trim(talk.tracker, 1)
    assert talk.hears("order").does() == "form"
    assert talk.happens(ActiveLoop("form")).next.action == "action_listen"


def test_augmented_memoization_ignores_events_before_the_story() -> None:
    before = [uttered("greet"), ActionExecuted("utter_greet")]
    plain, augmented = (walk(ORDER, policies=policies).hears("greet") for policies in (MEMORY, AUGMENTED))
    for talk in (plain, augmented):
        talk.happens(*before[1:]).hears("order").happens(ActionExecuted("utter_what")).hears("yes")
    assert augmented.next.action == "utter_done"
    later = [walk(ORDER, policies=policies, slots=[Slot("s")]) for policies in (MEMORY, AUGMENTED)]
    for talk in later:
        talk.happens(SlotSet("s", "set long ago")).hears("order")
    assert [talk.next.action for talk in later] == ["action_listen", "utter_what"]


def test_memorised_action_names_its_story_line() -> None:
    place = Place("stories.yml", 3, 5)
    told = story("told", UserStep("ask"), ActionStep("utter_answer", place))
    because = walk(told, policies=MEMORY).hears("ask").next.because
    assert [(b.policy, b.name, b.place) for b in because] == [("MemoizationPolicy", "told", place)]


def test_learned_policy_generalises_to_unwritten_conversations() -> None:
    talk = walk(ORDER, ASK, policies=LEARNED)
    for intent, actions in (("ask", ["utter_answer"]), ("order", ["utter_what"]), ("yes", ["utter_done"])):
        talk.hears(intent)
        assert [talk.does() for _ in range(2)] == [*actions, "action_listen"]


def test_learned_prediction_names_the_most_similar_story_line() -> None:
    place = Place("stories.yml", 7, 5)
    told = story("told", UserStep("ask"), ActionStep("utter_answer", place))
    talk = walk(ORDER, told, policies=LEARNED).hears("greet").happens(ActionExecuted("utter_greet")).hears("ask")
    assert talk.next.because[0].place == place


def test_learned_prediction_names_distinct_lines_with_the_predicted_action() -> None:
    def told(name: str, intent: str, action: str, line: int) -> Story:
        return story(name, UserStep(intent), ActionStep(action, Place("stories.yml", line)))

    stories = [told("other", "ask", "utter_other", 1), *(told(f"s{n}", "ask", "utter_answer", n) for n in (2, 3))]
    prediction = walk(*stories, told("far", "no", "utter_answer", 4), policies=LEARNED).hears("ask").next
    assert prediction.action == "utter_answer"
    lines = [because.place.line for because in prediction.because]
    assert lines[0] == 2, "the first line of several after the same conversation"
    assert len(set(lines)) == len(lines), "none is named twice"
    assert 1 not in lines, "the line with another action is no reason"


def test_learned_policy_is_less_confident_far_from_the_stories() -> None:
    near, far = (walk(ORDER, ASK, policies=LEARNED).hears(intent).next for intent in ("order", "bye"))
    assert near.confidence > 0.8
    assert far.confidence < 0.6
    assert near.confidence < 1


def test_learned_policy_does_not_repeat_a_rejected_action() -> None:
    talk = walk(ORDER, policies=LEARNED).hears("order").happens(ActionExecutionRejected("utter_what"))
    assert talk.next.action != "utter_what"


def test_learning_is_deterministic() -> None:
    models = [train_dialogue(content_of(ORDER, ASK, policies=LEARNED)).policies[0] for _ in range(2)]
    assert all(isinstance(model, LearnedPolicy) for model in models)
    assert models[0].model.weights.tobytes() == models[1].model.weights.tobytes()


def test_learned_policy_answers_a_message_similar_to_a_story_text() -> None:
    told = story("told", UserStep(text="how much is it"), BotStep("Ten."))
    talk = walk(told, ORDER, policies=LEARNED).hears("bye", text="how much is this")
    assert (talk.next.action, talk.next.end_to_end) == ("Ten.", True)


def test_loaded_dialogue_predicts_as_the_saved_one(tmp_path: Path) -> None:
    content = content_of(ORDER, ASK, rule("greet", UserStep("greet"), ActionStep("utter_greet")), policies=None)
    trained = train_dialogue(content)
    trained.save(tmp_path)
    loaded = Dialogue.load(tmp_path, content)
    assert loaded.max_turns == trained.max_turns
    for intent in ("greet", "ask", "bye", "yes"):
        tracker = Walk(trained).hears("order").hears(intent).tracker
        assert loaded.predict(tracker) == trained.predict(tracker)


def test_dialogue_saved_by_another_version_is_rejected(tmp_path: Path) -> None:
    content = content_of(ORDER)
    train_dialogue(content).save(tmp_path)
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(ValueError, match=str(tmp_path)):
        Dialogue.load(tmp_path, content)


class Always:
    """A plugin's policy."""

    name, priority = "Always", 9

    def predict(self, tracker: Tracker) -> Prediction:
        return Prediction("action_mine", 1.0, self.name, self.priority)


def test_plugin_policy_predicts_and_is_required_for_loading(tmp_path: Path) -> None:
    content = content_of(ORDER, policies=[Component("Always"), *MEMORY])
    plugins = {"Always": lambda content, entry: Always()}
    dialogue = train_dialogue(content, policies=plugins)
    assert Walk(dialogue).hears("order").next.action == "action_mine"
    dialogue.save(tmp_path)
    assert Walk(Dialogue.load(tmp_path, content, plugins)).hears("order").next.action == "action_mine"
    with pytest.raises(ValueError, match="different plugin policies"):
        Dialogue.load(tmp_path, content)


STEPS = st.sampled_from(
    [
        ActionStep("utter_a"),
        ActionStep("utter_b"),
        UserStep("greet"),
        UserStep("ask", entities=(StepEntity("thing"),)),
        SlotStep("flag", True),
        SlotStep("flag", None),
        SlotStep("name", ANY),
        LoopStep("form"),
        LoopStep(None),
    ]
)
BODIES = st.lists(STEPS, min_size=1, max_size=7)


@given(BODIES)
def test_memoization_predicts_every_determined_action_of_a_story(steps: list) -> None:
    """A single story contradicts no other, but may contradict itself; there, its action is not determined."""
    told = Story("told", (UserStep("order"), *steps))
    content = content_of(told, slots=[Slot("flag", "bool"), Slot("name")], policies=[Component("MemoizationPolicy")])
    (whole,) = training_stories(content)[1]
    dialogue, tracker = train_dialogue(content), start_of(content.domain)
    seen: dict[object, str] = {}
    examples = list(whole.examples(States(content.domain), tracker))
    for example in examples:
        seen.setdefault(example.states, example.action)
    applied = Walk(dialogue, tracker)
    done = 0
    final = Walk(dialogue, tracker).happens(*whole.events).tracker.applied
    for event in final:
        if isinstance(event, ActionExecuted):
            if all(e.action == examples[done].action for e in examples if e.states == examples[done].states):
                assert applied.next.action == (event.action_text or event.name)
            done += 1
        applied.happens(event)


def test_default_policies_predict_a_whole_story_with_a_form_and_a_detour() -> None:
    told = story(
        "told",
        UserStep("greet"),
        ActionStep("utter_greet"),
        UserStep("order"),
        ActionStep("form"),
        LoopStep("form"),
        UserStep("ask"),
        ActionStep("utter_answer"),
        ActionStep("form"),
        LoopStep(None),
        ActionStep("utter_done"),
        UserStep("bye"),
        ActionStep("utter_bye"),
    )
    content = content_of(told, policies=None)
    (whole,) = training_stories(content)[1]
    talk = Walk(train_dialogue(content), start_of(content.domain))
    for event in whole.events:
        if isinstance(event, ActionExecuted):
            if talk.tracker.active_loop == talk.next.action != event.name:
                talk.happens(ActionExecutionRejected("form"))
            assert talk.next.action == event.name
        talk.happens(event)
    assert any(isinstance(event, ActiveLoop) for event in talk.tracker.events)
    assert sum(isinstance(event, UserUttered) for event in talk.tracker.events) == 4


ANY_STEPS = st.lists(
    STEPS
    | st.sampled_from(
        [
            CheckpointStep("c"),
            CheckpointStep("d", (SlotStep("flag", True),)),
            OrStep((UserStep("yes"), UserStep("no"))),
            OrStep((SlotStep("flag", True), SlotStep("unknown", 1))),
            BotStep("Hello."),
            UserStep(text="ahoy"),
            ActionStep("form"),
            LoopStep("unknown_form"),
            ActionStep("action_listen"),
        ]
    ),
    max_size=6,
)
ANY_STORIES = st.lists(
    st.builds(
        Story,
        st.sampled_from(["one", "two"]),
        ANY_STEPS.map(tuple),
        st.sampled_from(["story", "rule"]),
        st.lists(st.sampled_from([LoopStep("form"), LoopStep(None), SlotStep("flag", None)]), max_size=2).map(tuple),
        st.booleans(),
        st.booleans(),
    ),
    max_size=4,
)


@given(ANY_STORIES, ANY_STEPS)
def test_any_stories_and_rules_can_be_trained_and_predict(stories: list[Story], steps: list) -> None:
    content = content_of(*stories, slots=[Slot("flag", "bool"), Slot("name")], policies=None)
    dialogue = train_dialogue(content)
    assert all(diagnostic.place for diagnostic in check_contradictions(content))
    (told, *_) = training_stories(content_of(story("told", UserStep("ask"), *steps)))[1] or (None,)
    talk = Walk(dialogue)
    for event in told.events if told else ():
        assert 0 <= talk.next.confidence <= 1
        talk.happens(event)
    assert talk.next.action
