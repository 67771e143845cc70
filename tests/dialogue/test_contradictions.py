from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bot.content import ActionStep, Component, Content, LoopStep, OrStep, Place, Slot, SlotStep, Story, UserStep
from bot.dialogue import check_contradictions, describe_policies
from bot.dialogue.policy_config import policy_config
from tests.dialogue.making import content_of, rule, story

RULES = (Component("RulePolicy"),)


def placed(told: Story, file: str) -> Story:
    """The story with a separate line for each step."""
    steps = tuple(replace(step, place=Place(file, line)) for line, step in enumerate(told.steps, start=2))
    return replace(told, steps=steps, place=Place(file, 1))


def found(*stories: Story, policies: tuple[Component, ...] = RULES, **more: object) -> list[tuple[str, str]]:
    content = content_of(*stories, policies=policies, **more)  # type: ignore[arg-type]
    return [(diagnostic.code, str(diagnostic.place)) for diagnostic in check_contradictions(content)]


GREET = placed(rule("greet", UserStep("greet"), ActionStep("utter_greet")), "rules.yml")


def test_story_that_agrees_with_a_rule_is_not_reported() -> None:
    agrees = story("agrees", UserStep("greet"), ActionStep("utter_greet"), UserStep("ask"), ActionStep("utter_answer"))
    assert found(GREET, agrees) == []


def test_story_that_contradicts_a_rule_is_reported_at_the_story_line() -> None:
    other = placed(story("other", UserStep("greet"), ActionStep("utter_other")), "stories.yml")
    content = content_of(GREET, other, policies=RULES)
    (diagnostic,) = check_contradictions(content)
    assert diagnostic.place == Place("stories.yml", 3)
    assert diagnostic.severity == "error"
    assert "the rule `greet` (at rules.yml:3:1)" in diagnostic.message
    assert "`utter_greet`" in diagnostic.message


def test_rules_that_contradict_each_other_are_reported_at_both_lines() -> None:
    other = placed(rule("other", UserStep("greet"), ActionStep("utter_other")), "more.yml")
    assert found(GREET, other) == [("contradiction", "more.yml:3:1"), ("contradiction", "rules.yml:3:1")]


def test_rules_with_different_conditions_do_not_contradict() -> None:
    other = rule("other", UserStep("greet"), ActionStep("utter_other"), condition=(SlotStep("s"),))
    plain = rule("greet", UserStep("greet"), ActionStep("utter_greet"), condition=(SlotStep("s", None),))
    assert found(plain, other, slots=[Slot("s")]) == []


def test_story_with_a_detour_inside_a_form_is_not_a_contradiction() -> None:
    start = rule("start", UserStep("order"), ActionStep("form"), LoopStep("form"))
    detour = story(
        "detour",
        UserStep("order"),
        ActionStep("form"),
        LoopStep("form"),
        UserStep("ask"),
        ActionStep("utter_answer"),
        ActionStep("form"),
        LoopStep(None),
        ActionStep("utter_done"),
    )
    assert found(start, detour) == []


def test_rule_with_two_user_messages_is_an_error_unless_restrict_rules_is_off() -> None:
    long = placed(
        rule("long", UserStep("greet"), ActionStep("utter_greet"), UserStep("ask"), ActionStep("utter_a")), "r.yml"
    )
    assert found(long) == [("rule-too-long", "r.yml:4:1")]
    assert found(long, policies=(Component("RulePolicy", {"restrict_rules": False}),)) == []


def test_rule_without_a_slot_that_its_action_sets_in_another_rule_is_incomplete() -> None:
    sets = placed(rule("sets", UserStep("ask"), ActionStep("action_x"), SlotStep("s", True)), "a.yml")
    forgets = placed(
        rule("forgets", UserStep("bye"), ActionStep("action_x"), ActionStep("utter_bye")),
        "b.yml",
    )
    assert found(sets, forgets, slots=[Slot("s", "bool")]) == [("incomplete-rule", "b.yml:4:1")]
    says = rule("says", UserStep("bye"), ActionStep("action_x"), SlotStep("s", None), ActionStep("utter_bye"))
    assert ("incomplete-rule", "b.yml:4:1") not in found(sets, says, slots=[Slot("s", "bool")])


def test_rule_that_runs_a_form_without_active_loop_is_reported_at_the_form() -> None:
    start = placed(rule("start", UserStep("order"), ActionStep("form"), LoopStep("form")), "a.yml")
    submit = placed(rule("submit", ActionStep("form"), LoopStep(None), condition=(LoopStep("form"),)), "b.yml")
    forgets = placed(rule("forgets", UserStep("buy"), ActionStep("form")), "c.yml")
    content = content_of(start, submit, forgets, policies=RULES)
    [error] = check_contradictions(content)
    assert (error.code, str(error.place)) == ("incomplete-rule", "c.yml:3:1")
    assert error.message.startswith("The rule `forgets` runs the form `form` without saying that it becomes active")
    late = placed(rule("late", UserStep("buy"), ActionStep("form"), ActionStep("utter_a"), LoopStep("form")), "d.yml")
    content = content_of(start, submit, late, policies=RULES)
    [error] = [d for d in check_contradictions(content) if d.code == "incomplete-rule"]
    assert "what happens to the loop `form` after `form`" in error.message


