"""Dates: `3 May 2025`, `3/11/2026`, `the 5th`, `October`, `Q3 2025`."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from bot.nlu.entities.grammar.calendar import Reference, When, add, floor, unit
from bot.nlu.entities.grammar.dated import Dated, DateRule, nearest_day
from bot.nlu.entities.grammar.digits import in_digits, year_of
from bot.nlu.entities.grammar.names import MONTHS, UNSURE, WEEKDAYS
from bot.nlu.entities.grammar.numbers import ORDINAL_WORDS, ordinal
from bot.nlu.entities.grammar.reading import closes
from bot.nlu.entities.grammar.tokens import DIGITS, Tokens, listed

# --- without a year -----------------------------------------------------------


def _nearest_month(month: int, reference: Reference) -> datetime:
    this = floor(reference.now, "month")
    candidate = this.replace(month=month)
    if reference.past and candidate > this:
        return add(candidate, "year", -1)
    return add(candidate, "year", 1) if not reference.past and candidate < this else candidate


def month_from(month: int, reference: Reference) -> When:
    """Return the nearest such month in the direction that the reference leans, including this month."""
    return unit(_nearest_month(month, reference), "month")


# --- years --------------------------------------------------------------------


def year_number(tokens: Tokens, at: int) -> int | None:
    """Read a year of four digits, 1900 to 2199."""
    word = tokens.words[at]
    if len(word) != 4 or not word.isdecimal() or not 1900 <= int(word) < 2200:
        return None
    at += 1
    if tokens.words[at] in {"-", "/"} and tokens.glued(at) and len(tokens.words[at + 1]) < 3:
        at += tokens.has_digits(at + 1)  # 2024-02-30 is neither a day nor a year; 2025/26 is two years
    return None if tokens.glued(at) and tokens.words[at].isalnum() else int(word)


def year_after(tokens: Tokens, at: int, reference: Reference) -> tuple[int, int] | None:
    """Read a year after a month or day: `2025`, `, 2025`, `of 2025`, `'25`, `last year`."""
    words = tokens.words
    if words[at] == "'" and len(words[at + 1]) == 2 and tokens.glued(at + 1) and words[at + 1].isdecimal():
        return at + 2, year_of(words[at + 1])
    first = tokens.skip(at, (",", "of", "in"))
    year = year_number(tokens, first)
    if year is not None:
        return first + 1, year
    first = tokens.skip(tokens.skip(at, ("of",)), ("the",))
    shift = {"last": -1, "previous": -1, "this": 0, "next": 1}.get(words[first])
    if shift is not None and words[first + 1] == "year":
        return first + 2, reference.now.year + shift
    return None


def bare_year(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read a year by itself if a date is expected, or if it is called a year: `the year 2025`."""
    first = tokens.skip(at, ("the",))
    said = tokens.words[first] == "year"
    year = year_number(tokens, first + said) if led or said else None
    return Dated(first + said + 1, unit(datetime(year, 1, 1), "year")) if year and (said or first == at) else None


# --- months and their days ----------------------------------------------------


