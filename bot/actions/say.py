"""Says a response if the domain has it."""

from __future__ import annotations

from bot.actions.turn import Turn


def say_if_there(turn: Turn, response: str) -> None:
    """Say a response, or nothing if the domain has none of that name."""
    if response in turn.domain.responses:
        turn.say(response)