@pytest.mark.parametrize(
    ("actions", "cure"),
    [
        (("utter_faq/a", "utter_faq/b"), "`utter_faq` says the response that fits"),
        (("utter_faq/a", "utter_chat/b"), "Make both say the same"),
        (("utter_faq/a", "utter_faq"), "Make both say the same"),
    ],
)
def test_cure_for_sub_intents_of_one_retrieval_intent_is_one_rule(actions: tuple[str, str], cure: str) -> None:
    rules = [rule(action, UserStep(f"faq/{action}"), ActionStep(action)) for action in actions]
    contradictions = check_contradictions(content_of(*rules, policies=RULES))
    assert len(contradictions) == 2
    assert all(cure in found.cure for found in contradictions)


def test_check_for_contradictions_can_be_switched_off() -> None:
    other = rule("other", UserStep("greet"), ActionStep("utter_other"))
    off = (Component("RulePolicy", {"check_for_contradictions": False}),)
    assert found(GREET, other, policies=off) == []


# --- config.yml's policies ---------------------------------------------------


def described(*policies: Component, rules: tuple[Story, ...] = ()) -> list[tuple[str, str]]:
    content = Content(policies=policies, rules=rules)
    return [(d.severity, d.message) for d in describe_policies(content, {"Mine"})]


def test_policies_whose_name_does_not_say_what_does_their_job_get_a_note() -> None:
    notes = described(
        Component("RulePolicy", {"core_fallback_threshold": 0.4}),
        Component("rasa.core.policies.ted_policy.TEDPolicy", {"epochs": 100, "max_history": 3}),
        Component("MemoizationPolicy", {"max_history": 4, "epochs": 5}),
        Component("Mine"),
    )
    assert notes == [
        ("note", "`TEDPolicy`: the learned policy does its job. It needs no `epochs`."),
        ("note", "`MemoizationPolicy`: the story memory does its job. It needs no `epochs`."),
    ]


def test_unused_unknown_and_unlimited_policies_are_reported() -> None:
    notes = described(Component("UnexpecTEDIntentPolicy"), Component("SomePolicy"), Component("MemoizationPolicy"))
    assert [severity for severity, _ in notes] == ["note", "warning", "note"]
    assert "no `max_history`" in notes[-1][1]


@pytest.mark.parametrize("given", ["5", [5], True, 0])
def test_max_history_that_is_not_a_positive_integer_is_treated_as_missing(given: object) -> None:
    notes = described(Component("TEDPolicy", {"max_history": given}))
    notes += described(Component("MemoizationPolicy", {"max_history": given}))
    assert [message.split(" ")[:2] for _, message in notes] == [
        ["`TEDPolicy`:", "the"],
        ["`MemoizationPolicy`", "sets"],
    ]


@pytest.mark.parametrize(
    ("policies", "threshold", "action"),
    [
        ([("FallbackPolicy", {"core_threshold": 0.5, "fallback_action_name": "action_x"})], 0.5, "action_x"),
        ([("TwoStageFallbackPolicy", {"fallback_core_action_name": "action_x"})], 0.3, "action_x"),
        (
            [("RulePolicy", {"core_fallback_threshold": 0.6}), ("FallbackPolicy", {"core_threshold": 0.5})],
            0.6,
            "action_default_fallback",
        ),
        ([("RulePolicy", {}), ("FallbackPolicy", {"fallback_action_name": "action_x"})], 0.3, "action_x"),
    ],
)
def test_rule_policy_takes_over_the_options_of_fallback_policies(
    policies: list[tuple[str, dict[str, Any]]], threshold: float, action: str
) -> None:
    rules = policy_config(Content(policies=tuple(Component(name, options) for name, options in policies))).rules
    assert rules is not None
    assert (rules.core_fallback_threshold, rules.core_fallback_action_name) == (threshold, action)


def test_unused_options_of_a_fallback_policy_are_reported() -> None:
    options = {"nlu_threshold": 0.4, "fallback_action_name": "action_x", "deny_suggestion_intent_name": "no"}
    [(_, message)] = described(Component("FallbackPolicy", options))
    assert "a FallbackClassifier and a rule for `nlu_fallback`" in message
    assert message.endswith("It needs no `deny_suggestion_intent_name`.")


def test_rules_without_a_rule_policy_are_reported() -> None:
    assert described(Component("MemoizationPolicy", {"max_history": 3}), rules=(GREET,))[-1][0] == "warning"


