"""Interactive learning: a person confirms or corrects what a message means and what the bot does; that becomes content.

The conversation is an ordinary one in the store. Nothing else is kept: what was learned is read from its events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from bot.app.opening import Bot
from bot.content import Annotation, Example, StepEntity, Story, UserStep
from bot.content.suggest import did_you_mean
from bot.dialogue.events import Event, Restarted, SessionStarted, UserUttered
from bot.dialogue.names import NLU_FALLBACK
from bot.dialogue.prediction import Prediction
from bot.dialogue.turn_loop import goes_on, is_silent
from bot.engine.outside import EventsWork, ExecuteWork, NoteWork
from bot.engine.record import Answer
from bot.errors import BotError
from bot.messages import Entity, Parse, UserMessage
from bot.nlu.entities import DIMENSIONS
from bot.reading.annotations import read_annotations
from bot.reading.writing import content_to_yaml
from bot.server.trackers import Conversation, read_conversation, steps_of
from bot.testing.understood import predicted_intent

POLICY = "interactive"
"""The policy that is recorded for an action that a person chose."""


class InvalidCorrection(BotError):
    """A correction that cannot be understood; the message says what to write instead."""


class Learned(Struct, frozen=True):
    """What a conversation taught: examples that are new, and the conversation as a story."""

    examples: Sequence[Example]
    story: Story

    def to_yaml(self) -> str:
        """The content of a file with both."""
        return content_to_yaml(self.examples, [self.story])


class Interactive:
    """A conversation in which a person decides what each message means, and what the bot does next."""

    def __init__(self, bot: Bot, conversation: str, message: Callable[[str], UserMessage]) -> None:
        """`message` makes a message of the conversation from its text."""
        self._bot = bot
        self._conversation = conversation
        self._message = message

    def parse(self, text: str) -> Parse:
        """What the matcher takes the text for."""
        return self._bot.engine.agent.matcher.parse(text, self._bot.sources.now())

    def corrected(self, parse: Parse, correction: str) -> Parse:
        """The parse after a correction: an intent, the message with its entities marked, or `intent: marked message`.

        Raises InvalidCorrection.
        """
        intent, colon, rest = correction.partition(":")
        intents = self._intents()
        if intent.strip() in intents:
            marked = rest.strip() if colon else ""
            as_intent = self.parse(f"/{intent.strip()}")
            parse = replace(
                parse,
                intent=as_intent.intent,
                ranking=as_intent.ranking,
                response_selector=as_intent.response_selector,
                doubt="",
            )
        else:
            marked = correction
        return replace(parse, entities=self._marked(parse, marked)) if marked else parse

    async def understand(self, parse: Parse) -> None:
        """Record the message with its confirmed parse, and fill slots."""
        await self._bot.engine.perform(NoteWork(self._message(parse.text), parse, background=False))

    async def predict(self) -> Prediction | None:
        """What the bot would do next; None if it stays silent, as it does while the conversation is paused."""
        tracker = (await self._read()).tracker
        return None if is_silent(tracker) else self._bot.engine.agent.dialogue.predict(tracker)

    def action(self, prediction: Prediction, correction: str) -> Prediction:
        """The prediction of another action, as corrected; raises InvalidCorrection if there is no such action."""
        actions = self._bot.engine.agent.actions
        if correction not in actions:
            hint = did_you_mean(correction, actions, "List it in `actions:`, or write its response, and start again.")
            raise InvalidCorrection(f"There is no action `{correction}`. {hint}")
        return prediction if correction == prediction.action else Prediction(correction, 1.0, POLICY)

    async def run(self, prediction: Prediction) -> tuple[Answer, bool]:
        """Run the action; return its replies, and whether another action follows."""
        work = ExecuteWork(self._message(prediction.action), prediction, background=False)
        return await self._bot.engine.perform(work), goes_on(prediction.action)

    async def undo(self) -> bool:
        """Take back the last message and everything after it; False if there is none."""
        events = _since(Restarted, await self._events())
        said = [at for at, event in enumerate(events) if isinstance(event, UserUttered)]
        if not said:
            return False
        await self._bot.engine.perform(EventsWork(self._message(""), events[: said[-1]], instead=True))
        return True

    async def learned(self, name: str) -> Learned | None:
        """What was learned, with the story's name; None if nothing was said."""
        events = _since(SessionStarted, _since(Restarted, await self._events()))
        steps = tuple(steps_of(events, self._user_step))
        return Learned(tuple(self._new_examples(events)), Story(name, steps)) if steps else None

    def _intents(self) -> set[str]:
        """The names by which an intent can be chosen: the domain's, and those of retrieval intents in full."""
        content = self._bot.engine.agent.content
        return {*content.domain.intents, *(example.intent for example in self._bot.project.content.nlu.examples)}

    def _marked(self, parse: Parse, marked: str) -> tuple[Entity, ...]:
        """The entities that are marked; those that were found as well stay as they were found."""
        text, annotations, problems = read_annotations(marked)
        if text != parse.text or problems:
            known = self._intents()
            hint = did_you_mean(marked, known) if " " not in marked else ""
            told = f"`{marked}` is neither an intent nor your message with its entities marked, as in `[Leeds](city)`."
            raise InvalidCorrection(f"{told} {hint}".rstrip())
        entities = self._bot.engine.agent.content.domain.entities
        unknown = [a.entity for a in annotations if a.entity not in entities]
        if unknown:
            hint = did_you_mean(unknown[0], entities, "List it in `entities:`, and start again.")
            raise InvalidCorrection(f"The domain has no entity `{unknown[0]}`. {hint}")
        found = {(e.start, e.end, e.entity, e.role, e.group): e for e in parse.entities}
        return tuple(found.get((a.start, a.end, a.entity, a.role, a.group), _entity(a)) for a in annotations)

    def _new_examples(self, events: Sequence[Event]) -> Iterator[Example]:
        """The messages that are not examples yet, with the entities that are learned from examples."""
        nlu = self._bot.project.content.nlu
        known = {(example.text.casefold(), example.intent) for example in nlu.examples}
        learned = {a.entity for example in nlu.examples for a in example.annotations}
        for event in events:
            if not isinstance(event, UserUttered) or event.parse.text.lstrip().startswith("/"):
                continue
            parse, intent = event.parse, predicted_intent(event.parse, expected="")
            if intent in ("", NLU_FALLBACK) or (parse.text.casefold(), intent) in known:
                continue
            known.add((parse.text.casefold(), intent))
            taught = [e for e in parse.entities if e.entity in learned or e.entity not in DIMENSIONS]
            yield Example(parse.text, intent, tuple(_annotation(e) for e in taught))

    def _user_step(self, parse: Parse) -> UserStep:
        """The step of a training story: the intent, and the names of the domain's entities."""
        domain = self._bot.engine.agent.content.domain
        named = (
            StepEntity(e.entity, role=e.role, group=e.group) for e in parse.entities if e.entity in domain.entities
        )
        return UserStep(parse.intent_name, entities=tuple(dict.fromkeys(named)))

    async def _events(self) -> list[Event]:
        return [event for event, _ in (await self._read()).events]

    async def _read(self) -> Conversation:
        return await read_conversation(self._bot.engine.store, self._conversation)


def save(learned: Learned, folder: Path) -> Path:
    """Write a new file `interactive_N.yml` into the folder, which is created if needed; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while (file := folder / f"interactive_{number}.yml").exists():
        number += 1
    file.write_text(learned.to_yaml(), encoding="utf-8")
    return file


def _since(kind: type[Event], events: Sequence[Event]) -> Sequence[Event]:
    """The events after the last one of this kind; all of them if there is none."""
    found = [at for at, event in enumerate(events) if isinstance(event, kind)]
    return events[found[-1] + 1 :] if found else events


def _entity(annotation: Annotation) -> Entity:
    a = annotation
    return Entity(a.entity, a.value, a.start, a.end, a.role, a.group, extractor=POLICY, confidence=1.0)


def _annotation(entity: Entity) -> Annotation:
    e = entity
    return Annotation(e.start, e.end, e.entity, e.value, e.role, e.group)
