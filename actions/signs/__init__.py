"""Signs in a message (recognised by fixed word lists) that call for a warning before any answer."""

from __future__ import annotations

from .despair import is_despair
from .disowned import disowns
from .human import wants_human


def comes_first(text: str) -> str | None:
    """The response to give instead of any answer; None if the text may be answered.

    Somebody who wants to die is told where to find help, and somebody who disowns a payment is warned, whatever else
    the text asks; somebody who wants to speak to a person is told how.
    """
    return alarm(text) or ("utter_human" if wants_human(text) else None)


def alarm(text: str) -> str | None:
    """The response to a sign of despair or of a payment made by somebody else; it also ends a transfer."""
    if is_despair(text):
        return "utter_in_crisis"
    return "utter_fraud" if disowns(text) else None
