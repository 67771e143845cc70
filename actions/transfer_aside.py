"""What is answered in the middle of a transfer, which goes on afterwards: `action_transactions_aside`."""

from __future__ import annotations

from collections.abc import Callable

from bot import Action, Turn, hookimpl

from .question import ALL_ACCOUNTS
from .transactions import run, validate_form


async def list_transactions(turn: Turn) -> None:
    """List what the message asks for, of all accounts where it names none: only one form at a time can ask."""
    await validate_form(turn)
    if turn.slot("account") is None:
        turn.set("account", ALL_ACCOUNTS)
    await run(turn)


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Offer the action."""
    register("action_transactions_aside", list_transactions)
