"""What a conversation about money carries along: the message understood, and the question asked last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from bot import Event, Parse, Turn, UserUttered

from .bank import day_of
from .halves import split
from .marks import distinct, without_preamble
from .question import Question, Said
from .said import understand


def today_of(turn: Turn) -> date:
    """The customer's date, which is not UTC's during the first hour of a summer's day."""
    return day_of(turn.now)


def heard(turn: Turn) -> Parse:
    """The question of the latest message that is answered: all of it, unless it asks two, or tells a story before."""
    question = without_preamble(split(turn.tracker.parse or Parse(""))[0])
    return replace(question, entities=distinct(question.entities))


def said(turn: Turn) -> Said:
    """What the latest message says about the filters."""
    return understand(heard(turn), today_of(turn))


def say_what_waits(turn: Turn) -> None:
    """Name the question that was not answered, where the message asks two."""
    _, other = split(turn.tracker.parse or Parse(""))
    if other:
        turn.say("utter_one_at_a_time", other=other)


def kept(turn: Turn) -> Question | None:
    """The question asked last in this session, for "and the month before?"."""
    return Question.from_json(turn.slot("question"))


def keep(turn: Turn, question: Question) -> None:
    """Remember the question."""
    turn.set("question", question.to_json())


def events_before(events: Sequence[Event]) -> Sequence[Event]:
    """What happened for the message before the latest one, oldest first."""
    said = [at for at, event in enumerate(events) if isinstance(event, UserUttered)]
    return events[said[-2] : said[-1]] if len(said) > 1 else ()
