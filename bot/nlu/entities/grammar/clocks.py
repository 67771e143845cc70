"""Times of day: `3pm`, `15:30`, `half past six`, `quarter to nine in the morning`, `noon`, and parts of the day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from bot.nlu.entities.grammar.calendar import Grain, Reference, When, add, floor, span
from bot.nlu.entities.grammar.names import PARTS_OF_DAY
from bot.nlu.entities.grammar.numbers import NO_SUFFIXES, SPOKEN, number
from bot.nlu.entities.grammar.reading import closes
from bot.nlu.entities.grammar.tokens import Tokens, listed


class Clock(NamedTuple):
    """A time of day whose phrase ends before token `end`; `sure` when morning and evening are told apart."""

    end: int
    hour: int
    minute: int = 0
    second: int = 0
    grain: Grain = "hour"
    sure: bool = False
    marked: bool = True
    """Whether it is a time of day by itself (`3pm`, `15:30`), not a mere number that may be one (`6`)."""


_WHOLE_HOURS: Final = {"noon": 12, "midday": 12, "midnight": 0}
CLOCK_WORDS: Final = SPOKEN | frozenset(_WHOLE_HOURS) | {"quarter"}
"""Words that a time of day can begin with, besides digits."""

_QUARTERS: Final = {"quarter": 15, "half": 30}


def clock(tokens: Tokens, at: int, *, bare: bool = False) -> Clock | None:
    """Read a time of day; with `bare` a mere hour too, as after `at`."""
    word = tokens.words[at]
    if word in _WHOLE_HOURS:
        return Clock(at + 1, _WHOLE_HOURS[word], sure=True)
    if word not in CLOCK_WORDS and not word.isdecimal():
        return None
    read = _minutes_from(tokens, at) or _digits(tokens, at) or _words(tokens, at)
    if read is None or read.hour > 24 or read.minute > 59 or read.second > 59:
        return None
    read = _told_apart(tokens, read)
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
    if hour is None or (relation in {"to", "after", "before"} and word not in _QUARTERS and hour.marked is False):
        return None
    if relation in {"past", "after"}:
        return Clock(hour.end, hour.hour, minutes, grain="minute", sure=hour.sure)
    return Clock(hour.end, (hour.hour - 1) % (24 if hour.sure else 12) or 12, 60 - minutes, 0, "minute", hour.sure)


_AT: Final = frozenset({"at", "@"})
_TOWARDS: Final = _AT | listed("by until till before after around about me is s its starts")
"""Words after which a number may be an hour, or the minutes to one."""


def _begins_a_range(tokens: Tokens, at: int) -> bool:
    """Tell the hours of `from 3 to 4pm` and `10 to 11am` from the minutes of `ten to three` and `at 5 to 4`."""
    before = tokens.words[at - 1] if at > 0 else ""
    if before in {"from", "between"}:
        return True
    return tokens.has_digits(at) and int(tokens.words[at]) <= 12 and before not in _TOWARDS


def _half_hour(tokens: Tokens, at: int) -> Clock | None:
    """Read the British `half six` for half past six."""
    hour = number(tokens, at + 1, suffixes=NO_SUFFIXES)
    if hour is None or not 1 <= hour.value <= 12 or not closes(tokens, hour.end):
        return None
    if not tokens.is_word(at + 1) and (at == 0 or tokens.words[at - 1] not in _AT):
        return None
    return Clock(hour.end, int(hour.value), 30, grain="minute")


def _hour(tokens: Tokens, at: int) -> Clock | None:
    """Read the hour that minutes refer to; marked when it says itself that it is one."""
    if tokens.words[at] in _WHOLE_HOURS:
        return Clock(at + 1, _WHOLE_HOURS[tokens.words[at]], sure=True)
    read = number(tokens, at, suffixes=NO_SUFFIXES)
    if read is None or not 1 <= read.value <= 24 or read.value != int(read.value):
        return None
    said = _told_apart(tokens, Clock(read.end, int(read.value), marked=False))
    return said._replace(marked=said.marked or (tokens.is_word(at) and closes(tokens, said.end)))


def _digits(tokens: Tokens, at: int) -> Clock | None:
    words = tokens.words
    if not tokens.has_digits(at) or len(words[at]) > 2 or (tokens.glued(at) and words[at - 1] in {":", ".", ",", "/"}):
        return None
    read = Clock(at + 1, int(words[at]), marked=False)
    parts: list[int] = []
    while len(parts) < 2 and _next_part(tokens, read.end, ":" if parts else ":."):
        parts.append(int(words[read.end + 1]))
        read = read._replace(end=read.end + 2)
    if not parts:
        return read
    if words[at + 1] == "." and words[read.end] not in {"am", "pm", "a", "p"}:
        return None  # 3.30 is a number unless the morning or the afternoon is named
    second = parts[1] if len(parts) == 2 else 0
    return read._replace(minute=parts[0], second=second, grain="second" if parts[1:] else "minute", marked=True)


def _next_part(tokens: Tokens, at: int, marks: str) -> bool:
    follows = tokens.words[at] and tokens.words[at] in marks and tokens.glued(at) and tokens.glued(at + 1)
    return bool(follows) and tokens.has_digits(at + 1) and len(tokens.words[at + 1]) == 2


def _words(tokens: Tokens, at: int) -> Clock | None:
    """Read `six`, `six o'clock`, `six thirty`."""
    hour = number(tokens, at, suffixes=NO_SUFFIXES) if tokens.is_word(at) else None
    if hour is None or not 0 < hour.value <= 12 or hour.end != at + 1:
        return None
    minute = number(tokens, hour.end, suffixes=NO_SUFFIXES) if tokens.is_word(hour.end) else None
    if minute and 10 <= minute.value < 60 and minute.value == int(minute.value):
        return Clock(minute.end, int(hour.value), int(minute.value), grain="minute", marked=False)
    return Clock(hour.end, int(hour.value), marked=False)


def _told_apart(tokens: Tokens, read: Clock) -> Clock:
    """Take in what tells morning from evening: `o'clock`, `am`, `p.m.`, `in the morning`, `at night`."""
    words, end = tokens.words, read.end
    if words[end] == "oclock" or tokens.phrase(end, "o", "'", "clock"):
        read = read._replace(end=end + (1 if words[end] == "oclock" else 3), marked=True)
    if read.hour == 12 and words[read.end] in _WHOLE_HOURS:
        return read._replace(end=read.end + 1, hour=_WHOLE_HOURS[words[read.end]], sure=True, marked=True)
    half = _meridiem(tokens, read.end)
    if half is None or not 1 <= read.hour <= 12:
        return read
    return read._replace(end=half[0], hour=read.hour % 12 + 12 * half[1], sure=True, marked=True)


def _meridiem(tokens: Tokens, at: int) -> tuple[int, int] | None:
    word = tokens.words[at]
    if word in {"am", "pm"}:
        return at + 1, int(word == "pm")
    if word in {"a", "p"} and tokens.words[at + 1] == "." and tokens.words[at + 2] == "m":
        return tokens.skip(at + 3, (".",)) if tokens.glued(at + 3) else at + 3, int(word == "p")
    first = tokens.skip(tokens.skip(at, ("in",)), ("the",))
    part = tokens.words[first]
    if first == at + 2 and part in {"morning", "afternoon", "evening"}:
        return first + 1, int(part != "morning")
    return (at + 2, 1) if tokens.phrase(at, "at", "night") else None


def on_part(read: Clock, part: When) -> When:
    """Put a time of day on a part of a day, which tells morning from evening; the small hours follow the evening."""
    assert part.start is not None
    day, hour = floor(part.start, "day"), read.hour
    if part.start.hour >= 18:
        small = hour < 6 if read.sure else hour == 12 or hour <= 3
        hour = hour % 12 + 24 if small else hour if read.sure else hour % 12 + 12
    elif not read.sure:
        hour = hour % 12 + (12 if part.start.hour >= 12 else 0)
    return on_day(read._replace(hour=hour, sure=True), day)


def on_day(read: Clock, day: datetime) -> When:
    """Put a time of day on a day: hours from 1 to 6 that may be either are in the afternoon; `other` is the other."""
    first = day + timedelta(hours=read.hour, minutes=read.minute, seconds=read.second)
    other = None
    if not read.sure:
        early = first if read.hour < 12 else first - timedelta(hours=12)
        late = early + timedelta(hours=12)
        first, other = (early, late) if 7 <= read.hour < 12 else (late, early)
    return When(first, add(first, read.grain, 1), read.grain, other=other)


def nearest(read: Clock, reference: Reference) -> When:
    """Put a time of day where no day is said: today, or leaning to the future its next occurrence."""
    today = on_day(read, reference.today)
    if reference.past:
        return today
    times = [time for time in (today.start, today.other) if time is not None]
    times += [time + timedelta(days=1) for time in times]
    start = min(time for time in times if time >= reference.now - timedelta(minutes=1))
    return When(start, add(start, read.grain, 1), read.grain)


def part_of_day(tokens: Tokens, at: int, day: datetime) -> tuple[int, When] | None:
    """Read `morning`, `afternoon`, `evening`, `night` of a known day."""
    hours = PARTS_OF_DAY.get(tokens.words[at])
    if hours is None:
        return None
    first, last = (day + timedelta(hours=hour) for hour in hours)
    return at + 1, span(first, last, "hour")
