"""Hand-made content and events for the tests of bot.dialogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.content import Component, Content, Domain, EntityType, Form, Intent, Slot, Step, Story
from bot.dialogue import Dialogue, train_dialogue
from bot.dialogue.events import ActionExecuted, Event, UserUttered
from bot.dialogue.evolve import evolve_all
from bot.dialogue.prediction import Prediction
from bot.dialogue.tracker import Tracker
from bot.messages import Entity, IntentScore, Parse


def uttered(intent: str, *entities: str, text: str = "", confidence: float = 1.0) -> UserUttered:
    found = tuple(Entity(name, "value", 0, 0) for name in entities)
    return UserUttered(Parse(text or intent, IntentScore(intent, confidence), entities=found))


@dataclass
class Walk:
    """A conversation that a test runs step by step: `does` returns the next action's name."""

    dialogue: Dialogue
    tracker: Tracker = field(default_factory=Tracker)

    def happens(self, *events: Event) -> Walk:
        self.tracker = evolve_all(events, self.tracker)
        return self

    def hears(self, intent: str, *entities: str, **more: Any) -> Walk:
        if self.tracker.latest_action != "action_listen":
            self.happens(ActionExecuted("action_listen"))
        return self.happens(uttered(intent, *entities, **more))

    @property
    def next(self) -> Prediction:
        return self.dialogue.predict(self.tracker)

    def does(self) -> str:
        """Record the predicted action as if it emitted no events."""
        prediction = self.next
        executed = ActionExecuted(prediction.action, hide_rule_turn=prediction.hide_rule_turn)
        self.happens(*prediction.events, executed)
        return prediction.action


def content_of(
    *stories: Story,
    intents: Sequence[str] = ("greet", "ask", "order", "yes", "no", "bye"),
    forms: Sequence[str] = ("form",),
    slots: Sequence[Slot] = (),
    entities: Sequence[EntityType] = (EntityType("thing"), EntityType("city")),
    policies: Sequence[Component] | None = (
        Component("RulePolicy"),
        Component("MemoizationPolicy", {"max_history": 5}),
    ),
) -> Content:
    domain = Domain(
        intents={name: Intent(name) for name in intents},
        forms={name: Form(name, ("thing",)) for name in forms},
        slots={slot.name: slot for slot in slots},
        entities={entity.name: entity for entity in entities},
    )
    return Content(
        domain=domain,
        stories=tuple(s for s in stories if s.kind == "story"),
        rules=tuple(s for s in stories if s.kind == "rule"),
        policies=None if policies is None else tuple(policies),
    )


def rule(name: str, *steps: Step, **more: Any) -> Story:
    return Story(name, steps, "rule", **more)


def story(name: str, *steps: Step) -> Story:
    return Story(name, steps)


def walk(*stories: Story, **more: Any) -> Walk:
    """A conversation with the dialogue of these rules and stories."""
    return Walk(train_dialogue(content_of(*stories, **more)))
