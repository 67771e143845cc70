"""Times of day: `3pm`, `15:30`, `half past six`, `quarter to nine in the morning`, `noon`, and parts of the day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from bot.nlu.entities.grammar.calendar import Grain, Reference, When, add, floor, span
from bot.nlu.entities.grammar.dated import Dated
from bot.nlu.entities.grammar.names import PARTS_OF_DAY
from bot.nlu.entities.grammar.numbers import GROUPS, NO_SUFFIXES, SPOKEN, Number, number
from bot.nlu.entities.grammar.reading import closes
from bot.nlu.entities.grammar.tokens import Tokens, listed


class Clock(NamedTuple):
    """A time of day whose phrase ends before token `end`; `sure` if morning or evening is known."""

    end: int
    hour: int
    minute: int = 0
    second: int = 0
    grain: Grain = "hour"
    sure: bool = False
    marked: bool = True
    """Whether it is clearly a time of day (`3pm`, `15:30`), not just a number that may be one (`6`)."""


_WHOLE_HOURS: Final = {"noon": 12, "midday": 12, "midnight": 0}
CLOCK_WORDS: Final = SPOKEN | frozenset(_WHOLE_HOURS) | {"quarter"}
"""Words that a time of day can begin with, besides digits."""

_QUARTERS: Final = {"quarter": 15, "half": 30}


def clock(tokens: Tokens, at: int, *, bare: bool = False) -> Clock | None:
    """Read a time of day; with `bare` also a plain number as the hour, as after `at`."""
    word = tokens.words[at]
    if word in _WHOLE_HOURS:
        return Clock(at + 1, _WHOLE_HOURS[word], sure=True)
    if word not in CLOCK_WORDS and not word.isdecimal():
        return None
    read = _minutes_from(tokens, at) or _digits(tokens, at) or _words(tokens, at)
    if read is None or read.hour > 24 or read.minute > 59 or read.second > 59:
        return None
    read = _with_half_of_day(tokens, read)
    if read.hour > 12 or read.hour == 0:
        read = read._replace(hour=read.hour % 24, sure=True)
    return read if read.marked or (bare and closes(tokens, read.end)) else None


def _minutes_from(tokens: Tokens, at: int) -> Clock | None:
    """Read `half past six`, `a quarter to nine`, `ten (minutes) past three`, `half six`."""
    first = tokens.skip(at, ("a",))
    word = tokens.words[first]
    if word in _QUARTERS:
        minutes, end = _QUARTERS[word], first + 1
    else:
        read = number(tokens, first, suffixes=NO_SUFFIXES)
        if read is None or not 0 < read.value < 60 or first > at:
            return None
        minutes, end = int(read.value), tokens.skip(read.end, ("minutes", "mins", "minute"))
    relation = tokens.words[end]
    if relation not in {"past", "after", "to", "before", "till"}:
        return _half_hour(tokens, at) if word == "half" else None
    if relation in {"to", "till"} and end == first + 1 and _begins_a_range(tokens, first):
        return None
    hour = _hour(tokens, end + 1)
    if hour is None:
        return None
    marked = hour.marked or word in _QUARTERS or relation in {"past", "till"} or _is_at(tokens, at)
    if not marked and (minutes % 5 or minutes <= 12 or hour.hour > 12):
        return None
    if relation in {"past", "after"}:
        return Clock(hour.end, hour.hour, minutes, 0, "minute", hour.sure, marked)
    before = (hour.hour - 1) % 24 if hour.sure else (hour.hour - 2) % 12 + 1
    return Clock(hour.end, before, 60 - minutes, 0, "minute", hour.sure, marked)


def _is_at(tokens: Tokens, at: int) -> bool:
    """Whether the word before indicates that a time of day follows, as in `at 10 to 6`."""
    return tokens.before(at) in _AT


_AT: Final = frozenset({"at", "@"})
_TOWARDS: Final = _AT | listed("by until till before after around about me is s its starts")
"""Words after which a number may be an hour, or the minutes to one."""
_BEFORE_HALF_HOURS: Final = _TOWARDS | {"for", ""}
"""The same for `half 7`, which can also begin the message."""


def _begins_a_range(tokens: Tokens, at: int) -> bool:
    """Whether a number is an hour (`from 3 to 4pm`, `10 to 11am`) rather than minutes (`ten to three`, `at 5 to 4`)."""
    before = tokens.before(at)
    if before in {"from", "between"}:
        return True
    return tokens.has_digits(at) and int(tokens.words[at]) <= 12 and before not in _TOWARDS


def _half_hour(tokens: Tokens, at: int) -> Clock | None:
    """Read the British `half six`, which means half past six."""
    hour = _number_of_hour(tokens, at + 1)
    if hour is None or not 1 <= hour.value <= 12 or not closes(tokens, hour.end):
        return None
    if tokens.has_digits(at + 1) and tokens.before(at) not in _BEFORE_HALF_HOURS:
        return None
    return Clock(hour.end, int(hour.value), 30, grain="minute")


def _number_of_hour(tokens: Tokens, at: int) -> Number | None:
    """Read the number of an hour, a single token: not that of `half a dozen` or `half 6.5`."""
    read = number(tokens, at, suffixes=NO_SUFFIXES) if tokens.words[at] not in GROUPS else None
    return read if read and read.end == at + 1 else None


def _hour(tokens: Tokens, at: int) -> Clock | None:
    """Read the hour that minutes refer to; marked if it is clearly an hour by itself."""
    if tokens.words[at] in _WHOLE_HOURS:
        return Clock(at + 1, _WHOLE_HOURS[tokens.words[at]], sure=True)
    read = _number_of_hour(tokens, at)
    if read is None or not 1 <= read.value <= 24:
        return None
    hour = _with_half_of_day(tokens, Clock(read.end, int(read.value), marked=False))
    return hour._replace(marked=hour.marked or (tokens.is_word(at) and closes(tokens, hour.end)))


def _digits(tokens: Tokens, at: int) -> Clock | None:
    words = tokens.words
    if not tokens.has_digits(at) or len(words[at]) > 4 or (tokens.glued(at) and words[at - 1] in {":", ".", ",", "/"}):
        return None
    if len(words[at]) > 2:
        return _unseparated(tokens, at)
    read = Clock(at + 1, int(words[at]), marked=False)
    parts: list[int] = []
    while len(parts) < 2 and _joins_two_digits(tokens, read.end, ":" if parts else ":."):
        parts.append(int(words[read.end + 1]))
        read = read._replace(end=read.end + 2)
    if not parts:
        return _with_minutes_apart(tokens, at) or _with_h(tokens, read)
    # 3.30 is a number unless the morning or the afternoon is named, but can be a time of day if one is expected.
    point = words[at + 1] == "." and words[read.end] not in {"am", "pm", "a", "p"}
    if point and parts[0] not in _QUARTER_HOURS:
        return None
    if len(parts) == 1:
        return read._replace(minute=parts[0], grain="minute", marked=not point)
    end = read.end + 2 if _has_fraction(tokens, read.end) else read.end
    return read._replace(end=end, minute=parts[0], second=parts[1], grain="second", marked=not point)


def _with_minutes_apart(tokens: Tokens, at: int) -> Clock | None:
    """Read `6 30pm`, and `at 6 30` if the minutes are a multiple of 15."""
    minutes = tokens.words[at + 1]
    if not tokens.has_digits(at + 1) or len(minutes) != 2:
        return None
    read = Clock(at + 2, int(tokens.words[at]), int(minutes), grain="minute", marked=False)
    likely = _is_at(tokens, at) and read.minute in _QUARTER_HOURS and closes(tokens, read.end)
    return read if likely or (1 <= read.hour <= 12 and _meridiem(tokens, read)) else None


_QUARTER_HOURS: Final = frozenset({0, 15, 30, 45})


def _unseparated(tokens: Tokens, at: int) -> Clock | None:
    """Read `330pm`, `1730h`, `0730 hours`, and if a time of day is expected `0930`, `1730`."""
    word = tokens.words[at]
    minute = int(word[-2:])
    read = Clock(at + 1, int(word[:-2]), minute, grain="minute", sure=word[0] == "0", marked=False)
    hours = tokens.words[at + 1] in {"hours", "hrs"} and (read.sure or _is_at(tokens, at))
    if hours or (tokens.words[at + 1] == "h" and tokens.glued(at + 1)):
        return read._replace(end=at + 2, sure=True, marked=True)
    likely = read.sure or (minute and minute in _QUARTER_HOURS)
    return read if likely or _meridiem(tokens, read) else None


def _with_h(tokens: Tokens, read: Clock) -> Clock:
    """Add the minutes of `17h30`."""
    at = read.end + 1
    follows = tokens.words[read.end] == "h" and tokens.glued(read.end) and tokens.glued(at) and tokens.has_digits(at)
    if not follows or len(tokens.words[at]) != 2 or tokens.goes_on(at + 1):
        return read
    return read._replace(end=at + 1, minute=int(tokens.words[at]), grain="minute")


def _has_fraction(tokens: Tokens, at: int) -> bool:
    """Whether a fraction of a second follows, as in ISO 8601."""
    return tokens.words[at] == "." and tokens.joins_digits(at)


def _joins_two_digits(tokens: Tokens, at: int, marks: str) -> bool:
    return tokens.joins_digits(at) and tokens.words[at] in marks and len(tokens.words[at + 1]) == 2


def _words(tokens: Tokens, at: int) -> Clock | None:
    """Read `six`, `six o'clock`, `six thirty`."""
    hour = _number_of_hour(tokens, at) if tokens.is_word(at) else None
    if hour is None or not 0 < hour.value <= 12:
        return None
    minute = number(tokens, hour.end, suffixes=NO_SUFFIXES) if tokens.is_word(hour.end) else None
    if minute and 10 <= minute.value < 60 and minute.value == int(minute.value):
        return Clock(minute.end, int(hour.value), int(minute.value), grain="minute", marked=False)
    return Clock(hour.end, int(hour.value), marked=False)


_HALVES: Final = {"morning": 0, "am": 0, "afternoon": 12, "evening": 12, "pm": 12}
"""The hour at which the half of the day begins that each word stands for."""


def _half_named(part: str, hour: int) -> int | None:
    """Return the hour at which the named half begins: noon for `11 at night`, but midnight for `3 at night`."""
    if part == "night":
        return 12 if 6 <= hour < 12 else 0
    return _HALVES.get(part)


def _end_of_letters(tokens: Tokens, read: Clock) -> int | None:
    """Return where `p.m.`, `p m` or, directly after minutes, `p` ends."""
    at = read.end
    if tokens.words[at + 1] == "." and tokens.words[at + 2] == "m":
        return tokens.skip(at + 3, (".",)) if tokens.glued(at + 3) else at + 3
    if tokens.words[at + 1] == "m":
        return at + 2
    touches = read.grain == "minute" and tokens.glued(at) and not tokens.goes_on(at + 1)
    return at + 1 if touches else None


_OCLOCK: Final = (("oclock",), ("o", "clock"), ("o", "'", "clock"))


def _with_half_of_day(tokens: Tokens, read: Clock) -> Clock:
    """Add what follows a time of day: `o'clock`, `am`, `p.m.`, `in the morning`, `at night`."""
    words, end = tokens.words, read.end
    for spelling in _OCLOCK:
        if tokens.phrase(end, *spelling):
            read = read._replace(end=end + len(spelling), marked=True)
    if read.hour == 12 and words[read.end] in _WHOLE_HOURS:
        return read._replace(end=read.end + 1, hour=_WHOLE_HOURS[words[read.end]], sure=True, marked=True)
    half = _meridiem(tokens, read)
    if half is None or not 1 <= read.hour <= 12:
        return read
    end, begin = half
    return read._replace(end=end, hour=begin + read.hour % 12, sure=True, marked=True)


def _meridiem(tokens: Tokens, read: Clock) -> tuple[int, int] | None:
    """Read which half of the day is meant; return where the phrase ends, and the hour at which the half begins."""
    at, word = read.end, tokens.words[read.end]
    if word in {"am", "pm"}:
        return at + 1, _HALVES[word]
    if word in {"a", "p"}:
        end = _end_of_letters(tokens, read)
        return (end, _HALVES[f"{word}m"]) if end else None
    if tokens.phrase(at, "in", "the"):
        name = at + 2
    elif tokens.phrase(at, "at", "night"):
        name = at + 1
    else:
        return None
    begin = _half_named(tokens.words[name], read.hour)
    return None if begin is None else (name + 1, begin)


def placed(read: Clock, when: When) -> When:
    """Place a time of day on a day, or in a part of one."""
    assert when.start is not None
    return _in_part(read, when) if when.interval else _on_day(read, floor(when.start, "day"))


def _in_part(read: Clock, part: When) -> When:
    """Place a time of day in a part of a day, which decides morning or evening; the small hours follow the evening."""
    assert part.start is not None
    day, hour = floor(part.start, "day"), read.hour
    if part.start.hour >= 18:
        hour = _hour_of_evening(read)
    elif not read.sure:
        hour = hour % 12 + (12 if part.start.hour >= 12 else 0)
    return _on_day(read._replace(hour=hour, sure=True), day)


def _hour_of_evening(read: Clock) -> int:
    """Return the hour of a time in the evening or the night after it, where hours continue after midnight with 24."""
    small = read.hour < 6 if read.sure else read.hour == 12 or read.hour <= 3
    if small:
        return read.hour % 12 + 24
    return read.hour if read.sure else read.hour % 12 + 12


def _on_day(read: Clock, day: datetime) -> When:
    """Place a time of day on a day: ambiguous hours from 1 to 6 are in the afternoon; `other` is the other reading."""
    first = day + timedelta(hours=read.hour, minutes=read.minute, seconds=read.second)
    other = None
    if not read.sure:
        early = first if read.hour < 12 else first - timedelta(hours=12)
        late = early + timedelta(hours=12)
        first, other = (early, late) if 7 <= read.hour < 12 else (late, early)
    return When(first, add(first, read.grain, 1), read.grain, other=other)


def nearest(read: Clock, reference: Reference, *, latest: bool = False) -> When:
    """Place a time of day without a day: today, or when leaning to the future, its next occurrence.

    With `latest` it is the latest occurrence up to now, as in `since 11pm`.
    """
    today = _on_day(read, reference.today)
    if reference.past and not latest:
        return today
    times = [time for time in (today.start, today.other) if time is not None]
    times += [time + timedelta(days=-1 if latest else 1) for time in times]
    if latest:
        start = max(time for time in times if time <= reference.now)
    else:
        start = min(time for time in times if time >= reference.now - timedelta(minutes=1))
    return When(start, add(start, read.grain, 1), read.grain)


def part_of_day(tokens: Tokens, at: int, day: datetime) -> Dated | None:
    """Read `morning`, `afternoon`, `evening`, `night`, `early in the morning` on a known day."""
    name = tokens.skip(at, ("early", "late"))
    if name > at and tokens.phrase(name, "in", "the"):
        name += 2
    hours = PARTS_OF_DAY.get(tokens.words[name])
    if hours is None:
        return None
    if tokens.words[at] == "early" and hours == PARTS_OF_DAY["morning"]:
        hours = _EARLY
    first, last = (day + timedelta(hours=hour) for hour in hours)
    return Dated(name + 1, span(first, last, "hour"))


_EARLY: Final = (4, 9)
"""Hours of an early morning, as in Duckling."""
