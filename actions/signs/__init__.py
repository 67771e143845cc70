"""Signs in a message that something other than an answer comes first: told by closed words, and warned of."""

from __future__ import annotations

from .despair import is_despair
from .disowned import disowns
from .human import wants_human


def comes_first(text: str) -> str | None:
    """The response to say in the place of any answer; None where the text may be answered.

    Whoever wants to die is told where help is, and a payment that is said to be somebody else's is warned of, whatever
    else the text asks; whoever wants a person is shown the way to one.
    """
    return alarm(text) or ("utter_human" if wants_human(text) else None)


def alarm(text: str) -> str | None:
    """The response to a sign of despair or of somebody else's payment, which ends a transfer, too."""
    if is_despair(text):
        return "utter_in_crisis"
    return "utter_fraud" if disowns(text) else None
