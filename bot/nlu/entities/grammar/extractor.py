"""The grammar as an extractor: tries the rules that can begin at each token; the longest phrase wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final, Self

from bot.messages import Entity, Json, JsonObject
from bot.nlu.entities.grammar.calendar import Reference
from bot.nlu.entities.grammar.contacts import CONTACTS, Contact, find_contacts
from bot.nlu.entities.grammar.habits import Habits, local
from bot.nlu.entities.grammar.money import FOLLOWERS as MONEY_FOLLOWERS
from bot.nlu.entities.grammar.money import MONEY_WORDS, money
from bot.nlu.entities.grammar.numbers import GROUPS, ORDINAL_WORDS, SPOKEN
from bot.nlu.entities.grammar.quantities import (
    COUNT_WORDS,
    digits_alone,
    distance,
    duration,
    number_alone,
    ordinal_alone,
)
from bot.nlu.entities.grammar.reading import Reading
from bot.nlu.entities.grammar.times import FOLLOWERS, TIME_WORDS, date_in_digits, time
from bot.nlu.entities.grammar.tokens import DIGITS, Tokens, listed

Rule = Callable[[Tokens, int, Reference], Reading | None]

_ENGLISH: Final[Mapping[str, tuple[Rule, frozenset[str]]]] = {
    "time": (time, TIME_WORDS),
    "amount-of-money": (money, MONEY_WORDS),
    "duration": (duration, COUNT_WORDS),
    "distance": (distance, SPOKEN),
    "ordinal": (ordinal_alone, ORDINAL_WORDS),
    "number": (number_alone, SPOKEN | {"-"}),
}
"""The rule of each dimension and the words it can begin with; of two phrases of equal length, the first counts."""

_ANY_LANGUAGE: Final[Mapping[str, tuple[Rule, frozenset[str]]]] = {
    "time": (date_in_digits, frozenset()),
    "number": (digits_alone, frozenset({"-"})),
}

DIMENSIONS: Final = frozenset(_ENGLISH) | CONTACTS
"""The entities that the grammar finds, by Duckling's names."""


_FAINT: Final = listed(
    "the a an in on at to this from by before after up over during about around no not prior or and earlier later than "
    "including starting"
)
"""Words so common that, for speed, a phrase is tried only if the words after them make one likely."""

_PROMISING: Final = FOLLOWERS.union(MONEY_FOLLOWERS, GROUPS, *(words for _, words in _ENGLISH.values())) - _FAINT

_MOST_FAINT: Final = 5
"""The maximum number of faint words before what they belong to ("up to and including the 5th")."""


class GrammarExtractor:
    """DucklingEntityExtractor and TellerEntityExtractor."""

    kind: ClassVar[str] = "grammar"

    def __init__(self, name: str, dimensions: frozenset[str], habits: Habits) -> None:
        self.name = name
        self.dimensions = dimensions
        self.habits = habits
        self._rules: dict[str, list[tuple[str, Rule]]] = {}
        grammar = _ENGLISH if habits.language == "en" else _ANY_LANGUAGE
        for dimension, (rule, words) in grammar.items():
            if dimension in dimensions:
                for word in (DIGITS, *words):
                    self._rules.setdefault(word, []).append((dimension, rule))

    def extend(self, text: str, now: datetime, found: list[Entity]) -> list[Entity]:
        """Add what the grammar finds in `text`; `now` (aware) is what relative times refer to."""
        contacts = find_contacts(text, self.dimensions) if self.dimensions & CONTACTS else []
        entities = [self._entity(c.dimension, c.value, c.start, c.end, c.details) for c in contacts]
        return found + sorted(entities + self._phrases(text, now, contacts), key=lambda entity: entity.start)

    def _phrases(self, text: str, now: datetime, contacts: Sequence[Contact]) -> list[Entity]:
        tokens = Tokens(text)
        reference: Reference | None = None
        phrases: list[Entity] = []
        free = 0
        in_contacts = {place for contact in contacts for place in range(contact.start, contact.end)}
        for at, key in enumerate(tokens.keys[: tokens.count]):
            rules = self._rules.get(key)
            if rules is None or at < free or (key in _FAINT and not _promising(tokens, at)):
                continue
            reference = reference or Reference(local(now, self.habits), self.habits)
            best = _longest(rules, tokens, at, reference)
            if best is None:
                continue
            dimension, reading = best
            start, end = tokens.starts[at], tokens.ends[reading.end - 1]
            if in_contacts.isdisjoint(range(start, end)):
                free = reading.end
                if reading.details:  # readings without details mean nothing
                    phrases.append(self._entity(dimension, reading.value, start, end, reading.details))
        return phrases

    def _entity(self, dimension: str, value: Json, start: int, end: int, details: JsonObject) -> Entity:
        return Entity(dimension, value, start, end, extractor=self.name, confidence=1.0, details=details)

    def dump(self) -> tuple[JsonObject, Mapping[str, bytes]]:
        """Return what `restore` needs: a JSON object, and no files."""
        return {"name": self.name, "dimensions": sorted(self.dimensions), "habits": self.habits.dump()}, {}

    @classmethod
    def restore(cls, state: JsonObject, files: Mapping[str, bytes]) -> Self:
        """Rebuild the extractor from what `dump` returned."""
        return cls(state["name"], frozenset(state["dimensions"]), Habits(**state["habits"]))


def _promising(tokens: Tokens, at: int) -> bool:
    """Whether the faint words from `at` on are followed by a word that can continue a phrase."""
    last = at + _MOST_FAINT
    while at < last and tokens.words[at] in _FAINT:
        at += 1
    return tokens.words[at] in _PROMISING or tokens.words[at].isdecimal()


def _longest(
    rules: Sequence[tuple[str, Rule]], tokens: Tokens, at: int, reference: Reference
) -> tuple[str, Reading] | None:
    best: tuple[str, Reading] | None = None
    for dimension, rule in rules:
        reading = rule(tokens, at, reference)
        if reading and (best is None or reading.end > best[1].end):
            best = dimension, reading
    return best
