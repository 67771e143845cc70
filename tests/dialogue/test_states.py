"""What policies see of the entities of a message."""

from __future__ import annotations

import pytest

from bot.content import (
    ActionStep,
    Component,
    Domain,
    EntityType,
    Intent,
    StepEntity,
    UserStep,
)
from bot.dialogue.states import States
from bot.messages import Entity, IntentScore, Parse
from tests.dialogue.making import rule, story, walk

CITY = EntityType("city", roles=("from", "to"), groups=("first",))
DOMAIN = Domain(
    intents={
        intent.name: intent
        for intent in (
            Intent("all"),
            Intent("ignores", ignore_entities=frozenset({"city"})),
            Intent("uses", use_entities=frozenset({"city", "unlisted"})),
            Intent("none", use_entities=frozenset()),
        )
    },
    entities={e.name: e for e in (CITY, EntityType("time"), EntityType("silent", influence_conversation=False))},
)


def message(intent: str) -> Parse:
    found = [("city", "to", "second"), ("city", "via", "first"), ("time", "begin", None)]
    entities = [Entity(name, "x", 0, 1, role, group) for name, role, group in found]
    entities += [Entity(name, "x", 0, 1) for name in ("silent", "unlisted")]
    return Parse("text", IntentScore(intent, 1.0), entities=tuple(entities))


@pytest.mark.parametrize(
    ("intent", "seen"),
    [
        ("all", ("city", "city#first", "city#to", "time")),
        ("ignores", ("time",)),
        ("uses", ("city", "city#first", "city#to", "unlisted")),
        ("none", ()),
        ("no intent of the domain", ("city", "city#first", "city#to", "time")),
    ],
)
def test_states_show_only_entities_roles_and_groups_listed_in_the_domain(intent: str, seen: tuple[str, ...]) -> None:
    assert States(DOMAIN).user(message(intent)).entities == seen


@pytest.mark.parametrize("policy", ["MemoizationPolicy", "RulePolicy", "LearnedPolicy"])
def test_entity_not_listed_in_the_domain_does_not_change_the_prediction(policy: str) -> None:
    steps = (UserStep("order", entities=(StepEntity("thing"),)), ActionStep("utter_what"))
    talk = walk(story("told", *steps), rule("same", *steps), policies=[Component(policy)])
    plain = talk.hears("order", "thing").next
    beside = walk(story("told", *steps), rule("same", *steps), policies=[Component(policy)])
    assert beside.hears("order", "thing", "number").next == plain
    assert plain.action == "utter_what"


def test_story_with_an_entity_not_listed_in_the_domain_is_learned() -> None:
    told = story("told", UserStep("order", entities=(StepEntity("number"),)), ActionStep("utter_what"))
    assert walk(told, policies=[Component("MemoizationPolicy")]).hears("order").next.action == "utter_what"
