"""Moments: a date, a time of day, or both, with their preposition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Final

from bot.nlu.entities.grammar import dates, parts, shifts, weekdays
from bot.nlu.entities.grammar.calendar import Reference, When, add, coarse, floor, span, unit
from bot.nlu.entities.grammar.clocks import CLOCK_WORDS, Clock, clock, nearest, on_day, on_part, part_of_day
from bot.nlu.entities.grammar.dated import Dated, DateRule
from bot.nlu.entities.grammar.fragments import is_fragment
from bot.nlu.entities.grammar.names import SEASONS, WEEKDAYS, ZONES
from bot.nlu.entities.grammar.quantities import COUNT_WORDS, CYCLES, Count, counted, cycle
from bot.nlu.entities.grammar.tokens import DIGITS, Tokens, listed
from bot.nlu.entities.grammar.weekdays import DAYS_FROM_TODAY


def longest(rules: Iterable[DateRule], tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Try all rules, return the longest phrase; dates that do not exist (30 February, the year 12000) are ignored."""
    best: Dated | None = None
    for rule in rules:
        try:
            dated = rule(tokens, at, reference, led)
        except (OverflowError, ValueError):
            continue
        if dated and (best is None or dated.end > best.end):
            best = dated
    return best


def by_word(*tables: Mapping[DateRule, frozenset[str]]) -> Mapping[str, Sequence[DateRule]]:
    """Index rules by the words that they can begin with."""
    sorted_rules: dict[str, list[DateRule]] = {}
    for table in tables:
        for rule, words in table.items():
            for word in words:
                sorted_rules.setdefault(word, []).append(rule)
    return sorted_rules


DATES: Final = by_word(shifts.RULES, parts.RULES, dates.RULES, weekdays.RULES)


