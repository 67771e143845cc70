"""Findings about stories that are not learned as written."""

from __future__ import annotations

from bot.content import ActionStep, CheckpointStep, Content, OrStep, Place, SlotStep, Story, UserStep
from bot.dialogue import check_ways
from tests.dialogue.making import content_of, rule, story

BEGIN = story("begin", UserStep("order"), ActionStep("utter_what"), CheckpointStep("c"))


def after(name: str, at: CheckpointStep, *more: CheckpointStep) -> Story:
    return story(name, at, UserStep("yes"), ActionStep("utter_done"), *more)


def found(content: Content) -> list[tuple[str, int]]:
    return [(diagnostic.code, diagnostic.place.line) for diagnostic in check_ways(content)]


def test_stories_with_reachable_checkpoints_have_no_findings() -> None:
    met = story("met", UserStep("ask"), SlotStep("s", "x"), CheckpointStep("c"))
    assert found(content_of(BEGIN, met, after("one", CheckpointStep("c", (SlotStep("s", "x"),))))) == []


def test_checkpoint_with_unmet_slots_is_reported_without_those_after_it() -> None:
    never = CheckpointStep("c", (SlotStep("s", "x"), SlotStep("t")), Place("stories.yml", 7))
    content = content_of(BEGIN, after("one", never, CheckpointStep("d")), after("two", CheckpointStep("d")))
    (diagnostic,) = check_ways(content)
    assert (diagnostic.code, diagnostic.severity, diagnostic.place) == (
        "unreached-checkpoint",
        "warning",
        Place("stories.yml", 7),
    )
    assert "`c` with the slot `s` `x` and the slot `t` set" in diagnostic.message
    assert "slot_was_set" in diagnostic.cure


def test_unreachable_checkpoint_cycle_is_reported_once() -> None:
    into = [CheckpointStep(name, place=Place("stories.yml", line)) for line, name in enumerate("ab", start=3)]
    content = content_of(after("one", into[0], CheckpointStep("b")), after("two", into[1], CheckpointStep("a")))
    assert found(content) == [("unreached-checkpoint", 3)]


def test_checkpoint_that_no_story_ends_with_is_not_reported_as_unreached() -> None:
    loose = after("loose", CheckpointStep("nowhere"), CheckpointStep("d"))
    assert found(content_of(loose, after("then", CheckpointStep("d")))) == []


def test_too_many_paths_are_reported_at_the_first_story() -> None:
    either = OrStep((UserStep("yes"), UserStep("no")))
    steps = [step for i in range(13) for step in (either, ActionStep(f"utter_{i}"))]
    long = Story("long", tuple(steps), place=Place("stories.yml", 2))
    joined = Story("joined", (*steps, CheckpointStep("c")), place=Place("stories.yml", 90))
    other = story("other", UserStep("greet"), ActionStep("utter_greet"))
    content = content_of(long, other, joined, after("then", CheckpointStep("c")), rule("rule", *steps))
    many = check_ways(content)
    assert [(d.code, d.place.line) for d in many] == [("many-ways", line) for line in (2, 90, 1)]
    assert [d.message.split("too many paths through ")[1].split(" to learn")[0] for d in many] == [
        "the story `long`",
        "the story `joined` and 1 other connected to it by checkpoints",
        "the rule `rule`",
    ]


def test_unreachable_test_story_is_reported() -> None:
    start = Story("start", (UserStep("order"), ActionStep("utter_what"), CheckpointStep("c")), "test")
    never = CheckpointStep("c", (SlotStep("s", "x"),), Place("tests/test_a.yml", 7))
    lost = Story("lost", (never, UserStep("yes"), ActionStep("utter_done")), "test")
    [diagnostic] = check_ways(content_of(), (start, lost))
    assert (diagnostic.code, diagnostic.place) == ("unreached-checkpoint", Place("tests/test_a.yml", 7))
    assert "No path through the test stories" in diagnostic.message
    assert diagnostic.message.endswith("is not run.")


def test_unreachable_rule_is_reported_and_connected_rules_are_not() -> None:
    begin = rule("begin", UserStep("order"), ActionStep("utter_what"), CheckpointStep("c"))
    circle = CheckpointStep("d", place=Place("stories.yml", 4))
    lost = rule("lost", circle, ActionStep("utter_done"), CheckpointStep("d"))
    then = rule("then", CheckpointStep("c"), ActionStep("utter_done"))
    assert found(content_of(begin, then)) == []
    assert found(content_of(begin, then, lost)) == [("unreached-checkpoint", 4)]
