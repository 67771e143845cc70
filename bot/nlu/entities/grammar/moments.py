"""Moments: a date, a time of day, or both, with their preposition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Final

from bot.nlu.entities.grammar import dates, parts, shifts, weekdays
from bot.nlu.entities.grammar.calendar import Reference, When, add, coarse, floor, span, unit
from bot.nlu.entities.grammar.clocks import CLOCK_WORDS, Clock, clock, nearest, part_of_day, placed
from bot.nlu.entities.grammar.dated import Dated, DateRule
from bot.nlu.entities.grammar.fragments import is_fragment
from bot.nlu.entities.grammar.names import SEASONS, WEEKDAYS, ZONES
from bot.nlu.entities.grammar.quantities import COUNT_WORDS, CYCLES, Count, counted, cycle
from bot.nlu.entities.grammar.tokens import DIGITS, Tokens, listed
from bot.nlu.entities.grammar.weekdays import DAYS_FROM_TODAY


def longest(rules: Iterable[DateRule], tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Try all rules, return the longest phrase; dates that do not exist (30 February, the year 12000) are ignored."""
    best: Dated | None = None
    for rule in rules:
        try:
            dated = rule(tokens, at, reference, expected)
        except (OverflowError, ValueError):
            continue
        if dated and (best is None or dated.end > best.end):
            best = dated
    return best


def by_word(*tables: Mapping[DateRule, frozenset[str]]) -> Mapping[str, Sequence[DateRule]]:
    """Index rules by the words that they can begin with."""
    rules: dict[str, list[DateRule]] = {}
    for table in tables:
        for rule, words in table.items():
            for word in words:
                rules.setdefault(word, []).append(rule)
    return rules


DATES: Final = by_word(shifts.RULES, parts.RULES, dates.RULES, weekdays.RULES)


