"""Ranges between two moments: `between 3 and 5 May`, `from March to June`, `tomorrow 3-5pm`, `Friday after six`."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple

from bot.nlu.entities.grammar import dates
from bot.nlu.entities.grammar.calendar import GRAINS, Grain, Reference, When, add, floor, span, unit
from bot.nlu.entities.grammar.clocks import Clock, clock, placed
from bot.nlu.entities.grammar.dated import Dated, DatePart, DateRule
from bot.nlu.entities.grammar.moments import day_alone, longest, moment
from bot.nlu.entities.grammar.names import WEEKDAYS
from bot.nlu.entities.grammar.shifts import SHIFTS
from bot.nlu.entities.grammar.tokens import Tokens, listed
from bot.nlu.entities.grammar.weekdays import DAYS_FROM_TODAY

UNTIL: Final = frozenset({"until", "till", "til", "untill", "through", "thru"})
JOINTS: Final = frozenset({"to", "-"}) | UNTIL
_BETWEEN: Final = frozenset({"and", "-", "to"})

_LONGEST_MOMENT: Final = 16
"""The number of tokens in which the word that joins two moments is searched."""

_BEFORE_HOURS: Final = JOINTS | {"between", "after", "before", "by"}
"""Words between a day and the hours after it, or between those hours."""

_SEEN_FROM_NOW: Final = frozenset(SHIFTS) | frozenset(DAYS_FROM_TODAY) | listed("now tonight ago back hence")
"""Words in moments that are relative to now, so that a year given for the other moment does not move them."""


def between(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `between 3 and 5 May`, `from March to June`, `Monday - Friday`."""
    word = tokens.words[at]
    if word == "between":
        return _pair(tokens, at + 1, reference, _BETWEEN)
    return _pair(tokens, at + 1 if word == "from" else at, reference, JOINTS)


def _pair(tokens: Tokens, at: int, reference: Reference, joints: frozenset[str]) -> Dated | None:
    if joints.isdisjoint(tokens.words[at : at + _LONGEST_MOMENT]):
        return None
    rules: list[DateRule] = [partial(rule, joints) for rule in (_clocks, _days_of_month, _moments)]
    return longest(rules, tokens, at, reference, tokens.before(at) in {"between", "from"})


# --- two dates ----------------------------------------------------------------


