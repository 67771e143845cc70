"""Stories as written: choices, checkpoints and entities."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import (
    ActionStep,
    CheckpointStep,
    Component,
    Domain,
    OrStep,
    Place,
    Slot,
    SlotMapping,
    SlotStep,
    Step,
    StepEntity,
    Story,
    UserStep,
)
from bot.dialogue import train_dialogue
from bot.dialogue.events import SlotSet
from bot.dialogue.story_graph import MAX_STEPS, ways
from bot.dialogue.story_graph import walk as walked
from bot.dialogue.training import training_stories
from tests.dialogue.making import Walk, content_of, story, walk

MEMORY = (Component("MemoizationPolicy", {"max_history": 4}),)


def test_each_option_of_a_choice_is_learned() -> None:
    told = story("told", OrStep((UserStep("yes"), UserStep("no"))), ActionStep("utter_noted"))
    for intent in ("yes", "no"):
        assert walk(told, policies=MEMORY).hears(intent).next.action == "utter_noted"


def test_checkpoints_connect_stories_whose_slots_match() -> None:
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


def test_checkpoint_cycle_is_followed_once() -> None:
    around = story("around", CheckpointStep("c"), UserStep("ask"), ActionStep("utter_answer"), CheckpointStep("c"))
    begin = story("begin", UserStep("greet"), ActionStep("utter_greet"), CheckpointStep("c"))
    _, stories = training_stories(content_of(begin, around))
    assert [told.name for told in stories] == ["begin > around"]


def test_story_in_a_checkpoint_cycle_is_learned_to_repeat() -> None:
    around = story("around", CheckpointStep("c"), UserStep("ask"), ActionStep("utter_answer"), CheckpointStep("c"))
    begin = story("begin", UserStep("greet"), ActionStep("utter_greet"), CheckpointStep("c"))
    talk = walk(begin, around, policies=MEMORY)
    assert [turn(talk, intent) for intent in ("greet", "ask", "ask")] == ["utter_greet", "utter_answer", "utter_answer"]


def test_choice_in_a_checkpoint_cycle_is_learned_to_repeat() -> None:
    either = OrStep((UserStep("yes"), UserStep("no")))
    around = story("around", CheckpointStep("c"), either, ActionStep("utter_noted"), CheckpointStep("c"))
    begin = story("begin", UserStep("greet"), ActionStep("utter_greet"), CheckpointStep("c"))
    dialogue = train_dialogue(content_of(begin, around, policies=MEMORY))
    for first, then in [("yes", "yes"), ("yes", "no"), ("no", "yes"), ("no", "no")]:
        talk = Walk(dialogue)
        said = [turn(talk, intent) for intent in ("greet", first, then)]
        assert said == ["utter_greet", "utter_noted", "utter_noted"]


def turn(talk: Walk, intent: str) -> str:
    """The bot's one action before it listens."""
    action = talk.hears(intent).does()
    assert (talk.next.action, talk.next.confidence) == ("action_listen", 1.0), action
    talk.does()
    return action


def hub(size: int) -> list[Story]:
    """A beginning, and stories that follow it and each other in any order."""
    again = [
        story(f"s{i}", CheckpointStep("hub"), UserStep(f"i{i}"), ActionStep(f"utter_{i}"), CheckpointStep("hub"))
        for i in range(size)
    ]
    return [story("begin", UserStep("greet"), ActionStep("utter_greet"), CheckpointStep("hub")), *again]


@pytest.mark.parametrize("size", [2, 5, 9, 30])
def test_stories_around_one_checkpoint_are_learned_in_any_order(size: int) -> None:
    intents = [f"i{i}" for i in range(size)]
    dialogue = train_dialogue(content_of(*hub(size), intents=("greet", *intents), policies=MEMORY))
    for first, then in [(0, 1), (1, 0), (0, size - 1), (size - 1, 0), (size - 1, size - 1)]:
        talk = Walk(dialogue)
        said = [turn(talk, intent) for intent in ("greet", f"i{first}", f"i{then}")]
        assert said == ["utter_greet", f"utter_{first}", f"utter_{then}"]


