"""Words that make an amount a limit: `at most`, `not under` before it, `or more`, `max` after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from bot.nlu.entities.grammar.reading import closes
from bot.nlu.entities.grammar.tokens import Tokens

_Phrases = Mapping[tuple[str, ...], str]

_BELOW: Final = ("under", "below", "less than", "lower than", "fewer than", "smaller than", "cheaper than", "<")
_ABOVE: Final = (
    *("over", "above", "exceeding"),
    *("more than", "greater than", "bigger than", "larger than", "higher than", "in excess of", "upwards of", ">"),
)


def _or_equal(phrases: tuple[str, ...]) -> tuple[str, ...]:
    compared = (phrase for phrase in phrases if phrase.endswith("than"))
    return tuple(f"{phrase} or equal to" for phrase in compared)


def _nor(phrases: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{word} {phrase}" for word in ("not", "no", "nothing", "never") for phrase in phrases)


def _sides(to: tuple[str, ...], begin: tuple[str, ...]) -> _Phrases:
    """Map each phrase to the side of an interval that its amount is."""
    return {tuple(phrase.split()): side for side, phrases in (("to", to), ("from", begin)) for phrase in phrases}


_BEFORE: Final = _sides(
    (*_BELOW, *_or_equal(_BELOW), *_nor(_ABOVE), "up to", "at most", "max", "maximum", "a maximum of", "< ="),
    (*_ABOVE, *_or_equal(_ABOVE), *_nor(_BELOW), "at least", "min", "minimum", "a minimum of", "> ="),
)
_BEHIND: Final = _sides(
    ("or less", "or under", "or below", "or lower", "or cheaper", "and under", "and below"),
    ("or more", "or over", "or above", "or higher", "and over", "and above", "and up", "and upwards"),
)
_AT_THE_END: Final = _sides(("max", "maximum", "at most", "tops"), ("min", "minimum", "at least"))
"""Phrases that are a limit only if the phrase ends after them: `the £100 minimum payment` is not one."""

LIMIT_WORDS: Final = frozenset(phrase[0] for phrase in _BEFORE)
"""Words that a limit can begin with before its amount."""

_LONGEST: Final = max(map(len, (*_BEFORE, *_BEHIND, *_AT_THE_END)))


class Limit(NamedTuple):
    """The side of an interval (`from`, `to`) that an amount is, from words that end before token `end`."""

    end: int
    side: str


def limit_before(tokens: Tokens, at: int) -> Limit | None:
    """Read words that make the amount after them a limit."""
    return _read(tokens, at, _BEFORE)


def limit_behind(tokens: Tokens, at: int) -> Limit | None:
    """Read words that make the amount before them a limit."""
    if tokens.words[at] == "+" and tokens.glued(at):
        return Limit(at + 1, "from")
    last = _read(tokens, at, _AT_THE_END)
    return _read(tokens, at, _BEHIND) or (last if last and closes(tokens, last.end) else None)


def _read(tokens: Tokens, at: int, phrases: _Phrases) -> Limit | None:
    for size in range(_LONGEST, 0, -1):
        side = phrases.get(tuple(tokens.words[at : at + size]))
        if side:
            return Limit(at + size, side)
    return None