def _moments(joints: frozenset[str], tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read two moments; one without a year or week is moved so that they are in order."""
    first = moment(tokens, at, reference, expected)
    if first is None or tokens.words[first.end] not in joints:
        return None
    second = moment(tokens, first.end + 1, reference, True)
    if second is None:
        return _day_behind(tokens, first)
    if _is_clock_of(first, tokens, second) or _begins_days(tokens, second, reference):
        return None
    first_has_year = _says_year(tokens, at, first.end)
    second_has_year = _says_year(tokens, first.end, second.end)
    first_can_move = not _seen_from_now(tokens, at, first.end)
    second_can_move = not _seen_from_now(tokens, first.end, second.end)
    of_any_year = not first_has_year and first_can_move and tokens.words[at] not in WEEKDAYS
    if of_any_year and not second_has_year and second_can_move:
        return _running(tokens, at, first, reference, expected)
    if of_any_year and second_has_year and second.when.start:  # "Jan to Mar 2025": one year for both
        first = moment(tokens, at, reference.leaning("past", second.when.start), expected) or first
    elif first_has_year and not second_has_year and second_can_move and first.when.start:
        second = moment(tokens, first.end + 1, reference.leaning("future", first.when.start), True) or second
    if _in_order(first.when, second.when):
        return _joined(first, second)
    if reference.past and first_can_move:
        first = moment(tokens, at, reference.leaning("past", second.when.start), expected)
    elif second_can_move:
        second = moment(tokens, first.end + 1, reference.leaning("future", first.when.end), True)
    return _joined(first, second) if first and second and _in_order(first.when, second.when) else None


def _is_clock_of(first: Dated, tokens: Tokens, second: Dated) -> bool:
    """Whether the second moment is a time on the first one's day: `Friday until midnight`."""
    read = clock(tokens, first.end + 1, bare=True) if first.when.grain == "day" else None
    return read is not None and read.end == second.end


def _begins_days(tokens: Tokens, dated: Dated, reference: Reference) -> bool:
    """Whether the day that was read is the first of several: `9am to 5pm Monday to Friday`."""
    return tokens.words[dated.end] in JOINTS and day_alone(tokens, dated.end + 1, reference) is not None


def _running(tokens: Tokens, at: int, first: Dated, reference: Reference, expected: bool) -> Dated | None:
    """Read two dates without a year: the last pair that has begun, or leaning to the future, the next not yet over."""
    begun = first if reference.past else moment(tokens, at, reference.leaning("past"), expected)
    for begin in (begun, first):
        if begin is None:
            continue
        second = moment(tokens, begin.end + 1, reference.leaning("future", begin.when.start), True)
        if second is None or second.when.end is None:
            return None
        if reference.past or second.when.end > reference.now:
            return _joined(begin, second) if _in_order(begin.when, second.when) else None
    return None


def _says_year(tokens: Tokens, first: int, last: int) -> bool:
    return any(dates.year_number(tokens, at) for at in range(first, last))


def _seen_from_now(tokens: Tokens, first: int, last: int) -> bool:
    return not _SEEN_FROM_NOW.isdisjoint(tokens.words[first:last])


def _day_behind(tokens: Tokens, first: Dated) -> Dated | None:
    """Read the `15` of `July 13-15`."""
    day = dates.day_number(tokens, tokens.skip(first.end + 1, ("the",)))
    start = first.when.start
    if day is None or start is None or first.when.grain != "day" or day.value < start.day:
        return None
    return _joined(first, Dated(day.end, unit(start.replace(day=day.value), "day")))


def _days_of_month(
    joints: frozenset[str], tokens: Tokens, at: int, reference: Reference, expected: bool
) -> Dated | None:
    """Read a day whose month is given with the second one: `3 and 5 May`, `28th to the 3rd of June`."""
    day = dates.day_number(tokens, tokens.skip(at, ("the",)))
    if day is None or tokens.words[day.end] not in joints:
        return None
    running = _from_day(tokens, day, reference.leaning("future"))
    begun = running and running.when.start and running.when.start <= reference.now
    return running if begun or not reference.past else _from_day(tokens, day, reference)


def _from_day(tokens: Tokens, day: DatePart, reference: Reference) -> Dated | None:
    """Read the second day, whose month also applies to the day before the joint."""
    second = dates.day_first(tokens, day.end + 1, reference, False)
    if second is None or second.when.start is None:
        return None
    month = floor(second.when.start, "month")
    if day.value > second.when.start.day:
        month = add(month, "month", -1)
    return _joined(Dated(day.end, unit(month.replace(day=day.value), "day")), second)


def _in_order(first: When, second: When) -> bool:
    return first.start is not None and second.end is not None and first.start < second.end


def _joined(first: Dated, second: Dated) -> Dated:
    return Dated(second.end, span(first.when.start, second.when.end, finer(first.when, second.when)))


def finer(first: When, second: When) -> Grain:
    """The finer of two grains."""
    return min(first.grain, second.grain, key=GRAINS.index)


# --- two times of a day -------------------------------------------------------


class _Hours(NamedTuple):
    """Two times of a day, from a phrase that ends before token `end`."""

    end: int
    first: Clock
    last: Clock


def _clocks(joints: frozenset[str], tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read two times of day with the day after them: `3-5pm tomorrow`; without a day, one must clearly be a time."""
    hours = _two_clocks(tokens, at, joints)
    if hours is None:
        return None
    dated = day_alone(tokens, tokens.skip(hours.end, ("on",)), reference)
    if dated and not _begins_days(tokens, dated, reference):
        return Dated(dated.end, _on(dated.when, hours))
    if not (hours.first.marked or hours.last.marked):
        return None
    when = _on(unit(reference.today, "day"), hours)
    if when.end is not None and when.end <= reference.now and not reference.past:
        when = _on(unit(add(reference.today, "day", 1), "day"), hours)
    return Dated(hours.end, when)


def hours_of_a_day(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read a day with hours after it: `tomorrow 3-5pm`, `on Friday between 9 and 11`, `tomorrow after 6`."""
    if _BEFORE_HOURS.isdisjoint(tokens.words[at : at + _LONGEST_MOMENT]):
        return None
    dated = day_alone(tokens, tokens.skip(at, ("on",)), reference)
    if dated is None:
        return None
    first = tokens.skip(dated.end, (",",))
    word = tokens.words[first]
    joints = _BETWEEN if word == "between" else JOINTS
    hours = _two_clocks(tokens, tokens.skip(first, ("between", "from", "at")), joints)
    if hours and _are_hours(hours, announced=word in {"between", "from"}):
        return Dated(hours.end, _on(dated.when, hours))
    return _side(tokens, first, dated.when)


def _are_hours(hours: _Hours, *, announced: bool) -> bool:
    """Whether they are times of day rather than prices, as two plain numbers can be only if announced and small."""
    if hours.first.marked or hours.last.marked:
        return True
    return announced and hours.first.hour <= 12 and hours.last.hour <= 12


def _side(tokens: Tokens, at: int, day: When) -> Dated | None:
    """Read the part of a day that is after, before or until a time."""
    word = tokens.words[at]
    read = clock(tokens, at + 1, bare=True) if word in UNTIL | {"after", "before", "by"} else None
    if read is None or (word == "by" and not read.marked) or day.start is None or day.end is None:
        return None
    edge = placed(read, day)
    if edge.start is None or edge.start < day.start:
        return None
    if word != "after" and edge.start == day.start:  # "tomorrow before midnight": the one at its end
        return Dated(read.end, span(day.start, day.end, edge.grain))
    if word == "after":
        return Dated(read.end, span(edge.start, max(day.end, edge.start + timedelta(hours=1)), edge.grain))
    return Dated(read.end, span(day.start, edge.start, edge.grain))


def _two_clocks(tokens: Tokens, at: int, joints: frozenset[str]) -> _Hours | None:
    first = clock(tokens, at, bare=True) or _hour_before_joint(tokens, at)
    if first is None or tokens.words[first.end] not in joints:
        return None
    last = clock(tokens, first.end + 1, bare=True)
    return None if last is None else _Hours(last.end, first, last)


def _hour_before_joint(tokens: Tokens, at: int) -> Clock | None:
    word = tokens.words[at]
    if len(word) > 2 or not word.isdecimal() or not 1 <= int(word) <= 12:
        return None
    return Clock(at + 1, int(word), marked=False)


def _on(day: When, hours: _Hours) -> When:
    """Place two times of day on a day, or in a part of one; the second is always after the first."""
    begin = placed(_same_half(hours.first, hours.last), day)
    until = placed(hours.last, day)
    assert begin.start is not None
    assert until.start is not None
    assert until.end is not None
    end = until.end
    if until.start <= begin.start:
        end += timedelta(hours=24 if hours.last.sure else 12)
    return span(begin.start, end, finer(begin, until))


def _same_half(first: Clock, last: Clock) -> Clock:
    """Take the half of the day for the first time of `3-5pm` from the second one."""
    if first.sure or not last.sure:
        return first
    early = first.hour % 12
    late = early + 12
    is_late = late < last.hour or first.hour > last.hour
    return first._replace(hour=late if is_late else early, sure=True)