def _date(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    return longest(DATES.get(tokens.keys[at], ()), tokens, at, reference, led)


def moment(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read a date, a time of day, or both in either order, without a preposition before them."""
    return longest(_MOMENTS.get(tokens.keys[at], ()), tokens, at, reference, led)


def _by_date(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read a date and the time of day after it, if any: `tomorrow at 5`, `Monday morning`."""
    dated = _date(tokens, at, reference, led)
    if dated is None or dated.when.start is None or not _within_a_day(dated.when):
        return dated
    return _with_hours(tokens, dated, reference)


def _with_hours(tokens: Tokens, dated: Dated, reference: Reference) -> Dated:
    """Add the part of the day and the time of day that follow a day, if any."""
    if not dated.when.interval and dated.when.start:
        part = part_of_day(tokens, _skip_article(tokens, dated.end), floor(dated.when.start, "day"))
        dated = Dated(*part) if part else dated
    return _with_clock(tokens, dated, reference)


def _within_a_day(when: When) -> bool:
    return when.grain == ("hour" if when.interval else "day")


def _skip_article(tokens: Tokens, at: int) -> int:
    """Skip `in the`."""
    return at + 2 if tokens.phrase(at, "in", "the") else at


def _with_clock(tokens: Tokens, dated: Dated, reference: Reference) -> Dated:
    """Add the time of day that follows a date, if any; a part of the day decides between morning and evening."""
    iso = tokens.words[dated.end] == "t" and tokens.glued(dated.end)  # ISO 8601: 2026-11-03T10:00
    first = dated.end + 1 if iso else tokens.skip(dated.end, (",",))
    second = first if iso else tokens.skip(first, ("at", "@", "for", "around", "about", "from"))
    called = second > first and tokens.words[first] in {"at", "@", "around", "about"}
    said = clock(tokens, tokens.skip(second, ("around", "about")) if called else second, bare=called)
    if said is None or dated.when.start is None:
        return dated
    end, offset = _zone(tokens, said, "+-" if iso else "+")
    return Dated(end, _from_zone(offset, _clock_on(said, dated.when), reference))


def _zone(tokens: Tokens, said: Clock, signs: str = "+") -> tuple[int, timezone | None]:
    """Read the zone of a time of day: `Z`, `+01:00`, `+0100`, `GMT`; return where it ends, and the zone."""
    at, word = said.end, tokens.words[said.end]
    if word in ZONES and (word != "z" or tokens.glued(at)):
        return at + 1, timezone(timedelta(minutes=ZONES[word]))
    hours, end = tokens.words[at + 1], at + 2
    touches = word in signs and tokens.glued(at) and tokens.glued(at + 1) and said.grain != "hour"
    if not word or not touches or not tokens.has_digits(at + 1) or len(hours) not in {2, 4}:
        return at, None
    if len(hours) == 2 and tokens.words[end] == ":" and tokens.glued(end + 1) and tokens.has_digits(end + 1):
        hours, end = hours + tokens.words[end + 1], end + 2
    minutes = 60 * int(hours[:2]) + int(hours[2:] or 0)
    return end, timezone(timedelta(minutes=-minutes if word == "-" else minutes))


def _from_zone(zone: timezone | None, when: When, reference: Reference) -> When:
    """Convert a time in another zone to that of the habits."""
    if zone is None or when.start is None:
        return when
    times = [when.start] if when.other is None else [when.start, when.other]
    here = [time.replace(tzinfo=zone).astimezone(reference.habits.zone).replace(tzinfo=None) for time in times]
    return When(here[0], add(here[0], when.grain, 1), when.grain, other=here[1] if here[1:] else None)


def _clock_on(said: Clock, when: When) -> When:
    assert when.start is not None
    return on_part(said, when) if when.interval else on_day(said, floor(when.start, "day"))


_BEFORE_A_CLOCK: Final = listed("at @ by until till before after around about from since")
_COUNTING: Final = listed("for of")
"""Words after which a number counts people or money: `a table for two tonight`."""


def _by_clock(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read a time of day and the date after it, if any: `3pm tomorrow`, `six this evening`."""
    said = clock(tokens, at, bare=True)
    if said is None:
        return None
    end, zone = _zone(tokens, said)
    first = tokens.skip(tokens.skip(end, (",",)) if said.marked else end, ("on",))
    behind = _tonight(tokens, first, reference, led) or plain_date(tokens, first, reference)
    if behind and _within_a_day(behind.when) and (said.marked or _is_expected(tokens, at, behind.when)):
        return Dated(behind.end, _from_zone(zone, _clock_on(said, behind.when), reference))
    called = _is_called(tokens, at)
    over = at > 0 and tokens.words[at - 1] == "since"
    when = nearest(said, reference, over=over) if said.marked or called else None
    return Dated(end, _from_zone(zone, when, reference)) if when else None


def _is_expected(tokens: Tokens, at: int, day: When) -> bool:
    """Whether a plain number before a day is a time: `by 6 tomorrow`, `six this evening`, `20 to 6 on Friday`."""
    before = tokens.words[at - 1] if at > 0 else ""
    if before in _BEFORE_A_CLOCK or (tokens.words[at + 1] == "to" and tokens.has_digits(at)):
        return True
    return day.interval and before not in _COUNTING and tokens.words[at + 1] != "."


def _is_called(tokens: Tokens, at: int) -> bool:
    """Whether `at` or `at about` marks a number as a time of day, but not a rate (`the pound is at 1.30`)."""
    about = at > 1 and tokens.words[at - 1] in {"about", "around"}
    word = tokens.words[at - 2 if about else at - 1] if at > 0 else ""
    rate = at > 1 and tokens.words[at + 1] == "." and tokens.words[at - 2] in {"is", "was"}
    return word in {"at", "@"} and not rate


def plain_date(tokens: Tokens, at: int, reference: Reference) -> Dated | None:
    """Read a date that can follow a time of day, with a part of the day: `tomorrow morning`."""
    dated = _date(tokens, at, reference, tokens.words[at - 1] == "on")
    if dated is None or dated.when.start is None or dated.when.interval or dated.when.grain != "day":
        return dated
    part = part_of_day(tokens, dated.end, dated.when.start)
    return Dated(*part) if part else dated


def day_alone(tokens: Tokens, at: int, reference: Reference) -> Dated | None:
    """Read a day or a part of one, without a time of day: `Friday`, `tomorrow morning`, `tonight`."""
    dated = _evening(tokens, at, reference) or plain_date(tokens, at, reference)
    return dated if dated and dated.when.start and _within_a_day(dated.when) else None


def ahead(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `in 3 days`, with a time of day after it if the result is a day."""
    dated = shifts.ahead(tokens, at, reference, led)
    return _with_hours(tokens, dated, reference) if dated and dated.when.grain == "day" else dated


def _evening(tokens: Tokens, at: int, reference: Reference) -> Dated | None:
    if tokens.words[at] != "tonight":
        return None
    return Dated(at + 1, span(reference.today + timedelta(hours=18), reference.today + timedelta(days=1), "hour"))


def _tonight(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    evening = _evening(tokens, at, reference)
    return _with_clock(tokens, evening, reference) if evening else None


_FROM_A_DAY: Final = {"before": -1, "after": 1, "from": 1, "on": 1, "ago": -1}
_NAMED_DAYS: Final = frozenset(DAYS_FROM_TODAY) | frozenset(WEEKDAYS)


def _days_from(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `the day before christmas`, `a week ago on Friday`, and the British `a week on Friday`, `a week today`."""
    first = tokens.skip(at, ("the",))
    grain = cycle(tokens, first)
    count = Count(first + 1, Decimal(1), grain) if grain else counted(tokens, at)
    if count is None or not coarse(count.grain) or count.value != int(count.value) or is_fragment(tokens, at):
        return None
    word = tokens.words[count.end]
    sign, begin = _FROM_A_DAY.get(word, 1), count.end + (word in _FROM_A_DAY)
    if begin == count.end or word in {"on", "ago"}:
        begin = tokens.skip(begin, ("on",)) if word == "ago" else begin
        if tokens.words[begin] not in _NAMED_DAYS or (word != "ago" and count.grain != "week"):
            return None
    if at > 0 and tokens.words[at - 1] == "for":
        return None  # "for 2 weeks from Monday": a duration and its beginning
    leaning = reference if word in {"before", "after", "ago"} else reference.leaning("future")
    day = _date(tokens, begin, leaning, begin > count.end)
    if day and tokens.words[day.end] in {"to", "until", "till", "-"}:
        return None
    if day is None or day.when.start is None or day.when.interval or day.when.grain != "day":
        return None
    found = Dated(day.end, unit(add(day.when.start, count.grain, sign * int(count.value)), "day"))
    return _with_hours(tokens, found, reference)


def _now(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    end = tokens.skip(at, ("right",))
    sure = end > at or tokens.count == 1 or (led and tokens.words[at - 1] != "for")
    now = tokens.words[end] == "now" and sure
    return Dated(end + 1, unit(floor(reference.now, "second"), "second")) if now else None


_MOMENTS: Final = by_word(
    {
        _by_date: frozenset(DATES),
        _by_clock: CLOCK_WORDS | {DIGITS},
        _tonight: frozenset({"tonight"}),
        _days_from: COUNT_WORDS | frozenset(CYCLES) | {DIGITS, "the"},
        _now: frozenset({"now", "right"}),
    }
)


def phrase(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read a moment with its preposition, as Duckling does: `on Friday`, `in October`, `at 6`."""
    word = tokens.words[at]
    if word not in _PREPOSITIONS:
        return moment(tokens, at, reference, led)
    first = tokens.skip(at + 1, ("the",))
    part = part_of_day(tokens, first, reference.today) if first == at + 2 and word in {"in", "during"} else None
    if part:
        return _with_clock(tokens, Dated(part[0], _coming(part[1], reference)), reference)
    if tokens.words[first] in {"weekend", "weekends"}:
        lean = -1 if reference.past and reference.now.weekday() < 5 else 0
        return Dated(first + 1, shifts.weekend(lean, reference))
    if word == "in" and tokens.words[at + 1] in shifts.SHIFTS:
        return None  # "what came in last month": in Duckling "in" belongs only to named months and years
    found = moment(tokens, tokens.skip(at + 1, ("about", "around")) if word == "at" else at + 1, reference, True)
    fits = first == at + 1 or word != "in" or tokens.words[first] in SEASONS
    return found if found and _PREPOSITIONS[word](found.when) and fits else None


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
