"""What a corrected conversation teaches: training stories, and examples that the project does not have yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from bot.content import Content, Domain, Example, Step, StepEntity, Story, UserStep
from bot.dialogue.events import (
    ActionExecuted,
    ActionReverted,
    Event,
    SlotSet,
    UserFeaturization,
    UserUtteranceReverted,
    UserUttered,
)
from bot.dialogue.names import LISTEN, NLU_FALLBACK
from bot.messages import Parse
from bot.nlu.entities import DIMENSIONS
from bot.reading.writing import content_to_yaml
from bot.server.trackers import annotations_of, sessions_of, steps_of
from bot.testing.understood import predicted_intent

PERSON = "interactive"
"""Names the person who corrects: as the policy of an action, and as the extractor of an entity."""


class Lesson(Struct, frozen=True):
    """New examples and stories. `is_unfinished`: the last message is left out, as its turn has not ended."""

    examples: Sequence[Example]
    stories: Sequence[Story]
    is_unfinished: bool

    def to_yaml(self) -> str:
        """The content of a file with both."""
        return content_to_yaml(self.examples, self.stories)


def lesson_of(events: Sequence[Event], name: str, content: Content) -> Lesson | None:
    """What the events teach a project with this content, as stories of this name; None if nothing was said.

    There is a story for each session. Messages that were taken back, and those that the bot did not answer, are in
    none of them.
    """
    sessions = [_exchanges(session) for session in sessions_of(events)]
    if not any(sessions):
        return None
    is_unfinished = bool(sessions[-1]) and not sessions[-1][-1].is_finished
    if is_unfinished:
        sessions[-1].pop()
    answered = [[exchange for exchange in exchanges if exchange.is_answered] for exchanges in sessions]
    finished = [exchanges for exchanges in answered if exchanges]
    names = [name] if len(finished) == 1 else [f"{name}, part {number}" for number in range(1, len(finished) + 1)]
    stories = [Story(n, tuple(_steps(e, content.domain))) for n, e in zip(names, finished, strict=True)]
    parses = [exchange.said.parse for exchanges in finished for exchange in exchanges]
    return Lesson(list(_new_examples(parses, content)), stories, is_unfinished)


class _Exchange(Struct):
    """A message and the events that answer it."""

    said: UserUttered
    answer: list[Event] = field(default_factory=list)

    @property
    def is_answered(self) -> bool:
        """Whether the bot did anything; while it is paused, it does not."""
        return any(isinstance(event, ActionExecuted) for event in self.answer)

    @property
    def is_finished(self) -> bool:
        """Whether the bot listens again."""
        return any(isinstance(event, ActionExecuted) and event.name == LISTEN for event in self.answer)

    def revert_action(self) -> None:
        """Drop the last action and what followed it."""
        executed = [at for at, event in enumerate(self.answer) if isinstance(event, ActionExecuted)]
        if executed:
            del self.answer[executed[-1] :]


def _exchanges(session: Sequence[Event]) -> list[_Exchange]:
    """The messages with their answers, without those that were reverted."""
    exchanges: list[_Exchange] = []
    for event in session:
        if isinstance(event, UserUttered):
            exchanges.append(_Exchange(event))
        elif not exchanges:
            continue  # what the session starts with
        elif isinstance(event, UserUtteranceReverted):
            exchanges.pop()
        elif isinstance(event, ActionReverted):
            exchanges[-1].revert_action()
        else:
            exchanges[-1].answer.append(event)
    return exchanges


def _steps(exchanges: Sequence[_Exchange], domain: Domain) -> Iterator[Step]:
    """The steps, without slots that do not influence the conversation: those may be a customer's data."""
    for exchange in exchanges:
        by_text = any(isinstance(event, UserFeaturization) and event.use_text for event in exchange.answer)
        yield _user_step(exchange.said.parse, domain, by_text=by_text)
        yield from steps_of(
            event for event in exchange.answer if not isinstance(event, SlotSet) or _has_influence(event, domain)
        )


def _has_influence(event: SlotSet, domain: Domain) -> bool:
    return event.name in domain.slots and domain.slots[event.name].influence_conversation


def _user_step(parse: Parse, domain: Domain, *, by_text: bool) -> UserStep:
    """The message by its text, if that decided what follows, else by its intent and the names of its entities."""
    if by_text or parse.intent_name is None:
        return UserStep(text=parse.text)
    named = (StepEntity(e.entity, role=e.role, group=e.group) for e in parse.entities if e.entity in domain.entities)
    return UserStep(parse.intent_name, entities=tuple(dict.fromkeys(named)))


def _new_examples(parses: Sequence[Parse], content: Content) -> Iterator[Example]:
    """The messages that are not examples yet; if a person marked their entities, not with these marks."""
    known = {(_folded(example.text), example.intent) for example in content.nlu.examples}
    known_marks = {_with_marks(example) for example in content.nlu.examples}
    annotated = {a.entity for example in content.nlu.examples for a in example.annotations}
    for parse in parses:
        intent = predicted_intent(parse, expected="")
        if parse.text.lstrip().startswith("/") or intent in ("", NLU_FALLBACK):
            continue
        learned = [
            e for e in parse.entities if e.extractor == PERSON or e.entity in annotated or e.entity not in DIMENSIONS
        ]
        example = Example(parse.text, intent, annotations_of(learned))
        is_marked = any(entity.extractor == PERSON for entity in learned)
        if _with_marks(example) in known_marks or (not is_marked and (_folded(parse.text), intent) in known):
            continue
        known.add((_folded(parse.text), intent))
        known_marks.add(_with_marks(example))
        yield example


def _folded(text: str) -> str:
    return text.casefold().strip()


def _with_marks(example: Example) -> tuple[object, ...]:
    marks = [(a.start, a.end, a.entity, a.role, a.group) for a in example.annotations]
    return _folded(example.text), example.intent, *marks
