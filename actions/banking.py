"""What all actions that ask the bank have in common: they need a login, and the bank may be unavailable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import TypeAlias, TypeVar

from bot import Action, CallFailed, Turn

from .bank import BankClient, CustomerBank
from .conversation import say_what_waits
from .signs import comes_first
from .signs.typed_secrets import warn_of_secret

T = TypeVar("T")
BankAction: TypeAlias = Callable[[Turn, CustomerBank], Awaitable[None]]


def for_customers(action: BankAction) -> Action:
    """Make an action from `async def run(turn, bank)`, where `bank` shows only the logged-in customer's accounts.

    A sign of despair or fraud in the message is answered instead. If nobody is logged in, it asks for a login. If the
    bank gives no usable answer, it says so; what `run` had set or said by then stays, so `run` should ask the bank
    first and speak afterwards.
    """

    @wraps(action)
    async def run(turn: Turn) -> None:
        if first := comes_first(turn.tracker.parse.text if turn.tracker.parse else ""):
            turn.say(first)
            return
        bank = bank_of(turn)
        if bank is None:
            turn.say("utter_please_log_in")
            return
        try:
            warn_of_secret(turn)
            await action(turn, bank)
            say_what_waits(turn)
        except CallFailed:
            turn.say("utter_bank_unavailable")

    return run


def bank_of(turn: Turn) -> CustomerBank | None:
    """The bank as the customer of this turn may see it; None if nobody is logged in."""
    if turn.customer is None:
        return None
    return turn.resources.get("bank", BankClient).of(turn.customer, correlation_id=turn.message.correlation_id)


async def if_there(turn: Turn, ask: Callable[[CustomerBank], Awaitable[Sequence[T]]]) -> Sequence[T]:
    """The bank's answer, or nothing if the bank is unavailable; for answers that are optional, such as buttons."""
    bank = bank_of(turn)
    try:
        return await ask(bank) if bank else ()
    except CallFailed:
        return ()
