"""Numbers, ordinals, durations and distances by themselves."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, NamedTuple

from bot.messages import Json
from bot.nlu.entities.grammar.calendar import MONTHS_EACH, SECONDS, Grain, Reference
from bot.nlu.entities.grammar.fragments import is_fragment
from bot.nlu.entities.grammar.numbers import (
    COUNTING,
    LARGEST,
    NO_SUFFIXES,
    SPOKEN,
    Number,
    digits,
    fraction_of,
    number,
    ordinal,
    plain,
)
from bot.nlu.entities.grammar.reading import Reading, closes, nothing
from bot.nlu.entities.grammar.tokens import Tokens, grouped, listed

CYCLES: Final[dict[str, Grain]] = grouped(
    {
        "second": "second seconds sec secs",
        "minute": "minute minutes min mins",
        "hour": "hour hours hr hrs",
        "day": "day days",
        "week": "week weeks wk wks",
        "month": "month months mth mths",
        "quarter": "quarter quarters qtr",
        "year": "year years yr yrs",
    }
)
_GLUED_CYCLES: Final[dict[str, Grain]] = {"h": "hour"}
_DISTANCES: Final = grouped(
    {
        "kilometre": "km kms kilometre kilometres kilometer kilometers",
        "metre": "metre metres meter meters",
        "centimetre": "cm centimetre centimetres centimeter centimeters",
        "mile": "mile miles mi",
        "yard": "yard yards yd yds",
        "foot": "foot feet ft",
        "inch": "inch inches",
    }
)
_BEFORE_ONE: Final = listed("number option about least most only exactly than plus minus times")
"""Words after which `one` is a number; after others it stands for a thing ("this one", "send one")."""

_SIGNS_OF_CODES: Final = frozenset("/:.-,_@#&=+")


_SEVERAL: Final = {"few": 3, "couple": 2}

_EITHER: Final = frozenset({"-", "to", "or"})
"""Words between two alternative numbers."""

COUNT_WORDS: Final = SPOKEN | frozenset(_SEVERAL)
"""Words that a counted unit can begin with, besides digits."""


class Count(NamedTuple):
    """A number of units of a grain, from a phrase that ends before token `end`."""

    end: int
    value: Decimal
    grain: Grain


def cycle(tokens: Tokens, at: int) -> Grain | None:
    """Return the grain that a word names ("weeks"), if any."""
    return CYCLES.get(tokens.words[at])


def counted(tokens: Tokens, at: int) -> Count | None:
    """Read a counted grain: `3 weeks`, `a month`, `two and a half hours`, `half an hour`, `a fortnight`."""
    words = tokens.words
    share = fraction_of(tokens, at)
    part = _grain(tokens, share.end) if share else None
    if share and part:
        return Count(share.end + 1, share.value, part)
    many = _how_many(tokens, at)
    if many is None or many.end >= tokens.count:
        return None
    if words[many.end] == "-" and tokens.is_tight(many.end):  # "a 3-day trip"
        many = many._replace(end=many.end + 1)
    word = words[many.end]
    if word in {"fortnight", "fortnights"}:
        return Count(many.end + 1, many.value * 2, "week")
    grain = _grain(tokens, many.end)
    if word == "second" and many.value == 1 and not closes(tokens, many.end + 1):
        return None  # "a second card"
    return _with_half(tokens, Count(many.end + 1, many.value, grain)) if grain else None


def _grain(tokens: Tokens, at: int) -> Grain | None:
    """Return the grain that a unit names: `hours`, or `h` directly after digits (but `1730h` is a time of day)."""
    short = tokens.glued(at) and tokens.has_digits(at - 1) and len(tokens.words[at - 1]) < 4
    return CYCLES.get(tokens.words[at]) or (_GLUED_CYCLES.get(tokens.words[at]) if short else None)


def _how_many(tokens: Tokens, at: int) -> Number | None:
    word = tokens.words[at]
    first = at + 1 if word in {"a", "an"} else at
    several = _SEVERAL.get(tokens.words[first])
    if several:
        return Number(tokens.skip(first + 1, ("of",)), Decimal(several))
    if word == "fortnight":
        return Number(at, Decimal(1))
    read = number(tokens, at, suffixes=NO_SUFFIXES, comma=True)
    if read is None:
        return Number(at + 1, Decimal(1)) if word in {"a", "an"} else None
    return read._replace(end=tokens.skip(read.end, ("more",))) if read.value >= 0 else None


def _with_half(tokens: Tokens, count: Count) -> Count:
    """Add what follows the unit: `an hour and a half`."""
    if tokens.phrase(count.end, "and", "a", "half"):
        return count._replace(end=count.end + 3, value=count.value + Decimal("0.5"))
    return count


def counts(tokens: Tokens, at: int) -> list[Count]:
    """Read counted grains, each finer than the one before it: `2 hours and 15 minutes`, `1h30`; [] if there is none."""
    first = counted(tokens, at)
    parts = [] if first is None else [first]
    while parts and len(parts) < 4:
        following = _following(tokens, parts[-1])
        if following is None or SECONDS[following.grain] >= SECONDS[parts[-1].grain]:
            break
        parts.append(following)
    return parts


def _following(tokens: Tokens, before: Count) -> Count | None:
    """Read what continues a counted grain; after hours, digits alone can be minutes: `1h30`, `1h 30m`."""
    at = before.end
    if before.grain == "hour" and tokens.words[at - 1] == "h" and tokens.has_digits(at) and len(tokens.words[at]) == 2:
        minutes = Decimal(int(tokens.words[at]))
        if tokens.words[at + 1] == "m" and tokens.glued(at + 1):
            return Count(at + 2, minutes, "minute")
        if tokens.glued(at) and not tokens.goes_on(at + 1):
            return Count(at + 1, minutes, "minute")
    first = tokens.skip(at, ("and", ","))
    return counted(tokens, first) if tokens.has_digits(first) or tokens.words[first] in COUNT_WORDS else None


def duration(tokens: Tokens, at: int, reference: Reference) -> Reading | None:
    """Read a duration of one or more units: `3 weeks`, `2 hours and 15 minutes`; `2-3 weeks` is not one."""
    parts = counts(tokens, at)
    if not parts:
        return _one_of_two(tokens, at, counted)
    # "A quarter", "three quarters" are more often fractions than months.
    meant = parts[0].grain != "quarter" and not is_fragment(tokens, at)
    return _described(parts) if meant else None


def is_second_count(tokens: Tokens, at: int) -> bool:
    """Whether the number that begins here is the second of two: the `3` of `2-3 days ago`."""
    first = tokens.before(at - 1)
    return tokens.before(at) in _EITHER and (first.isdecimal() or first in COUNTING)


def _one_of_two(tokens: Tokens, at: int, rule: Callable[[Tokens, int], Count | Number | None]) -> Reading | None:
    """Read two alternative counts as nothing: `2-3 hours`, `two or three weeks`, `5 to 10 miles`."""
    first = number(tokens, at, suffixes=NO_SUFFIXES, comma=True)
    if first is None or is_fragment(tokens, at):
        return None
    joint = tokens.words[first.end]
    joins = joint in _EITHER or (joint == "and" and tokens.before(at) == "between")
    second = rule(tokens, first.end + 1) if joins else None
    return nothing(second.end) if second else None


def _described(parts: list[Count]) -> Reading | None:
    total = sum(part.value * SECONDS[part.grain] for part in parts)
    if total > LARGEST:
        return None
    grain = parts[-1].grain
    size = MONTHS_EACH if grain in MONTHS_EACH else SECONDS
    value = sum((part.value * size[part.grain] for part in parts), Decimal(0)) / size[grain]
    details = {
        "type": "value",
        "value": plain(value),
        "unit": grain,
        grain: plain(value),
        "normalized": {"value": plain(Decimal(total)), "unit": "second"},
    }
    return Reading(parts[-1].end, plain(value), details)


def _one_distance(tokens: Tokens, at: int) -> Number | None:
    """Read the number before a unit of distance; it ends before the unit."""
    share = fraction_of(tokens, at)
    if share and tokens.words[share.end] in _DISTANCES:
        return share
    read = number(tokens, at, suffixes=NO_SUFFIXES, comma=True)
    if read is None and tokens.words[at] == "a":
        read = Number(at + 1, Decimal(1))
    return read if read and tokens.words[read.end] in _DISTANCES else None


def distance(tokens: Tokens, at: int, reference: Reference) -> Reading | None:
    """Read a distance: `5 km`, `twenty miles`; `5-10 miles` is not one."""
    read = _one_distance(tokens, at)
    if read is None or is_fragment(tokens, at):
        return _one_of_two(tokens, at, _one_distance)
    unit = _DISTANCES[tokens.words[read.end]]
    return _valued(read.end + 1, read.value, unit=unit)


def number_alone(tokens: Tokens, at: int, reference: Reference) -> Reading | None:
    """Read a number that is neither part of a code (`A380`, `12-34-56`) nor a pronoun (`this one`)."""
    read = number(tokens, at)
    if read is None or _is_in_code(tokens, at, read.end) or _is_pronoun(tokens, at, read.end):
        return None
    return _valued(read.end, read.value)


def _valued(end: int, value: Decimal, **details: Json) -> Reading:
    """Return the reading of a number, with more details if there are any."""
    return Reading(end, plain(value), {"type": "value", "value": plain(value), **details})


def _is_pronoun(tokens: Tokens, at: int, end: int) -> bool:
    if tokens.words[at] != "one" or end > at + 1:
        return False
    before = tokens.before(at)
    return tokens.words[end] == "of" or (before.isalpha() and before not in _BEFORE_ONE)


def digits_alone(tokens: Tokens, at: int, reference: Reference) -> Reading | None:
    """Read a number in digits, for languages whose words the grammar does not know: a comma can mark decimals."""
    read = digits(tokens, at, comma=True)
    if read is None or _is_in_code(tokens, at, read.end):
        return None
    return _valued(read.end, read.value)


def _is_in_code(tokens: Tokens, at: int, end: int) -> bool:
    if tokens.words[at].startswith("0") and len(tokens.words[at]) > 1:
        return True
    before = tokens.words[at - 1] if tokens.glued(at) else ""
    after = tokens.words[end] if tokens.glued(end) else ""
    if before.isalnum() or after.isalnum():
        return True
    begins_before = before in _SIGNS_OF_CODES and tokens.glued(at - 1) and tokens.before(at - 1).isalnum()
    return begins_before or (after in _SIGNS_OF_CODES and tokens.goes_on(end + 1))


def ordinal_alone(tokens: Tokens, at: int, reference: Reference) -> Reading | None:
    """Read an ordinal that counts from the beginning: `3rd`, `third`, but not `2nd last`, `third from the end`."""
    read = ordinal(tokens, at)
    if read is None:
        return None
    behind = tokens.skip(tokens.skip(read.end, ("to", "from")), ("the",))
    if tokens.words[behind] in {"last", "end", "bottom"}:
        return nothing(behind + 1)
    return _valued(read.end, read.value)
