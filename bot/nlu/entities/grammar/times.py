"""Times: a date with or without a time of day, and what is since, until or between such times."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.nlu.entities.grammar import dates, shifts
from bot.nlu.entities.grammar.calendar import GRAINS, Grain, Reference, When, add, coarse, described, floor, span, unit
from bot.nlu.entities.grammar.clocks import Clock, clock, on_day
from bot.nlu.entities.grammar.dated import Dated, DateRule
from bot.nlu.entities.grammar.digits import in_digits
from bot.nlu.entities.grammar.moments import DATES, by_word, longest, moment, phrase, plain_date
from bot.nlu.entities.grammar.names import PARTS_OF_DAY, SEASONS
from bot.nlu.entities.grammar.numbers import SPOKEN
from bot.nlu.entities.grammar.quantities import CYCLES
from bot.nlu.entities.grammar.reading import Reading
from bot.nlu.entities.grammar.tokens import DIGITS, Tokens, listed

_LEADS: Final = listed("in on since until till til by from between before after during of for through around")
"""Words after which a date is expected, so that `may` is a month and `2025` a year."""

_UNTIL: Final = frozenset({"until", "till", "til", "untill", "through", "thru"})
_LONGEST_MOMENT: Final = 16
"""Tokens within which the word has to stand that joins two moments."""

_JOINTS: Final = frozenset({"to", "-"}) | _UNTIL

DATE_WORDS: Final[frozenset[str]] = frozenset()
"""Words that a date in digits can begin with: none but digits."""


TIME_WORDS: Final = (
    frozenset(DATES)
    | SPOKEN
    | _UNTIL
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
        return Dated(closing.end, span(begin.when.start, closing.when.end, _finer(begin.when, closing.when)))
    if word == "since":
        return Dated(begin.end, span(begin.when.start, None, begin.when.grain))
    end = begin.end + 2 if tokens.phrase(begin.end, "and", "after") else begin.end
    onwards = tokens.skip(end, ("on", "onwards", "onward", "forward"))
    return Dated(onwards, span(begin.when.start, None, begin.when.grain)) if onwards > begin.end else None


def _until(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `until the 5th` (with that day), `before May` (without it), `by Friday` (from now), `up to yesterday`."""
    word = tokens.words[at]
    first = at + 2 if tokens.phrase(at, "up", "to") or tokens.phrase(at, "up", "until") else at + 1
    if word not in _UNTIL | {"before", "by"} and first == at + 1:
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


