"""Stories, rules and test stories: every kind of step."""

from __future__ import annotations

from typing import Any

import pytest

from bot.content import (
    ANY,
    ActionStep,
    Annotation,
    BotStep,
    CheckpointStep,
    LoopStep,
    OrStep,
    Place,
    SlotStep,
    StepEntity,
    UserStep,
)
from tests.reading.conftest import Read


def step(read: Read, text: str, file: str = "data/stories.yml") -> Any:
    """The first step of a story with only this step, without its place."""
    indented = text.replace("\n", "\n  ")
    result = read({file: f"stories:\n- story: s\n  steps:\n  - {indented}\n  - action: action_listen\n"})
    assert not [d for d in result.errors if not d.code.startswith("unknown-")]
    stories = result.tests or result.content.stories
    return stories[0].steps[0]


PLACE = Place("data/stories.yml", 4, 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("intent: no", UserStep("no", place=PLACE)),
        ("intent: faq/hours", UserStep("faq/hours", place=PLACE)),
        ("action: utter_a", ActionStep("utter_a", PLACE)),
        ("bot: Hello", BotStep("Hello", PLACE)),
        ("active_loop: f", LoopStep("f", PLACE)),
        ("active_loop: null", LoopStep(None, PLACE)),
        ("active_loop:", LoopStep(None, PLACE)),
        ("checkpoint: c", CheckpointStep("c", (), PLACE)),
        ("user: hi there", UserStep(None, "hi there", place=PLACE)),
        ("intent: a\n  entities:\n  - city", UserStep("a", None, (StepEntity("city", ANY),), (), PLACE)),
        (
            "intent: a\n  entities:\n  - city: Rome\n    role: to\n  - n: 5",
            UserStep("a", None, (StepEntity("city", "Rome", "to"), StepEntity("n", 5)), (), PLACE),
        ),
        (
            "intent: a\n  entities:\n  - city: null\n    role: to",
            UserStep("a", None, (StepEntity("city", ANY, "to"),), (), PLACE),
        ),
        ('intent: /a{"city":"Rome"}', UserStep("a", None, (StepEntity("city", "Rome"),), (), PLACE)),
        (
            'user: /a@0.9{"city":"Rome"}',
            UserStep("a", '/a@0.9{"city":"Rome"}', (StepEntity("city", "Rome"),), (), PLACE),
        ),
        (
            'user: /a{"city":["Rome","Oslo"]}',
            UserStep(
                "a", '/a{"city":["Rome","Oslo"]}', (StepEntity("city", "Rome"), StepEntity("city", "Oslo")), (), PLACE
            ),
        ),
        (
            "intent: a\n  user: |-\n    to [Rome](city)",
            UserStep("a", "to Rome", (StepEntity("city", "Rome"),), (Annotation(3, 7, "city", "Rome"),), PLACE),
        ),
    ],
)
def test_step_is_read(read: Read, text: str, expected: object) -> None:
    assert step(read, text) == expected


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("slot_was_set:\n  - city", "city", ANY),
        ("slot_was_set: city", "city", ANY),
        ("slot_was_set:\n  - city: null", "city", None),
        ("slot_was_set:\n  - city:", "city", None),
        ("slot_was_set:\n  - city: no", "city", "no"),
        ("slot_was_set:\n  - city: true", "city", True),
        ("slot_was_set:\n  - city: 5", "city", 5),
        ("slot_was_set:\n    city: [a, b]", "city", ["a", "b"]),
    ],
)
def test_slot_was_set_is_read_in_every_form(read: Read, text: str, name: str, value: object) -> None:
    found = step(read, text)
    assert isinstance(found, SlotStep)
    assert (found.name, found.value) == (name, value)


def test_or_step_may_hold_intents_texts_and_slots(read: Read) -> None:
    choice = step(read, "or:\n  - intent: a\n  - slot_was_set:\n    - s: 1\n  - user: hi")
    assert isinstance(choice, OrStep)
    assert [type(option) for option in choice.options] == [UserStep, SlotStep, UserStep]


def test_checkpoint_may_have_slots(read: Read) -> None:
    checkpoint = step(read, "checkpoint: c\n  slot_was_set:\n  - s: 1")
    assert isinstance(checkpoint, CheckpointStep)
    assert [(s.name, s.value) for s in checkpoint.slots] == [("s", 1)]


def test_stories_in_test_files_are_test_stories(read: Read) -> None:
    story = {"stories/test_a.yml": "stories:\n- story: s\n  steps:\n  - intent: a\n    user: hi\n"}
    result = read(story)
    assert result.content.stories == ()
    assert [(s.name, s.kind) for s in result.tests] == [("s", "test")]
    assert not result.errors


def test_rule_with_every_key_is_read(read: Read) -> None:
    (rule,) = read(
        {
            "data/rules.yml": """
            rules:
            - rule: r
              condition:
              - active_loop: null
              - slot_was_set:
                - s: 1
                - t
              conversation_start: true
              wait_for_user_input: false
              metadata: {by: me}
              steps:
              - intent: a
              - action: b
            """
        }
    ).content.rules
    assert [type(c) for c in rule.condition] == [LoopStep, SlotStep, SlotStep]
    assert (rule.conversation_start, rule.wait_for_user_input, rule.metadata) == (True, False, {"by": "me"})


@pytest.mark.parametrize("text", ["intent: a\n    action: b", "entities: [a]", "action: a\n    active_loop: b"])
def test_step_of_no_kind_or_several_is_reported(read: Read, text: str) -> None:
    result = read({"data/s.yml": f"stories:\n- story: s\n  steps:\n  - {text}\n"})
    assert [(d.code, d.place) for d in result.errors] == [("story-step", Place("data/s.yml", 4, 5))]