def month_first(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `October`, `Oct 2025`, `May 3rd, 2025`, `October last year`."""
    month = MONTHS.get(tokens.words[at])
    if month is None or _of_no_such_day(tokens, at, month):
        return None
    end = tokens.skip(at + 1, (".",)) if len(tokens.words[at]) < 5 else at + 1
    if _mark(tokens, end) and (marked := year_number(tokens, end + 1)):
        return Dated(end + 2, unit(datetime(marked, month, 1), "month"))
    day = day_number(tokens, tokens.skip(end, ("the",)))
    if day and not _counts_something(tokens, day[0]):
        return _dated_day(tokens, day[0], month, day[1], reference)
    year = year_after(tokens, end, reference)
    if year:
        return Dated(year[0], unit(datetime(year[1], month, 1), "month"))
    meant = led or joins_a_date(tokens, at) or not _means_something_else(tokens, at)
    return Dated(at + 1, month_from(month, reference)) if meant else None


def _means_something_else(tokens: Tokens, at: int) -> bool:
    """Whether the month's name is another word or a person's name, judged by the words around it."""
    word, before, behind = tokens.words[at], tokens.words[at - 1] if at > 0 else "", tokens.words[at + 1]
    if word in UNSURE:
        asked_for = before in _BEFORE_MONTHS and closes(tokens, at + 1)
        return not (asked_for or behind in _BEHIND_MONTHS or surely_a_name(tokens, at))
    if word in _PEOPLE:
        return before in _BEFORE_PEOPLE or behind in _BEHIND_PEOPLE
    return word in _VERBS and behind in _BEHIND_VERBS


_VERBS: Final = frozenset({"march"})
_BEHIND_VERBS: Final = listed("on over into off down up through along in out to me him her them us back")
"""Words that distinguish `I will march into your branch` from `show my march statement`."""

_PEOPLE: Final = frozenset({"april", "june"})
_BEFORE_PEOPLE: Final = listed("to with pay paid send sent tell ask give lend owe aunt dear")
_BEHIND_PEOPLE: Final = listed("is was has had wants needs says said called owes paid sent asked will would can could")
"""Words that distinguish `april owes me £20` and `pay june back` from `my april statement`."""

_BEFORE_MONTHS: Final = listed("about show me vs versus")
_BEHIND_MONTHS: Final = listed("statement statements bill bills payment payments spending transactions please")
"""Words that show that `may` is a month: `what about may?`, `my may statement`."""

_JOINTS: Final = listed("to until till - through thru and or vs versus")


def joins_a_date(tokens: Tokens, at: int) -> bool:
    """Whether a joint and another name of the same kind are next to it: `jan to march`, `mon-fri`."""
    kind: Collection[str] = MONTHS if tokens.words[at] in MONTHS else WEEKDAYS
    behind = tokens.words[at + 1] in _JOINTS and tokens.words[at + 2] in kind
    return behind or (at > 1 and tokens.words[at - 1] in _JOINTS and tokens.words[at - 2] in kind)


def _of_no_such_day(tokens: Tokens, at: int, month: int) -> bool:
    """Whether the month belongs to a day that does not exist, as in `30 February`: then the month is not meant."""
    word = tokens.words[at - 1] if at > 0 else ""
    if not word.isdecimal() or len(word) > 2:
        return False
    year = year_number(tokens, at + 1) or 2000  # a leap year
    return monthrange(year, month)[1] < int(word) <= 31


def _counts_something(tokens: Tokens, at: int) -> bool:
    """Whether a number counts the noun after it, as in `in May 3 people`, and so is not a day, as in `May 3`."""
    return tokens.words[at - 1].isdecimal() and not closes(tokens, at)


def surely_a_name(tokens: Tokens, at: int) -> bool:
    """Whether a word is written with a capital letter within a sentence, or is the whole message."""
    if tokens.count == 1:
        return True
    written = tokens.text[tokens.starts[at] : tokens.ends[at]]
    return at > 0 and written[:1].isupper() and written[1:].islower()


def day_number(tokens: Tokens, at: int) -> tuple[int, int] | None:
    """Read a day of the month: `5`, `5th`, `fifth`; return where it ends, and the day."""
    read = ordinal(tokens, at)
    if read:
        return (read.end, int(read.value)) if 1 <= read.value <= 31 else None
    word = tokens.words[at]
    if not (len(word) <= 2 and word.isdecimal() and 1 <= int(word) <= 31):
        return None
    follows = tokens.words[at + 1]
    if (follows in {":", "%"} or follows.isalpha()) and tokens.glued(at + 1) and follows not in MONTHS:
        return None
    decimals = (
        follows in {".", ",", "/"} and tokens.glued(at + 1) and tokens.glued(at + 2) and tokens.has_digits(at + 2)
    )
    return None if decimals or follows in {"am", "pm"} else (at + 1, int(word))


_YEARS_AROUND: Final = 20
"""How far a year with only two digits can be from the present one."""


def _short_year(tokens: Tokens, at: int, reference: Reference) -> tuple[int, int] | None:
    """Read the year of `3 Sep 25`: two digits, if nothing follows that they might count."""
    word = tokens.words[at]
    if len(word) != 2 or not word.isdecimal() or tokens.is_word(at + 1) or not closes(tokens, at + 1):
        return None
    year = year_of(word)
    near = abs(year - reference.now.year) <= _YEARS_AROUND and tokens.words[at + 1] not in {":", "/", "-"}
    return (at + 1, year) if near else None


def _dated_day(tokens: Tokens, end: int, month: int, day: int, reference: Reference) -> Dated:
    year = year_after(tokens, end, reference) or _short_year(tokens, end, reference)
    if year:
        return Dated(year[0], unit(datetime(year[1], month, day), "day"))
    return Dated(end, unit(nearest_day(month, day, reference), "day"))


def day_first(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `3 May`, `the 3rd of May 2025`, `the 5th of last month`, `the 5th`."""
    first = tokens.skip(at, ("the",))
    day = day_number(tokens, first)
    if day is None:
        return None
    said = first > at or tokens.words[day[0] + 1] == "of"
    end = tokens.skip(tokens.skip(day[0], ("day",)) if said else day[0], ("of",))
    mark = _mark(tokens, end)
    month = MONTHS.get(tokens.words[end + 1 if mark else end])
    if month and mark:
        return _marked_day(tokens, end + 2, month, day[1], mark, reference)
    if month:
        after = tokens.skip(end + 1, (".",)) if len(tokens.words[end]) < 5 else end + 1
        dated = _dated_day(tokens, after, month, day[1], reference)
        return dated._replace(end=end + 1) if dated.end == after else dated
    return _day_of_month_phrase(tokens, end, day[1], reference) or _day_alone(tokens, at, day, reference, led)


def _mark(tokens: Tokens, at: int) -> str | None:
    """Return the sign in `21-Dec`, if it is written without gaps."""
    word = tokens.words[at]
    return word if word in {"-", "/"} and tokens.glued(at) and tokens.glued(at + 1) else None


def _marked_day(tokens: Tokens, end: int, month: int, day: int, mark: str, reference: Reference) -> Dated:
    """Read what can follow `21-Dec`: the same sign and a year."""
    word = tokens.words[end + 1] if _mark(tokens, end) == mark else ""
    if word.isdecimal() and len(word) in {2, 4} and (len(word) == 2 or year_number(tokens, end + 1)):
        return Dated(end + 2, unit(datetime(year_of(word), month, day), "day"))
    return Dated(end, unit(nearest_day(month, day, reference), "day"))


def _day_of_month_phrase(tokens: Tokens, at: int, day: int, reference: Reference) -> Dated | None:
    """Read what follows the day in `the 5th of last month`."""
    if tokens.words[at - 1] != "of" or tokens.words[at + 1] != "month":
        return None
    shift = {"the": 0, "this": 0, "last": -1, "next": 1, "previous": -1, "every": 0}.get(tokens.words[at])
    if shift is None:
        return None
    month = floor(reference.now, "month")
    over = day < reference.now.day and not reference.past
    if tokens.words[at] in {"the", "every"} and (over or day > monthrange(month.year, month.month)[1]):
        return Dated(at + 2, unit(day_of_month(day, reference), "day"))
    return Dated(at + 2, unit(add(month, "month", shift).replace(day=day), "day"))


def _day_alone(tokens: Tokens, at: int, day: tuple[int, int], reference: Reference, led: bool) -> Dated | None:
    """Read `the 5th` without a month; in words (`the first`) only if a date is expected."""
    end, number = day
    article, in_digits = tokens.words[at] == "the", tokens.has_digits(end - 2) and tokens.glued(end - 1)
    if not (in_digits if led else article and in_digits) and not (led and article and not tokens.has_digits(end - 1)):
        return None
    return Dated(end, unit(day_of_month(number, reference), "day")) if closes(tokens, end) else None


def day_of_month(day: int, reference: Reference) -> datetime:
    """Return the latest such day of a month up to today, or when leaning to the future, the first from today on."""
    month, step = floor(reference.now, "month"), -1 if reference.past else 1
    for months in range(3):
        start = add(month, "month", step * months)
        try:
            candidate = start.replace(day=day)
        except ValueError:
            continue
        if candidate == reference.today or (candidate < reference.today) == reference.past:
            return candidate
    raise ValueError("no such day")


# --- quarters -----------------------------------------------------------------


def quarter(tokens: Tokens, at: int, reference: Reference, led: bool) -> Dated | None:
    """Read `Q3`, `Q3 2025`, `2025 Q3`, `the third quarter of last year`."""
    before = year_number(tokens, at)
    first = at + 1 if before else tokens.skip(at, ("the",))
    number = ordinal(tokens, first)
    if tokens.words[first] == "q" and tokens.glued(first + 1) and tokens.words[first + 1] in {"1", "2", "3", "4"}:
        end, which = first + 2, int(tokens.words[first + 1])
    elif number and 1 <= number.value <= 4 and tokens.words[number.end] in {"quarter", "qtr"}:
        end, which = number.end + 1, int(number.value)
    else:
        return None
    year = (end, before) if before else year_after(tokens, end, reference)
    if year:
        return Dated(year[0], unit(datetime(year[1], 3 * which - 2, 1), "quarter"))
    start = _nearest_month(3 * which - 2, reference._replace(now=floor(reference.now, "quarter")))
    return Dated(end, unit(start, "quarter"))


RULES: Final[Mapping[DateRule, frozenset[str]]] = {
    in_digits: frozenset({DIGITS}),
    day_first: ORDINAL_WORDS | {DIGITS, "the"},
    month_first: frozenset(MONTHS),
    quarter: ORDINAL_WORDS | {DIGITS, "the", "q"},
    bare_year: frozenset({DIGITS, "the", "year"}),
}
"""The rules for dates, and the words that each can begin with."""
