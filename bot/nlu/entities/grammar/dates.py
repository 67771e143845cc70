"""Dates: `3 May 2025`, `3/11/2026`, `the 5th`, `October`, `Q3 2025`."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from bot.nlu.entities.grammar.calendar import Reference, When, add, floor, unit
from bot.nlu.entities.grammar.dated import Dated, DatePart, DateRule, day_of_month, end_of_name, nearest_day
from bot.nlu.entities.grammar.digits import in_digits, year_of
from bot.nlu.entities.grammar.names import MONTHS, UNSURE, WEEKDAYS
from bot.nlu.entities.grammar.numbers import ORDINAL_WORDS, ordinal
from bot.nlu.entities.grammar.reading import closes
from bot.nlu.entities.grammar.tokens import DIGITS, Tokens, listed

# --- without a year -----------------------------------------------------------


def _nearest_month(month: int, reference: Reference) -> datetime:
    this = floor(reference.now, "month")
    candidate = this.replace(month=month)
    if reference.past:
        return add(candidate, "year", -1) if candidate > this else candidate
    return add(candidate, "year", 1) if candidate < this else candidate


def month_from(month: int, reference: Reference) -> When:
    """Return the nearest such month in the direction that the reference leans, including this month."""
    return unit(_nearest_month(month, reference), "month")


# --- years --------------------------------------------------------------------


def year_number(tokens: Tokens, at: int) -> int | None:
    """Read a year of four digits, 1900 to 2199."""
    word = tokens.words[at]
    if len(word) != 4 or not word.isdecimal() or not 1900 <= int(word) < 2200:
        return None
    end = at + 1
    joined = tokens.words[end] in {"-", "/"} and tokens.glued(end)
    if joined and tokens.has_digits(end + 1) and len(tokens.words[end + 1]) < 3:
        end += 1  # 2024-02-30 is neither a day nor a year; 2025/26 is two years
    return None if tokens.goes_on(end) else int(word)


def year_after(tokens: Tokens, at: int, reference: Reference) -> DatePart | None:
    """Read a year after a month or day: `2025`, `, 2025`, `of 2025`, `'25`, `last year`."""
    words = tokens.words
    if words[at] == "'" and len(words[at + 1]) == 2 and tokens.glued(at + 1) and words[at + 1].isdecimal():
        return DatePart(at + 2, year_of(words[at + 1]))
    first = tokens.skip(at, (",", "of", "in"))
    year = year_number(tokens, first)
    if year is not None:
        return DatePart(first + 1, year)
    first = tokens.skip(tokens.skip(at, ("of",)), ("the",))
    shift = {"last": -1, "previous": -1, "this": 0, "next": 1}.get(words[first])
    if shift is not None and words[first + 1] == "year":
        return DatePart(first + 2, reference.now.year + shift)
    return None


def bare_year(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read a year by itself if a date is expected, or if it is called a year: `the year 2025`."""
    first = tokens.skip(at, ("the",))
    if tokens.words[first] == "year":
        first += 1
    elif first > at or not expected:
        return None
    year = year_number(tokens, first)
    return Dated(first + 1, unit(datetime(year, 1, 1), "year")) if year else None


# --- months and their days ----------------------------------------------------


