"""Times: a date with or without a time of day, and stretches since, until or between such times."""

from __future__ import annotations

from typing import Final

from bot.nlu.entities.grammar.calendar import Reference, When, coarse, described, floor, span
from bot.nlu.entities.grammar.dated import Dated
from bot.nlu.entities.grammar.digits import in_digits
from bot.nlu.entities.grammar.moments import DATES, ahead, by_word, longest, moment, phrase
from bot.nlu.entities.grammar.names import PARTS_OF_DAY, SEASONS
from bot.nlu.entities.grammar.numbers import SPOKEN
from bot.nlu.entities.grammar.quantities import CYCLES
from bot.nlu.entities.grammar.ranges import UNTIL, between, finer, hours_of_a_day
from bot.nlu.entities.grammar.reading import Reading
from bot.nlu.entities.grammar.tokens import DIGITS, Tokens, listed

_BEFORE_DATES: Final = listed("in on since until till til by from between before after during of for through around")
"""Words after which a date is expected, so that `may` is a month and `2025` is a year."""

TIME_WORDS: Final = (
    listed("now right in on at during over within since from between before after by up noon midday midnight tonight")
    | listed("not no prior earlier later starting")
    | {*DATES, *SPOKEN, *UNTIL, *PARTS_OF_DAY}
) - {DIGITS}
"""Words that a time can begin with, besides digits."""

FOLLOWERS: Final = listed("weekend weekends night few fortnight tonight now close cob eod") | {*CYCLES, *SEASONS}
"""Words that follow articles and prepositions in times, but do not begin a time themselves."""


def time(tokens: Tokens, at: int, reference: Reference) -> Reading | None:
    """Read the longest time at `at`, in Duckling's shapes."""
    expected = tokens.before(at) in _BEFORE_DATES
    return _resolved(longest(_PERIODS.get(tokens.keys[at], ()), tokens, at, reference, expected), reference)


def date_in_digits(tokens: Tokens, at: int, reference: Reference) -> Reading | None:
    """Read a date in digits, for languages whose words the grammar does not know."""
    return _resolved(longest((in_digits,), tokens, at, reference, False), reference)


def _resolved(dated: Dated | None, reference: Reference) -> Reading | None:
    if dated is None:
        return None
    try:
        return Reading(dated.end, *described(dated.when, reference.habits))
    except (OverflowError, ValueError):  # the zone's offset leads outside the calendar
        return None


def _since(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `since Tuesday`, `since March until May`."""
    begin = moment(tokens, at + 1, reference.leaning("past"), True)
    if begin is None:
        return None
    closing = _bounded(tokens, begin.end, reference, True) if tokens.words[begin.end] in UNTIL else None
    if closing and closing.when.end and begin.when.start and begin.when.start < closing.when.end:
        return Dated(closing.end, span(begin.when.start, closing.when.end, finer(begin.when, closing.when)))
    return Dated(begin.end, span(begin.when.start, None, begin.when.grain))


def _from(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `from 1 October`, `from March onwards`, `from Monday and after`."""
    begin = moment(tokens, at + 1, reference, True)
    if begin is None:
        return None
    end = begin.end + 2 if tokens.phrase(begin.end, "and", "after") else begin.end
    end = tokens.skip(end, ("on", "onwards", "onward", "forward"))
    if end == begin.end and not _is_open(tokens, at, begin.when):
        return None
    return Dated(end, span(begin.when.start, None, begin.when.grain))


def _is_open(tokens: Tokens, at: int, when: When) -> bool:
    """Whether a time has no end, as in `from 1 October`, but not in `from last month` or `for 2 weeks from Monday`."""
    counted = tokens.before(at) in CYCLES
    return not counted and not when.interval and (when.grain == "day" or not coarse(when.grain))


_BOUNDS: Final = {
    "until": "until,till,til,untill,through,thru,up to,up until,up to and including,on or before,before or on,"
    "not after,no later than,not later than",
    "before": "before,prior to,earlier than",
    "from": "on or after,after or on,not before,no earlier than,not earlier than,from and including,starting,"
    "starting on,starting from",
    "after": "after,later than",
    "by": "by,by end of,by the end of,by close of business,by close of business on,by close of play,"
    "by close of play on,by cob,by cob on,by eod,by eod on",
}
"""Phrases before the end or the beginning of a stretch of time that is open on the other side."""

_BOUND_PHRASES: Final[dict[str, list[tuple[tuple[str, ...], str]]]] = {}
"""The same by first word: each phrase's words and its bound, longest first."""
for _bound, _phrases in _BOUNDS.items():
    for _words in sorted((tuple(_phrase.split()) for _phrase in _phrases.split(",")), key=len, reverse=True):
        _BOUND_PHRASES.setdefault(_words[0], []).append((_words, _bound))


def _bounded(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `until the 5th`, `before May`, `not before 3 May`, `on or after 3 May`, `after 3pm`, `by Friday`."""
    for words, bound in _BOUND_PHRASES.get(tokens.words[at], ()):
        if tokens.phrase(at, *words):
            leaning = reference.leaning("future") if bound == "by" else reference
            found = moment(tokens, at + len(words), leaning, True)
            when = _side(bound, found.when, reference) if found else None
            if found and when:
                return Dated(found.end, when)
    return None


def _side(bound: str, when: When, reference: Reference) -> When | None:
    """Return what is on one side of a time, including it or not, and for `by` from now on.

    A time of day is not included or excluded: it is the edge itself.
    """
    last = when.end if coarse(when.grain) else when.start
    if bound in {"from", "after"}:
        begin = when.start if bound == "from" else last
        return span(begin, None, when.grain) if begin else None
    if bound == "by":
        now = floor(reference.now, "second")
        return span(now, last, "second") if last and last > now else None
    end = when.start if bound == "before" else last
    return span(None, end, when.grain) if end else None


_PERIODS: Final = by_word(
    {
        phrase: TIME_WORDS | {DIGITS},
        ahead: frozenset({"in", "within"}),
        _since: frozenset({"since"}),
        _from: frozenset({"from"}),
        _bounded: frozenset(_BOUND_PHRASES),
        between: TIME_WORDS | {DIGITS},
        hours_of_a_day: frozenset(DATES) | {DIGITS, "on", "tonight"},
    }
)
