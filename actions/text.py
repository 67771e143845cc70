"""Parts of a text: blanking out what does not count, the words before a position, lists of words. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, Protocol

_LEAD: Final = 60
"""How many characters before a position are considered; searching more of them, repeatedly, would take too long."""

WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
"""A word: "Anna's"."""
JOINED_WORD: Final = re.compile(r"[^\W_]+(?:['’&.-][^\W_]+)*")
"""A word, or several that are joined by punctuation: "M&S", "e-mail"."""

_GENITIVE: Final = re.compile(r"['’]s\b", re.IGNORECASE)
_LONGEST: Final = 20
"""The longest word, in letters, that is checked for swapped letters."""


def pattern(text: str) -> re.Pattern[str]:
    """A compiled pattern that ignores case."""
    return re.compile(text, re.IGNORECASE)


def is_payload(text: str) -> bool:
    """Whether a text is what a button sends, `/intent{…}`, so that its words are not interpreted."""
    return text.startswith("/")


class Part(Protocol):
    """A part of a text, such as an entity or a name: from `start` to just before `end`."""

    @property
    def start(self) -> int:
        """The position of its first character."""

    @property
    def end(self) -> int:
        """The position after its last character."""


def spans(parts: Iterable[Part]) -> list[tuple[int, int]]:
    """The start and end of each part."""
    return [(part.start, part.end) for part in parts]


def meets(part: Part, others: Iterable[Part]) -> bool:
    """Whether a part overlaps one of the others."""
    return any(part.start < other.end and other.start < part.end for other in others)


def blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with these spans replaced by blanks; all positions stay the same."""
    characters = list(text)
    for start, end in spans:
        characters[start:end] = " " * (min(end, len(text)) - start)
    return "".join(characters)


def without(words: re.Pattern[str], text: str) -> str:
    """The text with all matches replaced by blanks; all positions stay the same."""
    return words.sub(lambda match: " " * len(match.group()), text)


def lead(text: str, at: int) -> str:
    """The text right before a position."""
    return text[max(0, at - _LEAD) : at]


def folded(word: str) -> str:
    """A word in the form used for comparison: without case, accents and apostrophes."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c) and c not in "'’")


def words(text: str) -> list[str]:
    """The words of a text for comparison, without a genitive's s: "Anna's" is "anna" and "I'd" is "id"."""
    return [folded(word) for word in WORD.findall(_GENITIVE.sub("", text))]


def swapped(word: str) -> list[str]:
    """The words that result from swapping two adjacent letters of this one; none for a very long word."""
    if not word.isalpha() or len(word) > _LONGEST:
        return []
    return [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)]


def listed(words: str) -> frozenset[str]:
    """The words of a space-separated list."""
    return frozenset(words.split())


PRONOUNS: Final = listed("him them her it us me he she they those these that this there")
"""Words that stand for a name and are never one."""

TAKES_BACK: Final = r"(?:no|nope|oops|sorry|wait|actually|rather|I\s+meant?)"
"""A pattern: words that introduce a correction of what was said before."""

GREATEST: Final = r"(?:biggest|largest|highest|greatest|most expensive|priciest|dearest)"
"""A pattern: superlatives of size and price."""

LEAST: Final = r"(?:smallest|lowest|least expensive|cheapest)"
"""A pattern: the opposite superlatives."""

SUPERLATIVES: Final = frozenset(re.findall(r"\w+", f"{GREATEST} {LEAST}"))
"""The words of both patterns."""

FILLERS: Final = listed(
    "please pls plz thanks thank thx cheers mate just only now today about around rather actually instead then though "
    "too as well from for on in at by with via using and or but to into onto toward towards out of off over across "
    "away straight right directly back this that these it my our your his her their the a an i we you is quid pound "
    "pounds pence cash money account accounts"
)
"""Words in an order to pay that say neither how much nor to whom."""
