"""Parts of a text: blanks for what does not count, the words right before a place, lists of words. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, Protocol

_LEAD: Final = 60
"""The most characters before a place that say something of it; more of them, read again and again, take too long."""

WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
"""A word: "Anna's"."""
JOINED_WORD: Final = re.compile(r"[^\W_]+(?:['’&.-][^\W_]+)*")
"""A word, or several that signs make one: "M&S", "e-mail"."""

_GENITIVE: Final = re.compile(r"['’]s\b", re.IGNORECASE)
_LONGEST: Final = 20
"""The most letters of a word that is looked at for swapped ones."""


def pattern(text: str) -> re.Pattern[str]:
    """A pattern (of `re`) that takes small letters for capitals and the other way round."""
    return re.compile(text, re.IGNORECASE)


def is_payload(text: str) -> bool:
    """Whether a text is what a button sends, `/intent{…}`: nothing in it is read by its words."""
    return text.startswith("/")


class Part(Protocol):
    """A part of a text, such as an entity or a name: from `start` to just before `end`."""

    @property
    def start(self) -> int:
        """Its first place."""

    @property
    def end(self) -> int:
        """The place behind it."""


def spans(parts: Iterable[Part]) -> list[tuple[int, int]]:
    """Where the parts stand."""
    return [(part.start, part.end) for part in parts]


def meets(part: Part, others: Iterable[Part]) -> bool:
    """Whether a part shares a place of the text with one of the others."""
    return any(part.start < other.end and other.start < part.end for other in others)


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


def folded(word: str) -> str:
    """A word as it is compared: without case, accents and apostrophes."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c) and c not in "'’")


def words(text: str) -> list[str]:
    """The words of a text as they are compared, without a genitive's s; "Anna's" is "anna" and "I'd" is "id"."""
    return [folded(word) for word in WORD.findall(_GENITIVE.sub("", text))]


def swapped(word: str) -> list[str]:
    """The words that this one becomes when two letters next to each other change places; none of a very long one."""
    if not word.isalpha() or len(word) > _LONGEST:
        return []
    return [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)]


def listed(words: str) -> frozenset[str]:
    """The words of a list that is written with spaces between them."""
    return frozenset(words.split())


PRONOUNS: Final = listed("him them her it us me he she they those these that this there")
"""Words that stand for a name, and are never one."""

TAKES_BACK: Final = r"(?:no|nope|oops|sorry|wait|actually|rather|I\s+meant?)"
"""A pattern: words before what is meant in the place of something else."""

GREATEST: Final = r"(?:biggest|largest|highest|greatest|most expensive|priciest|dearest)"
"""A pattern."""

FILLERS: Final = listed(
    "please pls plz thanks thank thx cheers mate just only now today about around rather actually instead then though "
    "too as well from for on in at by with via using and or but to into onto toward towards out of off over across "
    "away straight right directly back this that these it my our your his her their the a an i we you is quid pound "
    "pounds pence cash money account accounts"
)
"""Words of an order to pay that say neither how much nor whom."""