def _date(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    return longest(DATES.get(tokens.keys[at], ()), tokens, at, reference, expected)


def moment(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read a date, a time of day, or both in either order, without a preposition before them."""
    return longest(_MOMENTS.get(tokens.keys[at], ()), tokens, at, reference, expected)


def _by_date(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read a date and the time of day after it, if any: `tomorrow at 5`, `Monday morning`."""
    dated = _date(tokens, at, reference, expected)
    if dated is None or dated.when.start is None or not _within_a_day(dated.when):
        return dated
    return _with_hours(tokens, dated, reference)


def _with_hours(tokens: Tokens, dated: Dated, reference: Reference) -> Dated:
    """Add the part of the day and the time of day that follow a day, if any."""
    if not dated.when.interval and dated.when.start:
        first = dated.end + 2 if tokens.phrase(dated.end, "in", "the") else dated.end
        dated = part_of_day(tokens, first, floor(dated.when.start, "day")) or dated
    return _with_clock(tokens, dated, reference)


def _within_a_day(when: When) -> bool:
    return when.grain == ("hour" if when.interval else "day")


def _with_clock(tokens: Tokens, dated: Dated, reference: Reference) -> Dated:
    """Add the time of day that follows a date, if any; a part of the day decides between morning and evening."""
    iso = tokens.words[dated.end] == "t" and tokens.glued(dated.end)  # ISO 8601: 2026-11-03T10:00
    read = clock(tokens, dated.end + 1) if iso else _clock_behind(tokens, dated.end)
    if read is None or dated.when.start is None:
        return dated
    end, offset = _zone(tokens, read, "+-" if iso else "+")
    return Dated(end, _from_zone(offset, placed(read, dated.when), reference))


def _clock_behind(tokens: Tokens, at: int) -> Clock | None:
    """Read a time of day after a date: `, 3pm`, `from 9am`, `at about 5`; after `at` a plain number is one."""
    first = tokens.skip(at, (",",))
    if tokens.words[first] in {"at", "@", "around", "about"}:
        return clock(tokens, tokens.skip(first + 1, ("around", "about")), bare=True)
    return clock(tokens, tokens.skip(first, ("for", "from")))


def _zone(tokens: Tokens, read: Clock, signs: str = "+") -> tuple[int, timezone | None]:
    """Read the zone of a time of day: `Z`, `+01:00`, `+0100`, `GMT`; return where it ends, and the zone."""
    at, word = read.end, tokens.words[read.end]
    if word in ZONES and (word != "z" or tokens.glued(at)):
        return at + 1, timezone(timedelta(minutes=ZONES[word]))
    hours, end = tokens.words[at + 1], at + 2
    touches = word in signs and tokens.is_tight(at) and read.grain != "hour"
    if not touches or not tokens.has_digits(at + 1) or len(hours) not in {2, 4}:
        return at, None
    if len(hours) == 2 and tokens.words[end] == ":" and tokens.glued(end + 1) and tokens.has_digits(end + 1):
        hours, end = hours + tokens.words[end + 1], end + 2
    minutes = 60 * int(hours[:2]) + int(hours[2:] or 0)
    return end, timezone(timedelta(minutes=-minutes if word == "-" else minutes))


def _from_zone(zone: timezone | None, when: When, reference: Reference) -> When:
    """Convert a time in another zone to that of the habits."""
    if zone is None or when.start is None:
        return when

    def here(time: datetime) -> datetime:
        return time.replace(tzinfo=zone).astimezone(reference.habits.zone).replace(tzinfo=None)

    start = here(when.start)
    return When(start, add(start, when.grain, 1), when.grain, other=here(when.other) if when.other else None)


_BEFORE_A_CLOCK: Final = listed("at @ by until till before after around about from since")
_COUNTING: Final = listed("for of")
"""Words after which a number counts people or money: `a table for two tonight`."""


def _by_clock(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read a time of day and the date after it, if any: `3pm tomorrow`, `six this evening`."""
    read = clock(tokens, at, bare=True)
    if read is None:
        return None
    end, zone = _zone(tokens, read)
    first = tokens.skip(tokens.skip(end, (",",)) if read.marked else end, ("on",))
    behind = _tonight(tokens, first, reference, expected) or plain_date(tokens, first, reference)
    if behind and _within_a_day(behind.when) and (read.marked or _is_expected(tokens, at, behind.when)):
        return Dated(behind.end, _from_zone(zone, placed(read, behind.when), reference))
    called = _is_called(tokens, at)
    latest = tokens.before(at) == "since"
    when = nearest(read, reference, latest=latest) if read.marked or called else None
    return Dated(end, _from_zone(zone, when, reference)) if when else None


def _is_expected(tokens: Tokens, at: int, day: When) -> bool:
    """Whether a plain number before a day is a time: `by 6 tomorrow`, `six this evening`, `20 to 6 on Friday`."""
    before = tokens.before(at)
    if before in _BEFORE_A_CLOCK or (tokens.words[at + 1] == "to" and tokens.has_digits(at)):
        return True
    return day.interval and before not in _COUNTING and tokens.words[at + 1] != "."


def _is_called(tokens: Tokens, at: int) -> bool:
    """Whether `at` or `at about` marks a number as a time of day, but not a rate (`the pound is at 1.30`)."""
    first = at - 1 if tokens.before(at) in {"about", "around"} else at
    rate = tokens.words[at + 1] == "." and tokens.before(at - 1) in {"is", "was"}
    return tokens.before(first) in {"at", "@"} and not rate


def plain_date(tokens: Tokens, at: int, reference: Reference) -> Dated | None:
    """Read a date that can follow a time of day, with a part of the day: `tomorrow morning`."""
    dated = _date(tokens, at, reference, tokens.words[at - 1] == "on")
    if dated is None or dated.when.start is None or dated.when.interval or dated.when.grain != "day":
        return dated
    return part_of_day(tokens, dated.end, dated.when.start) or dated


def day_alone(tokens: Tokens, at: int, reference: Reference) -> Dated | None:
    """Read a day or a part of one, without a time of day: `Friday`, `tomorrow morning`, `tonight`."""
    dated = _evening(tokens, at, reference) or plain_date(tokens, at, reference)
    return dated if dated and dated.when.start and _within_a_day(dated.when) else None


def ahead(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `in 3 days`, with a time of day after it if the result is a day."""
    dated = shifts.ahead(tokens, at, reference, expected)
    return _with_hours(tokens, dated, reference) if dated and dated.when.grain == "day" else dated


def _evening(tokens: Tokens, at: int, reference: Reference) -> Dated | None:
    if tokens.words[at] != "tonight":
        return None
    return Dated(at + 1, span(reference.today + timedelta(hours=18), reference.today + timedelta(days=1), "hour"))


def _tonight(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    evening = _evening(tokens, at, reference)
    return _with_clock(tokens, evening, reference) if evening else None


_DIRECTIONS: Final = {"before": -1, "ago": -1}
"""The directions in which words count; all others count onwards."""
_NAMED_DAYS: Final = frozenset(DAYS_FROM_TODAY) | frozenset(WEEKDAYS)


def _days_from(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `the day before christmas`, `a week ago on Friday`, and the British `a week on Friday`, `a week today`."""
    if tokens.before(at) == "for":
        return None  # "for 2 weeks from Monday": a duration and its beginning
    count = _whole_days(tokens, at)
    begin = _day_behind(tokens, count) if count else None
    if count is None or begin is None:
        return None
    joint = tokens.words[count.end]
    leaning = reference if joint in {"before", "after", "ago"} else reference.leaning("future")
    day = _date(tokens, begin, leaning, begin > count.end)
    if day is None or day.when.start is None or day.when.interval or day.when.grain != "day":
        return None
    if tokens.words[day.end] in {"to", "until", "till", "-"}:
        return None
    moved = add(day.when.start, count.grain, _DIRECTIONS.get(joint, 1) * int(count.value))
    return _with_hours(tokens, Dated(day.end, unit(moved, "day")), reference)


def _whole_days(tokens: Tokens, at: int) -> Count | None:
    """Read a whole number of days or longer units: `the day`, `a week`, `3 days`."""
    first = tokens.skip(at, ("the",))
    grain = cycle(tokens, first)
    count = Count(first + 1, Decimal(1), grain) if grain else counted(tokens, at)
    if count is None or not coarse(count.grain) or count.value != int(count.value) or is_fragment(tokens, at):
        return None
    return count


def _day_behind(tokens: Tokens, count: Count) -> int | None:
    """Return where the day begins that units are counted from; with other joints than these three it is a name."""
    joint = tokens.words[count.end]
    if joint in {"before", "after", "from"}:
        return count.end + 1
    if joint != "ago" and count.grain != "week":
        return None
    begin = tokens.skip(tokens.skip(count.end, ("ago",)), ("on",))
    return begin if tokens.words[begin] in _NAMED_DAYS else None


def _now(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    end = tokens.skip(at, ("right",))
    sure = end > at or tokens.count == 1 or (expected and tokens.before(at) != "for")
    if tokens.words[end] != "now" or not sure:
        return None
    return Dated(end + 1, unit(floor(reference.now, "second"), "second"))


_MOMENTS: Final = by_word(
    {
        _by_date: frozenset(DATES),
        _by_clock: CLOCK_WORDS | {DIGITS},
        _tonight: frozenset({"tonight"}),
        _days_from: COUNT_WORDS | frozenset(CYCLES) | {DIGITS, "the"},
        _now: frozenset({"now", "right"}),
    }
)


def phrase(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read a moment with its preposition, as Duckling does: `on Friday`, `in October`, `at 6`."""
    word = tokens.words[at]
    if word not in _PREPOSITIONS:
        return moment(tokens, at, reference, expected)
    first = tokens.skip(at + 1, ("the",))
    has_article = first == at + 2
    part = part_of_day(tokens, first, reference.today) if has_article and word in {"in", "during"} else None
    if part:
        return _with_clock(tokens, Dated(part.end, _coming(part.when, reference)), reference)
    if tokens.words[first] in {"weekend", "weekends"}:
        shift = -1 if reference.past and reference.now.weekday() < 5 else 0
        return Dated(first + 1, shifts.weekend(shift, reference))
    # As in Duckling, "in" belongs only to named months and years, not to the time in "what came in last month".
    if word == "in" and (tokens.words[at + 1] in shifts.SHIFTS or (has_article and tokens.words[first] not in SEASONS)):
        return None
    begin = tokens.skip(at + 1, ("about", "around")) if word == "at" else at + 1
    found = moment(tokens, begin, reference, True)
    return found if found and _PREPOSITIONS[word](found.when) else None


def _coming(part: When, reference: Reference) -> When:
    """Move a part of the day to tomorrow if it is over and phrases lean to the future."""
    if reference.past or part.start is None or part.end is None or part.end > reference.now:
        return part
    return span(add(part.start, "day", 1), add(part.end, "day", 1), part.grain)


_PREPOSITIONS: Final[dict[str, Callable[[When], bool]]] = {
    "on": lambda when: when.grain == "day" or not coarse(when.grain),
    "in": lambda when: when.grain in {"month", "quarter", "year"},
    "during": lambda when: coarse(when.grain),
    "over": lambda when: False,
    "at": lambda when: not coarse(when.grain) and not when.interval,
}
