"""Repeating the last transfer: "same again" fills the form with its details, which still need a "yes"."""

from __future__ import annotations

from typing import Final

from bot import Turn

from ..bank import CustomerBank
from ..banking import if_there
from ..conversation import last_order, message
from ..text import pattern
from .recipient import named, take_payees

_AGAIN: Final = pattern(r"\bsame\s+(?:(?:\w+\s+)?again|to|for)\b|\brepeat\s+(?:it|that|the)\b")


async def repeat_last(turn: Turn) -> None:
    """If the message asks for "the same again", fill from the last transfer whatever it does not say itself."""
    last = last_order(turn) if _AGAIN.search(message(turn).text) else None
    if last is None:
        return
    accounts, payees = await if_there(turn, CustomerBank.accounts), await if_there(turn, CustomerBank.payees)
    names = {account.id: account.nickname for account in accounts}
    if turn.slot("amount") is None:
        turn.set("amount", {"minor": last["minor"]})
    if turn.slot("from_account") is None:
        turn.set("from_account", names.get(last["debtor"]))
    if turn.slot("to_account") is None and not named(turn, payees):
        payee = [payee for payee in payees if payee.id == last["creditor"]]
        if payee:
            take_payees(turn, payee)
        else:
            turn.set("to_account", names.get(last["creditor"]))
