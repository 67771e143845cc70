"""Incomplete sentences: `action_follow_up` applies what was just said to the last question."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bot import Action, Turn, hookimpl

from .balance import balance, overdrawn
from .bank import CustomerBank
from .banking import for_customers
from .clarifying import doubtful
from .conversation import kept, said, today_of
from .fallback import say_fallback
from .questions.question import Kind, Question, follow_up
from .spending import spending
from .transactions import transactions

_ANSWERS: Final[Mapping[Kind, Callable[[Turn, CustomerBank, Question], Awaitable[None]]]] = {
    "balance": balance,
    "overdrawn": overdrawn,
    "transactions": transactions,
    "spending": spending,
}


_FILTERED: Final = ("transactions", "spending")
"""Questions that a misspelt filter can change; the answer corrects it, or says that it is unknown."""


async def run(turn: Turn) -> None:
    """Answer the last question as just changed; if there is nothing to change, ask what is meant."""
    question = carried_on(turn)
    if question is None:
        say_fallback(turn)
        return
    answer = _ANSWERS[question.kind]

    async def ask(turn: Turn, bank: CustomerBank) -> None:
        await answer(turn, bank, question)

    await for_customers(ask)(turn)


def carried_on(turn: Turn) -> Question | None:
    """The question that results from the message and the last one, or from its filters alone; None if there is none."""
    heard, last = said(turn), kept(turn)
    question = follow_up(heard, last, today_of(turn))
    if question is None and last and last.kind in _FILTERED and doubtful(turn):
        return last
    if question or last or not heard.narrows:
        return question
    return follow_up(heard, Question("balance" if heard.only_account else "transactions"), today_of(turn))


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Register the action."""
    register("action_follow_up", run)
