"""Card numbers, codes and passwords in a message: users should not type them, whatever else the message asks."""

from __future__ import annotations

from typing import Final

from bot import Turn

from ..text import pattern

_SECRET: Final = pattern(
    r"(?<![\d-])\d(?:[ -]?\d){14,15}(?![\d-])"
    r"|\b(?:cvv|cvc|cv2|security code|pass ?code|pin(?: code)?)\b\W*(?:(?:is|was|number)\b\W*)*\d{3,8}\b"
    r"|\bpass ?word\b\W*(?:is\b|was\b|[:=])\W*(?!not\b|wrong\b|gone\b|lost\b|(?:b?lock|expir)ed\b|safe\b)\w",
)
"""A card's 15 or 16 digits, a code after its name, or "password is …"."""


def holds_secret(text: str) -> bool:
    """Whether something in the text looks like a card number, a code or a password."""
    return bool(_SECRET.search(text))


def warn_of_secret(turn: Turn) -> bool:
    """If the latest message contains a secret, ask the customer not to type such things; return whether it did."""
    parse = turn.tracker.parse
    found = parse is not None and holds_secret(parse.text)
    if found:
        turn.say("utter_told_secret")
    return found
