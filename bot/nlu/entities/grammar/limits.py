"""What makes an amount a limit: `at most`, `not under` before it, `or more`, `max` behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from bot.nlu.entities.grammar.reading import closes
from bot.nlu.entities.grammar.tokens import Tokens

_Phrases = Mapping[tuple[str, ...], str]

_BELOW: Final = ("under", "below", "less than", "lower than", "fewer than", "smaller than", "cheaper than")
_ABOVE: Final = (
    *("over", "above", "exceeding"),
    *("more than", "greater than", "bigger than", "larger than", "higher than"),
)


def _nor(phrases: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{word} {phrase}" for word in ("not", "no", "nothing", "never") for phrase in phrases)


def _sides(to: tuple[str, ...], begin: tuple[str, ...]) -> _Phrases:
    """Say of each phrase which side of an interval its amount is."""
    return {tuple(phrase.split()): side for side, phrases in (("to", to), ("from", begin)) for phrase in phrases}


_BEFORE: Final = _sides(
    (*_BELOW, *_nor(_ABOVE), "up to", "at most", "max", "maximum"),
    (*_ABOVE, *_nor(_BELOW), "at least", "min", "minimum"),
)
_BEHIND: Final = _sides(
    ("or less", "or under", "or below", "or lower", "or cheaper"), ("or more", "or over", "or above", "or higher")
)
_AT_THE_END: Final = _sides(("max", "maximum", "at most", "tops"), ("min", "minimum", "at least"))
"""What is a limit only where nothing goes on behind it: `the £100 minimum payment` is none."""

LIMIT_WORDS: Final = frozenset(phrase[0] for phrase in _BEFORE)
"""Words that a limit can begin with before its amount."""

_LONGEST: Final = max(map(len, (*_BEFORE, *_BEHIND, *_AT_THE_END)))


class Limit(NamedTuple):
    """The side of an interval (`from`, `to`) that an amount is, said by words that end before token `end`."""

    end: int
    side: str


def limit_before(tokens: Tokens, at: int) -> Limit | None:
    """Read what makes a limit of the amount behind it."""
    return _read(tokens, at, _BEFORE)


def limit_behind(tokens: Tokens, at: int) -> Limit | None:
    """Read what makes a limit of the amount before it."""
    last = _read(tokens, at, _AT_THE_END)
    return _read(tokens, at, _BEHIND) or (last if last and closes(tokens, last.end) else None)


def _read(tokens: Tokens, at: int, phrases: _Phrases) -> Limit | None:
    for size in range(_LONGEST, 0, -1):
        side = phrases.get(tuple(tokens.words[at : at + size]))
        if side:
            return Limit(at + size, side)
    return None
