"""Interactive learning: a person confirms or corrects what each message means and what the bot does next."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from bot.app.lessons import PERSON, Lesson, lesson_of
from bot.app.opening import Bot
from bot.content import Annotation, Content
from bot.content.suggest import did_you_mean
from bot.dialogue.events import ActionExecutionRejected, ActionFailed, Event, UserUttered
from bot.dialogue.names import LISTEN
from bot.dialogue.prediction import Prediction
from bot.dialogue.tracker import Tracker
from bot.dialogue.turn_loop import goes_on, is_silent
from bot.engine.codec import read_record
from bot.engine.outside import EventsWork, ExecuteWork, NoteWork
from bot.engine.record import Answer
from bot.engine.snapshots import read_snapshot
from bot.engine.work import Work
from bot.errors import BotError
from bot.messages import Entity, Parse, UserMessage
from bot.nlu.entities.synonyms import SynonymMapper, learn_synonyms
from bot.nlu.selector import intent_of, retrieval_intents
from bot.reading.annotations import read_annotations


class InvalidCorrection(BotError):
    """A correction that cannot be understood; the message says what to write instead."""


class Interactive:
    """A conversation in which a person decides what each message means, and what the bot does next."""

    def __init__(self, bot: Bot, conversation: str, message: Callable[[str], UserMessage]) -> None:
        """`message` makes a message of the conversation from its text."""
        self._bot = bot
        self._engine = bot.engine
        self._conversation = conversation
        self._message = message
        self._events: list[Event] = []
        self._content: Content = bot.project.content
        self._synonyms: SynonymMapper = learn_synonyms(self._content)
        labels = {example.intent for example in self._content.nlu.examples}
        retrieval = set(retrieval_intents(sorted(labels)))
        self.intents = sorted({*self._content.domain.intents, *labels} - retrieval)
        """The names by which an intent can be chosen: retrieval intents in full."""

    @property
    def actions(self) -> list[str]:
        """The names of the actions that can be chosen."""
        return sorted(self._engine.agent.actions)

    def parse(self, text: str) -> Parse:
        """What the matcher takes the text for."""
        return self._engine.agent.matcher.parse(text, self._bot.sources.now())

    def corrected(self, parse: Parse, correction: str) -> Parse:
        """The parse after a correction: an intent, the message with its entities marked, or `intent: marked message`.

        Raises InvalidCorrection.
        """
        if read_annotations(correction)[0] == parse.text:
            return replace(parse, entities=self._marked(parse, correction))
        intent, _, marked = (part.strip() for part in correction.partition(":"))
        if intent not in self.intents:
            raise InvalidCorrection(self._unknown_intent(intent))
        if marked and read_annotations(marked)[0] != parse.text:
            raise InvalidCorrection(f"`{marked}` is not your message; repeat it, with its entities marked.")
        as_intent = self.parse(f"/{intent}")
        entities = self._marked(parse, marked) if marked else parse.entities
        return replace(as_intent, text=parse.text, entities=entities)

    async def understand(self, parse: Parse) -> None:
        """Record the message with its confirmed parse, and fill slots."""
        await self._perform(NoteWork(self._message(parse.text), parse, background=False))

    async def predict(self) -> Prediction | None:
        """What the bot would do next; None if it stays silent, as it does while the conversation is paused."""
        tracker = await self._tracker()
        return None if is_silent(tracker) else self._engine.agent.dialogue.predict(tracker)

    def chosen(self, prediction: Prediction, correction: str) -> Prediction:
        """The prediction of another action; raises InvalidCorrection if there is no such action."""
        if correction == prediction.action:
            return prediction
        if correction in self._engine.agent.actions:
            return Prediction(correction, 1.0, PERSON)
        if correction in self._content.domain.actions:
            raise InvalidCorrection(
                f"The action `{correction}` is listed in `actions:`, but nothing implements it here."
            )
        hint = did_you_mean(correction, self.actions, "List it in `actions:`, or write its response, and start again.")
        raise InvalidCorrection(f"There is no action `{correction}`. {hint}")

    async def run(self, prediction: Prediction) -> tuple[Answer, bool]:
        """Run the action; return its replies, and whether another action follows.

        As in any turn, the bot listens after an action that failed or paused the conversation.
        """
        answer, events = await self._perform(
            ExecuteWork(self._message(prediction.action), prediction, background=False)
        )
        if not goes_on(prediction.action):
            return answer, False
        if _failed(events) or is_silent(await self._tracker()):
            await self._perform(ExecuteWork(self._message(LISTEN), Prediction(LISTEN, 1.0, PERSON), background=False))
            return answer, False
        return answer, True

    async def undo(self) -> bool:
        """Take back the last message and everything after it; False if there is none."""
        said = [at for at, event in enumerate(self._events) if isinstance(event, UserUttered)]
        if not said:
            return False
        self._events = self._events[: said[-1]]
        await self._engine.perform(EventsWork(self._message(""), self._events, instead=True))
        return True

    def lesson(self, name: str) -> Lesson | None:
        """What was taught so far, with a name for its story; None if nothing was said."""
        return lesson_of(self._events, name, self._content)

    async def _perform(self, work: Work) -> tuple[Answer, Sequence[Event]]:
        answer = await self._engine.perform(work)
        (turn,) = await self._engine.store.turns(self._conversation, limit=1)
        events = read_record(turn.record).events
        self._events += events
        return answer, events

    async def _tracker(self) -> Tracker:
        loaded = await self._engine.store.load(self._conversation)
        return read_snapshot(loaded.snapshot, self._conversation).tracker

    def _unknown_intent(self, name: str) -> str:
        answers = [intent for intent in self.intents if intent_of(intent) == name]
        if answers:
            return f"`{name}` has several answers; write one of {', '.join(answers)}."
        hint = did_you_mean(name, self.intents, "List a new intent in `intents:` with examples, and start again.")
        told = f"`{name}` is neither an intent nor your message with its entities marked, as in `[Leeds](city)`."
        return f"{told} {hint}"

    def _marked(self, parse: Parse, marked: str) -> tuple[Entity, ...]:
        """The entities that are marked; those that were found as well stay as they were found."""
        _, annotations, problems = read_annotations(marked)
        if problems:
            raise InvalidCorrection(f"The mark `{problems[0].mark}` cannot be read; write `[Leeds](city)`.")
        known = self._content.domain.entities
        unknown = [a.entity for a in annotations if a.entity not in known]
        if unknown:
            hint = did_you_mean(unknown[0], known, "List it in `entities:`, and start again.")
            raise InvalidCorrection(f"The domain has no entity `{unknown[0]}`. {hint}")
        found = {(e.start, e.end, e.entity, e.role, e.group): e for e in parse.entities}
        now = self._bot.sources.now()
        return tuple(
            found.get((a.start, a.end, a.entity, a.role, a.group))
            or self._synonyms.extend(parse.text, now, [_entity(a)])[0]
            for a in annotations
        )


def make_writable(folder: Path) -> None:
    """Create the folder if it does not exist; raises BotError if no file can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BotError(f"{folder}: {error.strerror}; name another folder with --out") from error
    if not os.access(folder, os.W_OK):
        raise BotError(f"{folder}: nothing can be written here; name another folder with --out")


def save(lesson: Lesson, folder: Path) -> Path:
    """Write a new file `interactive_N.yml` into the folder; return its path."""
    number = 1
    while True:
        file = folder / f"interactive_{number}.yml"
        try:
            with file.open("x", encoding="utf-8") as new:
                new.write(lesson.to_yaml())
            return file
        except FileExistsError:
            number += 1


def _failed(events: Sequence[Event]) -> bool:
    """Whether the action failed, rather than being rejected because it does not exist."""
    kinds = {type(event) for event in events}
    return ActionFailed in kinds and ActionExecutionRejected not in kinds


def _entity(annotation: Annotation) -> Entity:
    a = annotation
    return Entity(a.entity, a.value, a.start, a.end, a.role, a.group, extractor=PERSON, confidence=1.0)
