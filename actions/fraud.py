"""Reports of fraud: `action_report_fraud` warns, and does so plainly if the words describe a fraud."""

from __future__ import annotations

from collections.abc import Callable

from bot import Action, Turn, hookimpl

from .signs.cheated import tells_of_fraud


async def run(turn: Turn) -> None:
    """Warn; if only the intent suggests fraud, reply as to somebody who may just be looking for a payment."""
    parse = turn.tracker.parse
    turn.say("utter_fraud" if parse is None or tells_of_fraud(parse.text) else "utter_maybe_fraud")


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Register the action."""
    register("action_report_fraud", run)
