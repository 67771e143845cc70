"""Times: a date with or without a time of day, and what is since, until or between such times."""

from __future__ import annotations

from typing import Final

from bot.nlu.entities.grammar.calendar import Reference, coarse, described, floor, span
from bot.nlu.entities.grammar.dated import Dated
from bot.nlu.entities.grammar.digits import in_digits
from bot.nlu.entities.grammar.moments import DATES, ahead, by_word, longest, moment, phrase
from bot.nlu.entities.grammar.names import PARTS_OF_DAY, SEASONS
from bot.nlu.entities.grammar.numbers import SPOKEN
from bot.nlu.entities.grammar.quantities import CYCLES
from bot.nlu.entities.grammar.ranges import UNTIL, between, finer, hours_of_a_day
from bot.nlu.entities.grammar.reading import Reading
from bot.nlu.entities.grammar.tokens import DIGITS, Tokens, listed

_LEADS: Final = listed("in on since until till til by from between before after during of for through around")
"""Words after which a date is expected, so that `may` is a month and `2025` a year."""

DATE_WORDS: Final[frozenset[str]] = frozenset()
"""Words that a date in digits can begin with: none but digits."""


TIME_WORDS: Final = (
    frozenset(DATES)
    | SPOKEN
    | UNTIL
    | listed("now right in on at during over within since from between before after by up noon midday midnight tonight")
    | frozenset(PARTS_OF_DAY)
) - {DIGITS}
"""Words that a time can begin with, besides digits."""

FOLLOWERS: Final = (
    frozenset(CYCLES) | frozenset(SEASONS) | {"weekend", "weekends", "night", "few", "fortnight", "tonight", "now"}
)
"""Words that stand in times behind articles and prepositions, without beginning a time themselves."""


def time(tokens: Tokens, at: int, reference: Reference) -> Reading | None:
    """Read the longest time at `at`, in Duckling's shapes."""
    led = at > 0 and tokens.words[at - 1] in _LEADS
    word = tokens.words[at]
    rules = _PERIODS.get(DIGITS if word.isdecimal() else word, ())
    return _resolved(longest(rules, tokens, at, reference, led), reference)


def date_in_digits(tokens: Tokens, at: int, reference: Reference) -> Reading | None:
    """Read a date in digits, for languages whose words the grammar does not know."""
    return _resolved(longest((in_digits,), tokens, at, reference, False), reference)


def _resolved(dated: Dated | None, reference: Reference) -> Reading | None:
    if dated is None:
        return None
    try:
        return Reading(dated.end, *described(dated.when, reference.habits))
    except (OverflowError, ValueError):  # the zone's offset leads out of the calendar
        return None


def _since(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `since Tuesday`, `since March until May`, `from Monday on`."""
    word = tokens.words[at]
    if word not in {"since", "from"}:
        return None
    begin = moment(tokens, at + 1, reference.leaning("past") if word == "since" else reference, True)
    if begin is None:
        return None
    closing = _until(tokens, begin.end, reference, True) if word == "since" else None
    if closing and closing.when.end and begin.when.start and begin.when.start < closing.when.end:
        return Dated(closing.end, span(begin.when.start, closing.when.end, finer(begin.when, closing.when)))
    if word == "since":
        return Dated(begin.end, span(begin.when.start, None, begin.when.grain))
    end = begin.end + 2 if tokens.phrase(begin.end, "and", "after") else begin.end
    onwards = tokens.skip(end, ("on", "onwards", "onward", "forward"))
    return Dated(onwards, span(begin.when.start, None, begin.when.grain)) if onwards > begin.end else None


def _until(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `until the 5th` (with that day), `before May` (without it), `by Friday` (from now), `up to yesterday`."""
    word = tokens.words[at]
    first = at + 2 if tokens.phrase(at, "up", "to") or tokens.phrase(at, "up", "until") else at + 1
    if word not in UNTIL | {"before", "by"} and first == at + 1:
        return None
    end = moment(tokens, first, reference.leaning("future") if word == "by" else reference, True)
    if end is None:
        return None
    with_it = word != "before" and coarse(end.when.grain)
    last = end.when.end if with_it else end.when.start
    begin = floor(reference.now, "second") if word == "by" else None
    if last is None or (begin and last <= begin):
        return None
    return Dated(end.end, span(begin, last, "second" if begin else end.when.grain))


def _after(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `after Tuesday` (not on it), `after 3pm` (from then on)."""
    begin = moment(tokens, at + 1, reference, True) if tokens.words[at] == "after" else None
    if begin is None:
        return None
    first = begin.when.end if coarse(begin.when.grain) else begin.when.start
    return Dated(begin.end, span(first, None, begin.when.grain)) if first else None


_PERIODS: Final = by_word(
    {
        phrase: TIME_WORDS | {DIGITS},
        ahead: frozenset({"in", "within"}),
        _since: frozenset({"since", "from"}),
        _until: UNTIL | {"before", "by", "up"},
        _after: frozenset({"after"}),
        between: TIME_WORDS | {DIGITS},
        hours_of_a_day: frozenset(DATES) | {DIGITS, "on", "tonight"},
    }
)