def test_every_story_is_on_a_way_beyond_the_step_limit() -> None:
    found = ways(hub(300), Domain())
    assert {story.name for way in found for story in way.stories} == {"begin", *(f"s{i}" for i in range(300))}
    assert sum(len(way.steps) for way in found) < MAX_STEPS


def choices(count: int) -> list[OrStep | ActionStep]:
    """The given number of choices between two intents, each with an answer."""
    either = OrStep((UserStep("yes"), UserStep("no")))
    return [step for i in range(count) for step in (either, ActionStep(f"utter_{i}"))]


@pytest.mark.parametrize("count", [3, 13, 40])
def test_consecutive_choices_are_learned_for_any_selection(count: int) -> None:
    other = story("other", UserStep("greet"), ActionStep("utter_greet"))
    dialogue = train_dialogue(content_of(story("long", *choices(count)), other, policies=MEMORY))
    for say in ("yes",), ("no",), ("yes", "no"), ("no", "no", "yes"):
        talk = Walk(dialogue)
        assert [turn(talk, say[i % len(say)]) for i in range(count)] == [f"utter_{i}" for i in range(count)]
    assert turn(Walk(dialogue), "greet") == "utter_greet"


def test_choices_before_an_unmet_checkpoint_are_still_learned() -> None:
    asks = CheckpointStep("c", (SlotStep("s", True),))
    stories = [
        story("long", *choices(40), asks, UserStep("bye"), ActionStep("utter_bye")),
        story("sets", UserStep("ask"), ActionStep("utter_a"), SlotStep("s", True), asks),
    ]
    found = ways(stories, Domain())
    assert {way.stories[0].name for way in found} == {"long", "sets"}
    assert [way.stories[0].name for way in found if way.steps[-1] == ActionStep("utter_bye")] == ["sets"]


def test_checkpoint_after_many_choices_depends_on_the_first_choice() -> None:
    first = OrStep((SlotStep("s", True), SlotStep("s", False)))
    stories = [
        story("long", UserStep("ask"), first, ActionStep("utter_a"), *choices(40), CheckpointStep("c")),
        story("true", CheckpointStep("c", (SlotStep("s", True),)), UserStep("bye"), ActionStep("utter_true")),
        story("false", CheckpointStep("c", (SlotStep("s", False),)), UserStep("bye"), ActionStep("utter_false")),
    ]
    whole = [way for way in ways(stories, Domain()) if len(way.stories) > 1]
    assert {(way.steps[1], way.steps[-1]) for way in whole} == {
        (SlotStep("s", True), ActionStep("utter_true")),
        (SlotStep("s", False), ActionStep("utter_false")),
    }


def test_ways_follow_the_order_of_stories_and_options() -> None:
    either = OrStep((UserStep("yes"), UserStep("no")))
    stories = [
        story("one", either, CheckpointStep("c")),
        story("other", UserStep("greet")),
        story("two", UserStep("ask"), CheckpointStep("c")),
        story("then", CheckpointStep("c"), either),
        story("last", CheckpointStep("c"), UserStep("bye")),
    ]
    said = [" ".join(s.intent for s in way.steps if isinstance(s, UserStep)) for way in ways(stories, Domain())]
    assert said == [
        *("yes yes", "yes no", "no yes", "no no", "yes bye", "no bye"),
        *("greet", "ask yes", "ask no", "ask bye"),
    ]


def test_story_with_very_many_checkpoints_is_one_way() -> None:
    steps = [step for i in range(1100) for step in (UserStep("ask"), ActionStep(f"utter_{i}"), CheckpointStep(f"c{i}"))]
    (way,) = ways([story("chain", *steps, UserStep("bye"))], Domain())
    assert len(way.steps) == 2201


def test_each_of_very_many_plain_stories_is_one_way() -> None:
    steps = (UserStep("ask"), ActionStep("utter_answer"))
    assert len(ways([story(f"s{i}", *steps * 6) for i in range(6000)], Domain())) == 6000


