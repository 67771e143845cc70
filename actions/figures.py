"""Which figure is asked for, a balance or a sum: `action_balance` and `action_spending`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeGuard

from msgspec.structs import replace

from bot import Action, Turn, hookimpl

from .balance import balance, overdrawn
from .bank import CustomerBank
from .banking import for_customers
from .conversation import heard, kept, said, today_of
from .fallback import say_fallback
from .naming import with_nickname
from .questions.pointing import asks_how_many, somebody
from .questions.question import Kind, Question, new_question
from .spending import spending
from .text import pattern
from .transactions import listed, transactions

_WHAT_REMAINS: Final = pattern(
    r"\b(?:left|after|before|once|when|until|till|if|enough|afford|remain\w*|balances?|available|cover"
    r"|(?:can|could|may) I)\b"
)
_WENT_OUT: Final = pattern(r"\bleft (?:my|the|our) (?:\w+ )?account\b|\b(?:took|taken|withdrew|withdrawn)\b")
"""What happened to money, which no balance shows."""

_HOW_MUCH: Final = pattern(r"\bhow much\b")
_LIST: Final = pattern(r"\W*(?:(?:show|list|give|see|get|my|me|all|the|please|and)\s+)*(?:trans|txns?|transactions)\b")
"""Begins like a request for a list, whatever the intent."""

_I_HAVE: Final = pattern(r"\bhow much\b(?:\s+\w+){0,2}?\s+(?:i|we)(?:['’]ve)?\s+(?:got|have|hav|own)\b")
_WHAT_THERE_IS: Final[Mapping[Kind, Callable[[Turn, CustomerBank], Awaitable[None]]]] = {
    "balance": balance,
    "overdrawn": overdrawn,
}


async def asked_balance(turn: Turn, bank: CustomerBank) -> None:
    """Say the balance or, if the message asks for a price, a part of the last answer or a number of payments, that."""
    before = kept(turn)
    if _is_of_payments(before) and asks_how_many(heard(turn).text):
        await transactions(turn, bank, Question("transactions", replace(before.filters, by=None)))
    elif _WENT_OUT.search(heard(turn).text):
        answer = spending if _HOW_MUCH.search(heard(turn).text) else listed
        await answer(turn, bank)
    elif wanted := await _sum_asked(turn, bank):
        await spending(turn, bank, wanted)
    else:
        await balance(turn, bank)


async def asked_sum(turn: Turn, bank: CustomerBank) -> None:
    """Say the sum; if the last question was about balances, or only "how much I have" is asked, say the balance."""
    now, before = said(turn), kept(turn)
    points_back = not now.narrows and (now.refers_back or now.of_those)
    if not now.narrows and _I_HAVE.search(heard(turn).text):
        await balance(turn, bank)
    elif points_back and before is None and somebody(heard(turn)) is None:
        say_fallback(turn)
    elif points_back and before is not None and before.kind in _WHAT_THERE_IS:
        await _WHAT_THERE_IS[before.kind](turn, bank)
    elif _LIST.match(heard(turn).text):
        await listed(turn, bank)
    else:
        await spending(turn, bank)


async def _sum_asked(turn: Turn, bank: CustomerBank) -> Question | None:
    """The sum that is asked for: of a category or a shop ("how much is my rent"), or of a part of the last answer."""
    now, before = said(turn), kept(turn)
    question = new_question("spending", now, before, today_of(turn))
    if now.of_those and _is_of_payments(before):
        return question
    if not (now.filters.category or now.filters.merchant) or _WHAT_REMAINS.search(heard(turn).text):
        return None
    _, named = with_nickname(heard(turn), question, [account.nickname for account in await bank.accounts()])
    return question if named.filters.category or named.filters.merchant else None


def _is_of_payments(question: Question | None) -> TypeGuard[Question]:
    """Whether there is a question, and it is about transactions or their sum."""
    return question is not None and question.kind in ("spending", "transactions")


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Register both actions."""
    register("action_balance", for_customers(asked_balance))
    register("action_spending", for_customers(asked_sum))
