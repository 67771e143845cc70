"""The context of a conversation about money: the message as understood, and the last question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from msgspec.structs import replace

from bot import Event, Parse, Turn, UserUttered

from .bank import day_of
from .questions.comparisons import with_comparison
from .questions.halves import split
from .questions.marks import bounded, distinct, without_denied_names, without_preamble
from .questions.question import Question, Said
from .questions.said import understand
from .questions.shifts import with_shifts
from .questions.times import with_times

REQUESTED_SLOT: Final = "requested_slot"
"""The slot that a form asks for."""

_ABOUT_THE_PAST: Final = ("ask_spending", "ask_transactions", "ask_balance", "ask_overdrawn", "inform")
"""The intents of messages in which "2025" is not an amount to pay."""


def today_of(turn: Turn) -> date:
    """The customer's date, which differs from UTC's during the first hour of a summer's day."""
    return day_of(turn.now)


def whole(turn: Turn) -> Parse:
    """The whole latest message as it was understood."""
    return bounded(turn.tracker.parse or Parse(""))


def message(turn: Turn) -> Parse:
    """The part of the latest message that is answered: all of it, unless it asks two things, or tells a story first."""
    question = without_preamble(split(whole(turn))[0])
    return replace(question, entities=distinct(question.entities))


def heard(turn: Turn) -> Parse:
    """The question that is answered, with "2025" read as a time if it cannot be an amount to pay."""
    marked, today = message(turn), today_of(turn)
    past = marked.intent_name in _ABOUT_THE_PAST
    if not past:
        return marked
    return with_comparison(with_shifts(with_times(without_denied_names(marked), today)), today)


def said(turn: Turn) -> Said:
    """What the latest message says about the filters."""
    return understand(heard(turn), today_of(turn))


def say_what_waits(turn: Turn) -> None:
    """If the message asks two questions, name the one that was not answered, with a button that asks it."""
    _, other = split(turn.tracker.parse or Parse(""))
    if other:
        turn.say("utter_one_at_a_time", other=other, buttons=[{"title": other, "payload": other}])


def kept(turn: Turn) -> Question | None:
    """The last question in this session, for "and the month before?"."""
    return Question.from_json(turn.slot("question"))


def keep(turn: Turn, question: Question) -> None:
    """Remember the question."""
    turn.set("question", question.to_json())


def last_order(turn: Turn) -> Mapping[str, Any] | None:
    """The order of the last transfer, if it was made by the customer who is logged in.

    It contains what the plugin `transfer` keeps: `debtor` and `creditor` (ids) and `minor` (pence).
    """
    last: Mapping[str, Any] = turn.slot("transfer") or {}
    order: Mapping[str, Any] = last.get("order") or {}
    theirs = turn.customer is not None and order.get("customer") == turn.customer.bank_customer_id
    return order if theirs and last.get("outcome") == "done" else None


def before_message(events: Sequence[Event]) -> Sequence[Event]:
    """The events before the latest message, oldest first."""
    return events[: _latest_message(events)]


def events_before(events: Sequence[Event]) -> Sequence[Event]:
    """The events of the message before the latest one, oldest first."""
    before = before_message(events)
    at = _latest_message(before)
    return before[at:] if at < len(before) else ()


def _latest_message(events: Sequence[Event]) -> int:
    """The index of the latest message; the number of events if there is none."""
    at = next((at for at in range(len(events) - 1, -1, -1) if isinstance(events[at], UserUttered)), None)
    return len(events) if at is None else at