def test_checkpoints_are_met_by_entities_and_initial_slot_values() -> None:
    city = Slot("city", mappings=(SlotMapping("from_entity", entity="city"),))
    vip = Slot("vip", "bool", initial_value=True)
    begin = story("begin", UserStep("order", entities=(StepEntity("city", "Rome"),)), CheckpointStep("c"))
    follow = [
        story(name, CheckpointStep("c", (wanted,)), ActionStep("utter_there"))
        for name, wanted in (
            ("rome", SlotStep("city", "Rome")),
            ("anywhere", SlotStep("city")),
            ("oslo", SlotStep("city", "Oslo")),
            ("vip", SlotStep("vip", True)),
            ("none", SlotStep("vip", None)),
        )
    ]
    _, stories = training_stories(content_of(begin, *follow, slots=[city, vip], policies=MEMORY))
    assert [told.name for told in stories] == ["begin > rome", "begin > anywhere", "begin > vip"]


def test_steps_before_an_unmet_checkpoint_are_still_learned() -> None:
    begin = story("begin", UserStep("order"), ActionStep("utter_what"), CheckpointStep("c"))
    never = story("never", CheckpointStep("c", (SlotStep("s", "x"),)), UserStep("yes"), ActionStep("utter_done"))
    assert turn(walk(begin, never, slots=[Slot("s")], policies=MEMORY), "order") == "utter_what"


@pytest.mark.parametrize(
    ("after", "listens"),
    [
        ((), False),
        ((UserStep("ask"),), True),
        ((OrStep((UserStep("yes"), UserStep("no"))),), True),
        ((ActionStep("utter_more"), UserStep("ask")), False),
        ((OrStep((SlotStep("s", 1), SlotStep("s", 2))),), False),
    ],
)
def test_way_ends_by_listening_only_if_the_user_continues_it(after: Sequence[Step], listens: bool) -> None:
    begin = story("begin", UserStep("order"), ActionStep("utter_what"), CheckpointStep("c"))
    never = [story("never", CheckpointStep("c", (SlotStep("s", "x"),)), *after)] if after else []
    (way,) = ways([begin, *never], Domain())
    assert (way.stories, way.listens) == ((begin,), listens)


def numbered(written: Sequence[Sequence[object]]) -> list[Story]:
    """Stories of actions with a place each, checkpoints (by name) and choices (by number of options)."""
    stories = []
    for line, steps in enumerate(written):
        named = [step_of(step, line, column) for column, step in enumerate(steps)]
        stories.append(story(f"s{line}", *named))
    return stories


def step_of(step: object, line: int, column: int) -> ActionStep | CheckpointStep | OrStep:
    if isinstance(step, str):
        return CheckpointStep(step)
    if isinstance(step, int):
        return OrStep(tuple(UserStep("yes", place=Place(f"{option}", line, column)) for option in range(step)))
    return ActionStep("utter", Place("action", line, column))


PIECES = st.lists(st.sampled_from(["a", "b", None, None, 2, 3]), min_size=1, max_size=6)


@given(st.lists(PIECES, max_size=4))
def test_low_step_limit_leaves_out_no_step(written: list[list[object]]) -> None:
    stories = numbered(written)
    whole, bounded = (
        [way for found in walked(stories, Domain(), limit) for way in found.ways] for limit in (MAX_STEPS, 0)
    )
    assert {step for way in whole for step in way.steps} == {step for way in bounded for step in way.steps}
    assert len(bounded) <= sum(len(steps) * 3 + 1 for steps in written)


def test_low_step_limit_keeps_a_continuation_of_every_story() -> None:
    begin = [story(f"s{i}", UserStep("ask"), ActionStep(f"utter_{i}"), CheckpointStep("c")) for i in range(3)]
    then = story("then", CheckpointStep("c"), ActionStep("utter_more"))
    (found,) = walked([*begin, then], Domain(), 0)
    assert [way.stories for way in found.ways] == [(told, then) for told in begin]


def test_story_entities_fill_their_mapped_slots() -> None:
    slot = Slot("city", mappings=(SlotMapping("from_entity", entity="city"),))
    told = story("told", UserStep("order", entities=(StepEntity("city"),)), ActionStep("utter_there"))
    talk = walk(told, slots=[slot], policies=MEMORY).hears("order", "city").happens(SlotSet("city", "Oslo"))
    assert talk.next.action == "utter_there"
