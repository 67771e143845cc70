"""What a corrected conversation teaches: training stories, and examples that the project does not have yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from bot.content import Annotation, Content, Domain, Example, Step, StepEntity, Story, UserStep
from bot.dialogue.events import (
    ActionExecuted,
    ActionReverted,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserFeaturization,
    UserUtteranceReverted,
    UserUttered,
)
from bot.dialogue.names import LISTEN, NLU_FALLBACK
from bot.messages import Entity, Parse
from bot.nlu.entities import DIMENSIONS
from bot.reading.writing import content_to_yaml
from bot.server.trackers import steps_of
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
    sessions = [_exchanges(session) for session in _sessions(events)]
    if not any(sessions):
        return None
    is_unfinished = bool(sessions[-1]) and not any(_is_listen(event) for event in sessions[-1][-1])
    if is_unfinished:
        sessions[-1].pop()
    answered = [[exchange for exchange in exchanges if _is_answered(exchange)] for exchanges in sessions]
    finished = [exchanges for exchanges in answered if exchanges]
    names = [name] if len(finished) == 1 else [f"{name}, part {number}" for number in range(1, len(finished) + 1)]
    stories = [Story(n, tuple(_steps(e, content.domain))) for n, e in zip(names, finished, strict=True)]
    examples = _new_examples([exchange[0] for exchanges in finished for exchange in exchanges], content)
    return Lesson(list(examples), stories, is_unfinished)


def _sessions(events: Sequence[Event]) -> list[list[Event]]:
    sessions: list[list[Event]] = [[]]
    for event in events:
        if isinstance(event, SessionStarted | Restarted):
            sessions.append([])
        else:
            sessions[-1].append(event)
    return sessions


def _exchanges(session: Sequence[Event]) -> list[list[Event]]:
    """The messages, each with the events of its turn, without those that were reverted."""
    exchanges: list[list[Event]] = []
    for event in session:
        if isinstance(event, UserUttered):
            exchanges.append([event])
        elif not exchanges:
            continue  # what the session starts with
        elif isinstance(event, UserUtteranceReverted):
            exchanges.pop()
        elif isinstance(event, ActionReverted):
            exchanges[-1] = _without_last_action(exchanges[-1])
        else:
            exchanges[-1].append(event)
    return exchanges


def _is_answered(exchange: Sequence[Event]) -> bool:
    return any(isinstance(event, ActionExecuted) for event in exchange)


def _without_last_action(exchange: list[Event]) -> list[Event]:
    at = [index for index, event in enumerate(exchange) if isinstance(event, ActionExecuted)]
    return exchange[: at[-1]] if at else exchange


def _is_listen(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.name == LISTEN


def _steps(exchanges: Sequence[Sequence[Event]], domain: Domain) -> Iterator[Step]:
    """The steps, without slots that do not influence the conversation: those may be a customer's data."""
    for said, *answer in exchanges:
        assert isinstance(said, UserUttered)
        by_text = any(isinstance(event, UserFeaturization) and event.use_text for event in answer)
        yield _user_step(said.parse, domain, by_text=by_text)
        yield from steps_of(
            event for event in answer if not isinstance(event, SlotSet) or _has_influence(event, domain)
        )


def _has_influence(event: SlotSet, domain: Domain) -> bool:
    return event.name in domain.slots and domain.slots[event.name].influence_conversation


def _user_step(parse: Parse, domain: Domain, *, by_text: bool) -> UserStep:
    """The message by its text, if that decided what follows, else by its intent and the names of its entities."""
    if by_text or parse.intent_name is None:
        return UserStep(text=parse.text)
    named = (StepEntity(e.entity, role=e.role, group=e.group) for e in parse.entities if e.entity in domain.entities)
    return UserStep(parse.intent_name, entities=tuple(dict.fromkeys(named)))


def _new_examples(messages: Sequence[Event], content: Content) -> Iterator[Example]:
    """The messages that are not examples yet; if a person marked their entities, not with these marks."""
    known = {(_folded(example.text), example.intent) for example in content.nlu.examples}
    known_marks = {_with_marks(example) for example in content.nlu.examples}
    annotated = {a.entity for example in content.nlu.examples for a in example.annotations}
    for message in messages:
        assert isinstance(message, UserUttered)
        parse, intent = message.parse, predicted_intent(message.parse, expected="")
        if parse.text.lstrip().startswith("/") or intent in ("", NLU_FALLBACK):
            continue
        learned = [
            e for e in parse.entities if e.extractor == PERSON or e.entity in annotated or e.entity not in DIMENSIONS
        ]
        example = Example(parse.text, intent, tuple(map(_annotation, learned)))
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


def _annotation(entity: Entity) -> Annotation:
    e = entity
    return Annotation(e.start, e.end, e.entity, e.value, e.role, e.group)
