"""Stories and rules as conversations to learn from: their events, with Rasa's implicit ones written out."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from bot.content import ActionStep, BotStep, Content, Domain, LoopStep, Place, SlotStep, Step, UserStep
from bot.dialogue.events import ActionExecuted, ActiveLoop, Event, SlotSet, UserUttered
from bot.dialogue.evolve import evolve
from bot.dialogue.names import LISTEN, SNIPPET
from bot.dialogue.slots import initial_slots
from bot.dialogue.states import NOT_SET, State, States
from bot.dialogue.story_entities import slots_of_entities, step_entities
from bot.dialogue.story_graph import Way, ways
from bot.dialogue.tracker import Tracker
from bot.messages import IntentScore, Parse


class Example(Struct, frozen=True):
    """The states of a conversation up to an action, the action, and the place of the step that names it.

    `unpredictable`: nothing before it suggests it (a story that begins with the bot).
    """

    states: tuple[State, ...]
    action: str
    place: Place
    unpredictable: bool = False


class TrainingStory(Struct, frozen=True):
    """A rule, or one way through the stories.

    `events` and `places` go together; implicit events have the step's place.
    """

    name: str
    place: Place
    is_rule: bool
    events: tuple[Event, ...]
    places: tuple[Place, ...]

    def examples(self, states: States, start: Tracker) -> Iterator[Example]:
        """The examples in this conversation, if it begins in state `start`."""
        tracker = start
        place_of = {}
        for event, place in zip(self.events, self.places, strict=True):
            place_of[id(event)] = place
            tracker = evolve(event, tracker)
        seen = states.of(tracker)
        user_spoke = False
        actions = 0
        for event in tracker.applied:
            if isinstance(event, UserUttered):
                user_spoke = True
            if isinstance(event, ActionExecuted):
                actions += 1
                unpredictable = actions == 1 and not user_spoke and event.name != LISTEN
                name = event.action_text or event.name
                yield Example(tuple(seen[:actions]), name, place_of[id(event)], unpredictable)


def training_stories(content: Content) -> tuple[tuple[TrainingStory, ...], tuple[TrainingStory, ...]]:
    """The content's rules and stories, with `or` and checkpoints expanded."""
    rules = [_rule(way, content.domain) for way in ways(content.rules, content.domain)]
    stories = [_story(way, content.domain) for way in ways(content.stories, content.domain)]
    return tuple(rules), tuple(stories)


def start_of(domain: Domain, *, bare: bool = False) -> Tracker:
    """A new conversation's tracker; `bare`: without the slots' initial values."""
    slots = {} if bare else initial_slots(domain)
    start = Tracker(slots=slots, initial_slots=slots)
    return Tracker(slots=slots, initial_slots=slots, base=start)


def events_of(way: Way, domain: Domain) -> Iterator[tuple[Event, Place, Step | None]]:
    """The events of one way through the stories, each with its place and the step it comes from (None: implied)."""
    story = _story_events(way, domain)
    return zip(story.events, story.places, story.steps, strict=True)


class _Events:
    """Collects the events of a story, with the place and the step (None: implied) of each."""

    def __init__(self, domain: Domain, *, is_rule: bool) -> None:
        self.domain = domain
        self.unset = NOT_SET if is_rule else None
        self.events: list[Event] = []
        self.places: list[Place] = []
        self.steps: list[Step | None] = []

    def add(self, event: Event, place: Place, step: Step | None = None) -> None:
        self.events.append(event)
        self.places.append(place)
        self.steps.append(step)

    def listen(self, place: Place) -> None:
        last = self.events[-1] if self.events else None
        if not (isinstance(last, ActionExecuted) and last.name == LISTEN):
            self.add(ActionExecuted(LISTEN), place)

    def add_step(self, step: Step) -> None:
        match step:
            case UserStep():
                self.add_message(step)
            case ActionStep():
                self.add(ActionExecuted(step.name), step.place, step)
            case BotStep():
                self.add(ActionExecuted(step.text, action_text=step.text), step.place, step)
            case LoopStep():
                self.add(ActiveLoop(self.unset if step.name is None else step.name), step.place, step)
            case SlotStep():
                value = self.unset if step.value is None else step.value
                self.add(SlotSet(step.name, value), step.place, step)

    def add_message(self, step: UserStep) -> None:
        self.listen(step.place)
        entities = step_entities(step)
        intent = IntentScore(step.intent.split("/")[0], 1.0) if step.intent else None
        parse = Parse("" if intent else step.text or "", intent, entities=entities)
        self.add(UserUttered(parse), step.place, step)
        for event in slots_of_entities(entities, self.domain):
            self.add(event, step.place)


def _rule(way: Way, domain: Domain) -> TrainingStory:
    """A rule with those that checkpoints connect to it: it begins like the first of them, and ends like the last."""
    rule, last = way.stories[0], way.stories[-1]
    collected = _Events(domain, is_rule=True)
    for condition in rule.condition:
        collected.add_step(condition)
    if not rule.conversation_start:
        collected.add(ActionExecuted(SNIPPET), rule.place)
    for step in way.steps:
        collected.add_step(step)
    end = way.steps[-1].place if way.steps else rule.place
    if not last.wait_for_user_input:
        collected.add(ActionExecuted(SNIPPET), end)
    collected.listen(end)
    return TrainingStory(_name(way), rule.place, True, tuple(collected.events), tuple(collected.places))


def _story(way: Way, domain: Domain) -> TrainingStory:
    collected = _story_events(way, domain)
    return TrainingStory(_name(way), way.stories[0].place, False, tuple(collected.events), tuple(collected.places))


def _name(way: Way) -> str:
    return " > ".join(story.name for story in way.stories)


def _story_events(way: Way, domain: Domain) -> _Events:
    collected = _Events(domain, is_rule=False)
    for step in way.steps:
        collected.add_step(step)
    if way.listens:
        collected.listen(way.steps[-1].place if way.steps else way.stories[0].place)
    return collected