def test_action_after_an_unended_form_is_reported_with_the_missing_line() -> None:
    start = rule("start", UserStep("order"), ActionStep("form"), LoopStep("form"))
    end = placed(rule("end", ActionStep("form"), ActionStep("utter_done"), condition=(LoopStep("form"),)), "rules.yml")
    (diagnostic,) = check_contradictions(content_of(start, end, policies=RULES, forms=["form"]))
    assert diagnostic.place == Place("rules.yml", 3)
    assert diagnostic.message.endswith("while `form` is running, the bot waits for an answer.")
    assert diagnostic.cure == "Write `- active_loop: null` before `utter_done`."


# --- stories against stories ---------------------------------------------------

MEMORY = Component("MemoizationPolicy")
NEAR = Component("MemoizationPolicy", {"max_history": 2})
TED = Component("TEDPolicy")
AGAIN = (UserStep("greet"), ActionStep("utter_greet"), UserStep("greet"))
LEAVES = placed(story("leaves", *AGAIN, ActionStep("utter_bye")), "leaves.yml")
STAYS = placed(story("stays", *AGAIN, ActionStep("utter_greet")), "stays.yml")


@pytest.mark.parametrize("policies", [(*RULES, MEMORY), (*RULES, MEMORY, TED), (TED,), (MEMORY,), (NEAR, TED)])
def test_stories_that_contradict_each_other_are_reported_with_both_places(policies: tuple[Component, ...]) -> None:
    [warning] = check_contradictions(content_of(LEAVES, STAYS, policies=policies))
    assert (warning.severity, warning.code) == ("warning", "story-conflict")
    assert (warning.place, warning.also) == (Place("stays.yml", 5), (Place("leaves.yml", 5),))
    assert (
        "`utter_greet` here, but the story `leaves` continues with `utter_bye` (at leaves.yml:5:1)" in warning.message
    )


def test_story_that_ends_where_another_continues_is_reported_as_waiting_for_the_user() -> None:
    more = placed(story("more", *AGAIN, ActionStep("utter_greet"), ActionStep("utter_bye")), "more.yml")
    [warning] = check_contradictions(content_of(more, STAYS, policies=(MEMORY,)))
    waits = (
        "The story `stays` waits for the user here, but the story `more` continues with `utter_bye` (at more.yml:6:1)"
    )
    assert warning.message.startswith(waits)


def test_stories_are_compared_as_far_as_any_policy_looks_back() -> None:
    asked = placed(story("asked", UserStep("ask"), ActionStep("utter_a"), *STAYS.steps[2:]), "asked.yml")
    told = placed(story("told", UserStep("order"), ActionStep("utter_a"), *LEAVES.steps[2:]), "told.yml")
    near, far = Component("MemoizationPolicy", {"max_history": 1}), Component("TEDPolicy", {"max_history": 5})
    [warning] = check_contradictions(content_of(asked, told, policies=(near,)))
    assert "as far as `max_history: 1` looks back" in warning.message
    for policies in ((near, far), (near, MEMORY), (MEMORY,), (TED,)):
        assert found(asked, told, policies=policies) == []


def test_stories_that_differ_in_a_form_or_where_a_rule_decides_do_not_conflict() -> None:
    opening = (UserStep("order"), ActionStep("form"), LoopStep("form"), UserStep("ask"))
    start = rule("start", UserStep("order"), ActionStep("form"), LoopStep("form"))
    fills = story("fills", *opening, ActionStep("form"), LoopStep(None), ActionStep("utter_done"))
    detour = story("detour", *opening, ActionStep("utter_a"), ActionStep("form"), LoopStep("form"))
    assert found(start, fills, detour, policies=(*RULES, MEMORY)) == []
    says = placed(story("says", UserStep("greet"), ActionStep("utter_else")), "says.yml")
    agrees = placed(story("agrees", UserStep("greet"), ActionStep("utter_greet")), "agrees.yml")
    assert found(GREET, says, agrees, policies=(*RULES, MEMORY)) == [("contradiction", "says.yml:3:1")]


def test_bot_that_begins_stories_differently_is_no_conflict() -> None:
    begins = [story(name, ActionStep(f"utter_{name}"), UserStep("ask"), ActionStep("utter_a")) for name in ("a", "b")]
    assert found(*begins, policies=(MEMORY,)) == []


def test_conflict_after_several_beginnings_is_reported_once() -> None:
    either = OrStep((UserStep("ask"), UserStep("order"), UserStep("yes")))
    first = story("first", either, ActionStep("utter_a"), UserStep("no"), ActionStep("utter_b"))
    second = story("second", either, ActionStep("utter_a"), UserStep("no"), ActionStep("utter_c"))
    assert len(found(placed(first, "f.yml"), placed(second, "s.yml"), policies=(MEMORY,))) == 1
