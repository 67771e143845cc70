"""Parts of a text: blanks for what does not count, the words right before a place, lists of words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_LEAD: Final = 60
"""The most characters before a place that say something of it; more of them, read again and again, take too long."""


def blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with blanks in these places; every other one stays where it was."""
    characters = list(text)
    for start, end in spans:
        characters[start:end] = " " * (min(end, len(text)) - start)
    return "".join(characters)


def without(words: re.Pattern[str], text: str) -> str:
    """The text with blanks for whatever matches; every other place stays where it was."""
    return words.sub(lambda match: " " * len(match.group()), text)


def lead(text: str, at: int) -> str:
    """What stands right before a place."""
    return text[max(0, at - _LEAD) : at]


def listed(words: str) -> frozenset[str]:
    """The words of a list that is written with spaces between them."""
    return frozenset(words.split())