def _between(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `between 3 and 5 May`, `from March to June`, `Monday - Friday`."""
    word = tokens.words[at]
    if word == "between":
        return _pair(tokens, at + 1, reference, frozenset({"and", "-", "to"}))
    return _pair(tokens, at + 1 if word == "from" else at, reference, _JOINTS)


def _pair(tokens: Tokens, at: int, reference: Reference, joints: frozenset[str]) -> Dated | None:
    if joints.isdisjoint(tokens.words[at : at + _LONGEST_MOMENT]):
        return None
    led = tokens.words[at - 1] in {"between", "from"} and at > 0
    rules: list[DateRule] = [
        lambda t, i, r, _: _clocks(t, i, r, joints),
        lambda t, i, r, _: _days_of_month(t, i, r, joints),
        lambda t, i, r, _: _moments(t, i, r, joints, led),
    ]
    return longest(rules, tokens, at, reference, led)


def _moments(tokens: Tokens, at: int, reference: Reference, joints: frozenset[str], led: bool) -> Dated | None:
    """Read two moments; the one whose year or week is not said is moved so that they are in order."""
    first = moment(tokens, at, reference, led)
    if first is None or tokens.words[first.end] not in joints:
        return None
    second = moment(tokens, first.end + 1, reference, True)
    if second is None:
        return _day_behind(tokens, first)
    years = [_says_year(tokens, at, first.end), _says_year(tokens, first.end, second.end)]
    if years == [False, True] and second.when.start:  # "Jan to Mar 2025": one year for both
        first = moment(tokens, at, reference.leaning("past", second.when.start), led) or first
    elif years == [True, False] and first.when.start:
        second = moment(tokens, first.end + 1, reference.leaning("future", first.when.start), True) or second
    if _in_order(first.when, second.when):
        return _joined(first, second)
    if reference.past:
        first = moment(tokens, at, reference.leaning("past", second.when.start), led)
    else:
        second = moment(tokens, first.end + 1, reference.leaning("future", first.when.end), True)
    return _joined(first, second) if first and second and _in_order(first.when, second.when) else None


def _says_year(tokens: Tokens, first: int, last: int) -> bool:
    return any(dates.year_number(tokens, at) for at in range(first, last))


def _day_behind(tokens: Tokens, first: Dated) -> Dated | None:
    """Read the `15` of `July 13-15`."""
    day = dates.day_number(tokens, tokens.skip(first.end + 1, ("the",)))
    start = first.when.start
    if day is None or start is None or first.when.grain != "day" or day[1] < start.day:
        return None
    return _joined(first, Dated(day[0], unit(start.replace(day=day[1]), "day")))


def _days_of_month(tokens: Tokens, at: int, reference: Reference, joints: frozenset[str]) -> Dated | None:
    """Read a day whose month stands with the second one: `3 and 5 May`, `28th to the 3rd of June`."""
    day = dates.day_number(tokens, tokens.skip(at, ("the",)))
    if day is None or tokens.words[day[0]] not in joints:
        return None
    second = dates.day_first(tokens, day[0] + 1, reference, False)
    if second is None or second.when.start is None:
        return None
    month = floor(second.when.start, "month")
    if day[1] > second.when.start.day:
        month = add(month, "month", -1)
    return _joined(Dated(day[0], unit(month.replace(day=day[1]), "day")), second)


def _clocks(tokens: Tokens, at: int, reference: Reference, joints: frozenset[str]) -> Dated | None:
    """Read two times of day, one of them a certain one, with the day behind them: `3-5pm tomorrow`."""
    first = clock(tokens, at, bare=True) or _hour_before_joint(tokens, at)
    if first is None or tokens.words[first.end] not in joints:
        return None
    last = clock(tokens, first.end + 1, bare=True)
    if last is None or not (first.marked or last.marked):
        return None
    dated = plain_date(tokens, tokens.skip(last.end, ("on",)), reference)
    day, end = reference.today, last.end
    if dated and dated.when.start and dated.when.grain == "day" and not dated.when.interval:
        day, end = dated.when.start, dated.end
    until = on_day(last, day)
    begin = on_day(_same_half(first, last), day)
    if begin.start is None or until.start is None or until.end is None:
        return None
    if until.start <= begin.start:
        until = until._replace(end=until.end + timedelta(hours=12 if not last.sure else 24))
    return Dated(end, span(begin.start, until.end, _finer(begin, until)))


def _hour_before_joint(tokens: Tokens, at: int) -> Clock | None:
    word = tokens.words[at]
    return (
        Clock(at + 1, int(word), marked=False) if len(word) <= 2 and word.isdecimal() and 1 <= int(word) <= 12 else None
    )


def _same_half(first: Clock, last: Clock) -> Clock:
    """Let the second time of `3-5pm` tell the first one's half of the day."""
    if first.sure or not last.sure:
        return first
    late = first.hour % 12 + 12
    return first._replace(hour=late if late < last.hour or first.hour > last.hour else first.hour % 12, sure=True)


def _in_order(first: When, second: When) -> bool:
    return first.start is not None and second.end is not None and first.start < second.end


def _joined(first: Dated, second: Dated) -> Dated:
    return Dated(second.end, span(first.when.start, second.when.end, _finer(first.when, second.when)))


def _finer(first: When, second: When) -> Grain:
    return min(first.grain, second.grain, key=GRAINS.index)


_PERIODS: Final = by_word(
    {
        phrase: TIME_WORDS | {DIGITS},
        shifts.ahead: frozenset({"in", "within"}),
        _since: frozenset({"since", "from"}),
        _until: _UNTIL | {"before", "by", "up"},
        _after: frozenset({"after"}),
        _between: TIME_WORDS | {DIGITS},
    }
)
