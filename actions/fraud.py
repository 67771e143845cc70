"""What is understood as a report of fraud: `action_report_fraud` warns, plainly where the words tell of one."""

from __future__ import annotations

from collections.abc import Callable

from bot import Action, Turn, hookimpl

from .signs.cheated import tells_of_fraud


async def run(turn: Turn) -> None:
    """Warn; where the intent alone says so, as somebody is answered who may only look for a payment."""
    parse = turn.tracker.parse
    turn.say("utter_fraud" if parse is None or tells_of_fraud(parse.text) else "utter_maybe_fraud")


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Offer the action."""
    register("action_report_fraud", run)
