"""Stories as they are written: choices, checkpoints and entities."""

from __future__ import annotations

from bot.content import (
    ActionStep,
    CheckpointStep,
    Component,
    OrStep,
    Slot,
    SlotMapping,
    SlotStep,
    StepEntity,
    UserStep,
)
from bot.dialogue import train_dialogue
from bot.dialogue.events import (
    SlotSet,
)
from bot.dialogue.training import training_stories
from tests.dialogue.making import Walk, content_of, story, walk

MEMORY = (Component("MemoizationPolicy", {"max_history": 4}),)


def test_either_of_several_steps_makes_a_story_of_its_own() -> None:
    told = story("told", OrStep((UserStep("yes"), UserStep("no"))), ActionStep("utter_noted"))
    for intent in ("yes", "no"):
        assert walk(told, policies=MEMORY).hears(intent).next.action == "utter_noted"


def test_checkpoints_join_stories_where_their_slots_are_as_asked() -> None:
    begin = story("begin", UserStep("order"), ActionStep("utter_what"), CheckpointStep("asked"))
    again = story("again", UserStep("order"), ActionStep("utter_what"), SlotStep("s", "x"), CheckpointStep("asked"))
    one = story("one", CheckpointStep("asked"), UserStep("yes"), ActionStep("utter_done"))
    two = story("two", CheckpointStep("asked", (SlotStep("s", "x"),)), UserStep("no"), ActionStep("utter_never_mind"))
    content = content_of(begin, again, one, two, slots=[Slot("s")], policies=MEMORY)
    _, stories = training_stories(content)
    assert [told.name for told in stories] == ["begin > one", "again > one", "again > two"]
    talk = Walk(train_dialogue(content)).hears("order")
    assert [talk.does() for _ in range(2)] == ["utter_what", "action_listen"]
    assert talk.hears("yes").next.action == "utter_done"


def test_checkpoints_in_a_circle_end() -> None:
    around = story("around", CheckpointStep("c"), UserStep("ask"), ActionStep("utter_answer"), CheckpointStep("c"))
    begin = story("begin", UserStep("greet"), ActionStep("utter_greet"), CheckpointStep("c"))
    _, stories = training_stories(content_of(begin, around))
    assert [told.name for told in stories] == ["begin > around"]


def test_entities_in_a_story_fill_the_slots_that_are_mapped_from_them() -> None:
    slot = Slot("city", mappings=(SlotMapping("from_entity", entity="city"),))
    told = story("told", UserStep("order", entities=(StepEntity("city"),)), ActionStep("utter_there"))
    talk = walk(told, slots=[slot], policies=MEMORY).hears("order", "city").happens(SlotSet("city", "Oslo"))
    assert talk.next.action == "utter_there"