def month_first(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `October`, `Oct 2025`, `May 3rd, 2025`, `October last year`."""
    month = MONTHS.get(tokens.words[at])
    if month is None or _of_no_such_day(tokens, at, month):
        return None
    end = end_of_name(tokens, at)
    joined_year = year_number(tokens, end + 1) if _joining_sign(tokens, end) else None
    if joined_year:
        return Dated(end + 2, unit(datetime(joined_year, month, 1), "month"))
    day = day_number(tokens, tokens.skip(end, ("the",)))
    if day and not _counts_something(tokens, day.end):
        return _dated_day(tokens, day.end, month, day.value, reference)
    year = year_after(tokens, end, reference)
    if year:
        return Dated(year.end, unit(datetime(year.value, month, 1), "month"))
    meant = expected or joins_a_date(tokens, at) or not _means_something_else(tokens, at)
    return Dated(at + 1, month_from(month, reference)) if meant else None


def _means_something_else(tokens: Tokens, at: int) -> bool:
    """Whether the month's name is another word or a person's name, judged by the words around it."""
    word, before, behind = tokens.words[at], tokens.before(at), tokens.words[at + 1]
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
    return behind or (tokens.before(at) in _JOINTS and tokens.before(at - 1) in kind)


def _of_no_such_day(tokens: Tokens, at: int, month: int) -> bool:
    """Whether the month belongs to a day that does not exist, as in `30 February`: then the month is not meant."""
    word = tokens.before(at)
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


def day_number(tokens: Tokens, at: int) -> DatePart | None:
    """Read a day of the month: `5`, `5th`, `fifth`."""
    read = ordinal(tokens, at)
    if read:
        return DatePart(read.end, int(read.value)) if 1 <= read.value <= 31 else None
    word, following = tokens.words[at], tokens.words[at + 1]
    if len(word) > 2 or not word.isdecimal() or not 1 <= int(word) <= 31:
        return None
    if tokens.glued(at + 1) and (following in {":", "%"} or (following.isalpha() and following not in MONTHS)):
        return None
    has_decimals = following in {".", ",", "/"} and tokens.joins_digits(at + 1)
    return None if has_decimals or following in {"am", "pm"} else DatePart(at + 1, int(word))


_YEARS_AROUND: Final = 20
"""How far a year with only two digits can be from the present one."""


def _short_year(tokens: Tokens, at: int, reference: Reference) -> DatePart | None:
    """Read the year of `3 Sep 25`: two digits, if nothing follows that they might count."""
    word = tokens.words[at]
    if len(word) != 2 or not word.isdecimal() or tokens.is_word(at + 1) or not closes(tokens, at + 1):
        return None
    year = year_of(word)
    near = abs(year - reference.now.year) <= _YEARS_AROUND and tokens.words[at + 1] not in {":", "/", "-"}
    return DatePart(at + 1, year) if near else None


def _dated_day(tokens: Tokens, end: int, month: int, day: int, reference: Reference) -> Dated:
    year = year_after(tokens, end, reference) or _short_year(tokens, end, reference)
    if year:
        return Dated(year.end, unit(datetime(year.value, month, day), "day"))
    return Dated(end, unit(nearest_day(month, day, reference), "day"))


def day_first(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
    """Read `3 May`, `the 3rd of May 2025`, `the 5th of last month`, `the 5th`."""
    first = tokens.skip(at, ("the",))
    day = day_number(tokens, first)
    if day is None:
        return None
    end = day.end
    if first > at or tokens.words[end + 1] == "of":
        end = tokens.skip(end, ("day",))
    end = tokens.skip(end, ("of",))
    sign = _joining_sign(tokens, end)
    name = end + 1 if sign else end
    month = MONTHS.get(tokens.words[name])
    if month and sign:
        return _day_with_sign(tokens, name + 1, month, day.value, sign, reference)
    if month:
        after = end_of_name(tokens, name)
        dated = _dated_day(tokens, after, month, day.value, reference)
        # A point that no year follows ends the sentence.
        return dated._replace(end=name + 1) if dated.end == after else dated
    return _day_of_month_phrase(tokens, end, day.value, reference) or _day_alone(tokens, at, day, reference, expected)


def _joining_sign(tokens: Tokens, at: int) -> str | None:
    """Return the sign in `21-Dec`, if it is written without gaps."""
    word = tokens.words[at]
    return word if word in {"-", "/"} and tokens.is_tight(at) else None


def _day_with_sign(tokens: Tokens, end: int, month: int, day: int, sign: str, reference: Reference) -> Dated:
    """Read what can follow `21-Dec`: the same sign and a year."""
    word = tokens.words[end + 1] if _joining_sign(tokens, end) == sign else ""
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


def _day_alone(tokens: Tokens, at: int, day: DatePart, reference: Reference, expected: bool) -> Dated | None:
    """Read `the 5th` without a month; in words (`the first`) only if a date is expected."""
    has_article = tokens.words[at] == "the"
    if tokens.has_digits(day.end - 2) and tokens.glued(day.end - 1):  # "5th"
        meant = expected or has_article
    else:
        meant = expected and has_article and not tokens.has_digits(day.end - 1)
    if not meant or not closes(tokens, day.end):
        return None
    return Dated(day.end, unit(day_of_month(day.value, reference), "day"))


# --- quarters -----------------------------------------------------------------


def quarter(tokens: Tokens, at: int, reference: Reference, expected: bool) -> Dated | None:
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
    year = DatePart(end, before) if before else year_after(tokens, end, reference)
    if year:
        return Dated(year.end, unit(datetime(year.value, 3 * which - 2, 1), "quarter"))
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
