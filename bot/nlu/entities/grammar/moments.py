"""Moments: a date, a time of day, or both, and the preposition that belongs to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Final

from bot.nlu.entities.grammar import dates, parts, shifts, weekdays
from bot.nlu.entities.grammar.calendar import Reference, When, add, coarse, floor, span, unit
from bot.nlu.entities.grammar.clocks import CLOCK_WORDS, Clock, clock, nearest, on_day, on_part, part_of_day
from bot.nlu.entities.grammar.dated import Dated, DateRule
from bot.nlu.entities.grammar.quantities import COUNT_WORDS, CYCLES, Count, counted, cycle
from bot.nlu.entities.grammar.tokens import DIGITS, Tokens, listed


def longest(rules: Iterable[DateRule], tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Try all rules and give the longest phrase; what does not exist (30 February, the year 12000) is no phrase."""
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
    """Sort rules by the words that they can begin with."""
    sorted_rules: dict[str, list[DateRule]] = {}
    for table in tables:
        for rule, words in table.items():
            for word in words:
                sorted_rules.setdefault(word, []).append(rule)
    return sorted_rules


DATES: Final = by_word(shifts.RULES, parts.RULES, dates.RULES, weekdays.RULES)


def _date(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    word = tokens.words[at]
    return longest(DATES.get(DIGITS if word.isdecimal() else word, ()), tokens, at, reference, led)


def moment(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read a date, a time of day, or both in either order, without a preposition before it."""
    word = tokens.words[at]
    return longest(_MOMENTS.get(DIGITS if word.isdecimal() else word, ()), tokens, at, reference, led)


def _by_date(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read a date and perhaps the time of day behind it: `tomorrow at 5`, `Monday morning`."""
    dated = _date(tokens, at, reference, led)
    if dated is None or dated.when.start is None or not _within_a_day(dated.when):
        return dated
    day = floor(dated.when.start, "day")
    if not dated.when.interval:
        part = part_of_day(tokens, _skip_article(tokens, dated.end), day)
        dated = Dated(*part) if part else dated
    return _with_clock(tokens, dated, reference)


def _within_a_day(when: When) -> bool:
    return when.grain == ("hour" if when.interval else "day")


def _skip_article(tokens: Tokens, at: int) -> int:
    """Step over `in the`."""
    return at + 2 if tokens.phrase(at, "in", "the") else at


def _with_clock(tokens: Tokens, dated: Dated, reference: Reference) -> Dated:
    """Add the time of day that follows a date, if one does; a part of the day tells morning from evening."""
    if tokens.words[dated.end] == "t" and tokens.glued(dated.end):  # ISO 8601: 2026-11-03T10:00
        said = clock(tokens, dated.end + 1)
        return _in_its_zone(tokens, Dated(said.end, _clock_on(said, dated.when)), reference) if said else dated
    first = tokens.skip(dated.end, (",",))
    second = tokens.skip(first, ("at", "@", "for", "around", "about", "from"))
    said = clock(tokens, second, bare=second > first and tokens.words[first] in {"at", "@", "around", "about"})
    if said is None or dated.when.start is None:
        return dated
    return Dated(said.end, _clock_on(said, dated.when))


def _in_its_zone(tokens: Tokens, dated: Dated, reference: Reference) -> Dated:
    """Take in the offset of ISO 8601 behind a time: `Z`, `+01:00`."""
    at = dated.end
    sign, minutes = tokens.words[at], 0
    if not tokens.glued(at) or sign not in {"z", "+", "-"}:
        return dated
    if sign != "z":
        hours = tokens.words[at + 1]
        if not (tokens.words[at + 2] == ":" and tokens.has_digits(at + 1) and tokens.has_digits(at + 3)):
            return dated
        minutes = (60 * int(hours) + int(tokens.words[at + 3])) * (1 if sign == "+" else -1)
        at += 3
    assert dated.when.start is not None
    meant = dated.when.start.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    start = meant.astimezone(reference.habits.zone).replace(tzinfo=None)
    return Dated(at + 1, When(start, add(start, dated.when.grain, 1), dated.when.grain))


def _clock_on(said: Clock, when: When) -> When:
    assert when.start is not None
    return on_part(said, when) if when.interval else on_day(said, floor(when.start, "day"))


_BEFORE_A_CLOCK: Final = listed("at @ by until till before after around about from since")
_COUNTING: Final = listed("for of")
"""Words after which a number counts people or money: `a table for two tonight`."""


def _by_clock(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read a time of day and perhaps the date behind it: `3pm tomorrow`, `six this evening`."""
    said = clock(tokens, at, bare=True)
    if said is None:
        return None
    first = tokens.skip(tokens.skip(said.end, (",",)) if said.marked else said.end, ("on",))
    behind = _tonight(tokens, first, reference, led) or plain_date(tokens, first, reference)
    before = tokens.words[at - 1] if at > 0 else ""
    expected = before in _BEFORE_A_CLOCK or (behind is not None and behind.when.interval and before not in _COUNTING)
    if behind and _within_a_day(behind.when) and (said.marked or expected):
        return Dated(behind.end, _clock_on(said, behind.when))
    called = before in {"at", "@"}
    return Dated(said.end, nearest(said, reference)) if said.marked or called else None


def plain_date(tokens: Tokens, at: int, reference: Reference) -> Dated | None:
    """Read a date that may follow a time of day, with a part of the day: `tomorrow morning`."""
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
    """Read `in 3 days`, with a time of day behind it if it comes to a day."""
    dated = shifts.ahead(tokens, at, reference, led)
    return _with_clock(tokens, dated, reference) if dated and dated.when.grain == "day" else dated


def _evening(tokens: Tokens, at: int, reference: Reference) -> Dated | None:
    if tokens.words[at] != "tonight":
        return None
    return Dated(at + 1, span(reference.today + timedelta(hours=18), reference.today + timedelta(days=1), "hour"))


def _tonight(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    evening = _evening(tokens, at, reference)
    return _with_clock(tokens, evening, reference) if evening else None


_FROM_A_DAY: Final = {"before": -1, "after": 1, "from": 1, "on": 1}


def _days_from(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `the day before christmas`, `two weeks from Friday`, and the British `a week on Friday`."""
    first = tokens.skip(at, ("the",))
    grain = cycle(tokens, first)
    count = Count(first + 1, Decimal(1), grain) if grain else counted(tokens, at)
    sign = _FROM_A_DAY.get(tokens.words[count.end]) if count else None
    if count is None or sign is None or not coarse(count.grain) or count.value != int(count.value):
        return None
    if tokens.words[count.end] == "on" and count.grain != "week":
        return None
    if at > 0 and tokens.words[at - 1] == "for":
        return None  # "for 2 weeks from Monday": how long, and since when
    leaning = reference.leaning("future") if tokens.words[count.end] in {"from", "on"} else reference
    day = _date(tokens, count.end + 1, leaning, True)
    if day and tokens.words[day.end] in {"to", "until", "till", "-"}:
        return None
    if day is None or day.when.start is None or day.when.interval or day.when.grain != "day":
        return None
    return Dated(day.end, unit(add(day.when.start, count.grain, sign * int(count.value)), "day"))


def _now(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    end = tokens.skip(at, ("right",))
    now = tokens.words[end] == "now" and (end > at or (led and tokens.words[at - 1] != "for"))
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
    """Read a moment with the preposition that belongs to it, as Duckling does: `on Friday`, `in October`, `at 6`."""
    word = tokens.words[at]
    if word not in _PREPOSITIONS:
        return moment(tokens, at, reference, led)
    first = tokens.skip(at + 1, ("the",))
    part = part_of_day(tokens, first, reference.today) if first == at + 2 and word in {"in", "during"} else None
    if part:
        return Dated(part[0], _coming(part[1], reference))
    if tokens.words[first] in {"weekend", "weekends"}:
        lean = -1 if reference.past and reference.now.weekday() < 5 else 0
        return Dated(first + 1, shifts.weekend(lean, reference))
    if word == "in" and tokens.words[at + 1] in shifts.SHIFTS:
        return None  # "what came in last month": Duckling's "in" goes with named months and years only
    found = moment(tokens, at + 1, reference, True)
    return found if found and _PREPOSITIONS[word](found.when) and (first == at + 1 or word != "in") else None


def _coming(part: When, reference: Reference) -> When:
    """Move a part of the day to tomorrow when it is over and phrases lean to the future."""
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
