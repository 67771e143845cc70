"""Numbers and ordinals, in digits and in words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from bot.nlu.entities.grammar.fragments import joins
from bot.nlu.entities.grammar.tokens import Tokens, grouped, listed, numbered


class Number(NamedTuple):
    """A number that ends before token `end`."""

    end: int
    value: Decimal


_SMALL: Final = numbered(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
    0,
) | {"nought": 0}
_TENS: Final = {
    word: 10 * value for word, value in numbered("twenty thirty forty fifty sixty seventy eighty ninety", 2).items()
} | {"fourty": 40}
_SCALES: Final = grouped(
    {
        10**3: "thousand",
        10**5: "lakh lakhs",
        10**6: "million",
        10**7: "crore crores",
        10**9: "billion",
        10**12: "trillion",
    }
)
_AND: Final = ("and", "&", "n")
SUFFIXES: Final = {"k": 10**3, "mn": 10**6, "bn": 10**9}
"""Suffixes directly after digits that multiply them."""

MONEY_SUFFIXES: Final = SUFFIXES | {"m": 10**6, "b": 10**9}
"""The same for amounts of money; elsewhere `30m` is minutes or metres, and `2b` is a room."""

NO_SUFFIXES: Final[Mapping[str, int]] = {}
GROUPS: Final = {"hundred": 100, "dozen": 12, "dozens": 12} | _SCALES
_FRACTIONS: Final = {"half": Decimal("0.5"), "quarter": Decimal("0.25"), "quarters": Decimal("0.25")}
_SHARES: Final = {
    (whole, part): Decimal(whole) / Decimal(part) for whole, part in (("1", "2"), ("1", "4"), ("3", "4"), ("1", "3"))
}
_QUARTER: Final = Decimal("0.25")
_SHARE_COUNTS: Final = {"a": 1, "one": 1, "three": 3}
_SECOND_OF_SHARES: Final = frozenset({"/", "-", *_FRACTIONS})
_SHARE_SIGNS: Final = {"½": Decimal("0.5"), "¼": Decimal("0.25"), "¾": Decimal("0.75")}
_SEVERAL: Final = {"couple": 2, "pair": 2, "few": 3}
_DIGITS: Final = {word: str(value) for word, value in _SMALL.items() if value < 10} | {"oh": "0"}

_ORDINALS: Final = numbered(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth",
    1,
)
_TENTHS: Final = {word[:-1] + "ieth": value for word, value in _TENS.items() if word != "fourty"}

COUNTING: Final = frozenset({"several", "many"}).union(_SMALL, _TENS, GROUPS, _SEVERAL)
"""Words that count what follows: a number after them is part of theirs."""

SPOKEN: Final = listed("a an half quarter minus negative dozen hundred couple point .").union(
    _SMALL, _TENS, _SHARE_SIGNS
)
"""Words and signs that a number can begin with."""

_BEGINNINGS: Final = SPOKEN | {"-", "the"}

ORDINAL_WORDS: Final = frozenset(_TENS).union(_ORDINALS, _TENTHS)
"""Words that an ordinal can begin with."""

LARGEST: Final = 2**53
"""Up to here every JSON reader gets whole numbers exactly; people do not mean larger quantities."""

_LONGEST: Final = 15
"""The maximum number of digits; longer numbers are codes (of a card, of a parcel), not quantities."""


def digits(tokens: Tokens, at: int, *, comma: bool = False, spaces: bool = False) -> Number | None:
    """Read a number in digits: `5`, `1,234.56`, `.5`; with `comma` also `12,50`, `1.234,56`, with `spaces` `1 234`."""
    if tokens.words[at] == ".":
        return _decimals_alone(tokens, at)
    if not tokens.has_digits(at) or len(tokens.words[at]) > _LONGEST:
        return None
    following = tokens.words[at + 1]
    if following not in {",", ".", "'"} and not following.isdecimal():
        return Number(at + 1, Decimal(int(tokens.words[at])))
    marks = _MARKS_WITH_COMMA if comma else _MARKS
    if spaces and tokens.before(at) not in _NAMED_BY_NUMBERS:
        marks += _MARKS_WITH_SPACES
    return max((_separated(tokens, at, *separators) for separators in marks), key=lambda number: number.end)


_MARKS: Final[tuple[tuple[str, str], ...]] = ((",", "."),)
"""The separators of thousands and of decimals."""
_MARKS_WITH_COMMA: Final = (*_MARKS, (".", ","), ("'", "."))
_MARKS_WITH_SPACES: Final = ((" ", "."), (" ", ","))

_NAMED_BY_NUMBERS: Final = listed("account card ending invoice order number no iban reference")
"""Words for things that are identified by the number after them: the next number is a separate one."""

_COUNTED: Final = listed("times percent % people")
"""Words that the number directly before them counts: it is not the end of the number before that."""


def _decimals_alone(tokens: Tokens, at: int) -> Number | None:
    """Read `.5`."""
    begins = not tokens.glued(at) or not (tokens.words[at - 1].isalnum() or tokens.words[at - 1] in ".,")
    if not (begins and tokens.glued(at + 1) and tokens.has_digits(at + 1)) or len(tokens.words[at + 1]) > _LONGEST:
        return None
    return Number(at + 2, Decimal(f"0.{tokens.words[at + 1]}"))


def _separated(tokens: Tokens, at: int, thousands: str, decimals: str) -> Number:
    """Read digits in groups of three and decimals with these separators."""
    whole, end = tokens.words[at], at + 1
    if len(whole) <= 3:
        while len(whole) < _LONGEST and (group := _group(tokens, end, thousands)):
            whole += tokens.words[group]
            end = group + 1
    if _joined(tokens, end, decimals) and len(tokens.words[end + 1]) <= _LONGEST:
        return Number(end + 2, Decimal(f"{int(whole)}.{tokens.words[end + 1]}"))
    return Number(end, Decimal(int(whole)))


def _group(tokens: Tokens, at: int, mark: str) -> int | None:
    """Return the position of three digits that belong to the number before them, if there are any."""
    if mark == " ":
        group = at
        belongs = tokens.has_digits(at) and tokens.starts[at] - tokens.ends[at - 1] == 1
        belongs = belongs and tokens.words[at + 1] not in _COUNTED
    else:
        group = at + 1
        belongs = _joined(tokens, at, mark)
    return group if belongs and len(tokens.words[group]) == 3 else None


def _joined(tokens: Tokens, at: int, mark: str) -> bool:
    return tokens.words[at] == mark and tokens.joins_digits(at)


def number(tokens: Tokens, at: int, *, suffixes: Mapping[str, int] = SUFFIXES, comma: bool = False) -> Number | None:
    """Read the longest number at `at`: digits or words, scaled (`1.2k`, `half a million`), signed, up to `LARGEST`."""
    word = tokens.words[at]
    if word not in _BEGINNINGS and not word.isdecimal():
        return None
    if word in {"minus", "negative"} or (word == "-" and not tokens.glued(at) and tokens.glued(at + 1)):
        if tokens.words[at + 1] in {"minus", "negative", "-"}:
            return None
        positive = number(tokens, at + 1, suffixes=suffixes, comma=comma)
        return positive and Number(positive.end, -positive.value)
    read = digits(tokens, at, comma=comma, spaces=comma)
    if read is None or (tokens.words[at + 1] == "/" and _of_a_group(tokens, at)):
        read = _spoken(tokens, at)
    else:
        read = _scaled(tokens, read)
    read = read and _with_suffix(tokens, read, suffixes)
    return None if read is None or read.value > LARGEST else read


def _with_suffix(tokens: Tokens, read: Number, suffixes: Mapping[str, int]) -> Number:
    """Multiply by a suffix directly after digits; a `k` can also follow a space or words: `50 k`, `ten k`."""
    word, touches = tokens.words[read.end], tokens.glued(read.end) and tokens.has_digits(read.end - 1)
    if word not in suffixes or not (touches or word == "k") or tokens.goes_on(read.end + 1):
        return read
    return Number(read.end + 1, read.value * suffixes[word])


def _scaled(tokens: Tokens, read: Number) -> Number:
    group = GROUPS.get(tokens.words[read.end])
    if group:
        return _continued(tokens, Number(read.end + 1, read.value * group), group)
    return _with_fraction(tokens, read)


def _spoken(tokens: Tokens, at: int) -> Number | None:
    words = tokens.words
    part = _of_a_group(tokens, at)
    if part:
        return part
    first = at + 1 if words[at] in {"a", "an"} else at
    if words[first] in GROUPS and (first > at or words[at] in {"dozen", "hundred"}):
        return _continued(tokens, Number(first + 1, Decimal(GROUPS[words[first]])), GROUPS[words[first]])
    if words[at] in _SHARE_SIGNS:
        return Number(at + 1, _SHARE_SIGNS[words[at]])
    read = _several(tokens, at) or _below_hundred(tokens, at) or _point_alone(tokens, at)
    return None if read is None else _scaled(tokens, _with_point(tokens, read))


def _of_a_group(tokens: Tokens, at: int) -> Number | None:
    """Read `half a million`, `1/2 a million`."""
    share = fraction_of(tokens, at)
    group = GROUPS.get(tokens.words[share.end]) if share else None
    return Number(share.end + 1, share.value * group) if share and group else None


def fraction_of(tokens: Tokens, at: int) -> Number | None:
    """Read `half a`, `a quarter of an`, `three-quarters of a`, `1/2`, `half` before the whole that they are part of."""
    if tokens.words[at] not in _FRACTIONS and tokens.words[at + 1] not in _SECOND_OF_SHARES:
        return None
    share = _share(tokens, at)
    return share and share._replace(end=tokens.skip(tokens.skip(share.end, ("of",)), ("a", "an")))


def _share(tokens: Tokens, at: int) -> Number | None:
    if tokens.words[at + 1] == "/":
        return _with_slash(tokens, at)
    count = _SHARE_COUNTS.get(tokens.words[at])
    name = tokens.skip(at + 1, ("-",)) if count else at
    part = _FRACTIONS.get(tokens.words[name])
    if part is None or (count == 3 and part != _QUARTER):
        return None
    return Number(name + 1, part * (count or 1))


def _with_slash(tokens: Tokens, at: int) -> Number | None:
    """Read `1/2`, `3/4`."""
    if not tokens.is_tight(at + 1) or tokens.glued(at):
        return None
    share = _SHARES.get((tokens.words[at], tokens.words[at + 2]))
    return None if share is None else Number(at + 3, share)


def _several(tokens: Tokens, at: int) -> Number | None:
    """Read `a couple of`, `a pair`; `few` only if it counts something larger: `a few hundred`."""
    first = tokens.skip(at, ("a", "the"))
    word = tokens.words[first]
    end = tokens.skip(first + 1, ("of",))
    if word not in _SEVERAL or (tokens.words[end] not in GROUPS and (word == "few" or first == at)):
        return None
    return Number(end, Decimal(_SEVERAL[word]))


def _below_hundred(tokens: Tokens, at: int) -> Number | None:
    word = tokens.words[at]
    if word in _TENS:
        unit = at + 2 if tokens.words[at + 1] == "-" else at + 1
        value = _SMALL.get(tokens.words[unit], 0)
        if 0 < value < 10:
            return Number(unit + 1, Decimal(_TENS[word] + value))
        return Number(at + 1, Decimal(_TENS[word]))
    return Number(at + 1, Decimal(_SMALL[word])) if word in _SMALL else None


def _continued(tokens: Tokens, read: Number, scale: int) -> Number:
    """Continue after a hundred, a thousand, ...: a larger scale multiplies, smaller parts are added."""
    total, end = read.value, read.end
    while True:
        larger = _SCALES.get(tokens.words[end], 0)
        if larger > scale:
            total, scale, end = total * larger, larger, end + 1
        part = _part(tokens, tokens.skip(end, (*_AND, ",")), scale)
        if part is None:
            return Number(end, total)
        total, end = total + part.value, part.end
        if _SCALES.get(tokens.words[end], 0) <= scale:
            return Number(end, total)


def _part(tokens: Tokens, at: int, scale: int) -> Number | None:
    """Read what can follow a scale: a number below it ("and five", "and 20", "two hundred", "five thousand")."""
    small = _below_hundred(tokens, at) or _digits_behind(tokens, at)
    if small is None and tokens.words[at] == "a" and tokens.words[at + 1] == "hundred":
        small = Number(at + 1, Decimal(1))
    if small is None:
        return None
    following = GROUPS.get(tokens.words[small.end], 0)
    if 0 < following < scale:
        small = _continued(tokens, Number(small.end + 1, small.value * following), following)
    return small if small.value < scale and following != scale else None


def _digits_behind(tokens: Tokens, at: int) -> Number | None:
    """Read the `20` of `one hundred and 20` and the `500` of `2 thousand 500`, not the `20` of `a hundred and 20p`."""
    read = digits(tokens, at)
    if read is None or tokens.goes_on(read.end) or joins(tokens, read.end) or tokens.words[read.end] in _COUNTED:
        return None
    before = tokens.words[at - 1]
    whole = len(tokens.words[at]) == 3 or tokens.words[read.end] in GROUPS
    return read if before in _AND or (before in _SCALES and whole) else None


def _with_point(tokens: Tokens, read: Number) -> Number:
    if tokens.words[read.end] != "point":
        return read
    end, decimals = read.end + 1, ""
    while tokens.words[end] in _DIGITS and len(decimals) < _LONGEST:
        decimals, end = decimals + _DIGITS[tokens.words[end]], end + 1
    if not decimals and tokens.has_digits(end) and len(tokens.words[end]) <= _LONGEST:
        decimals, end = tokens.words[end], end + 1
    if not decimals:
        return read
    return _multiplied(tokens, Number(end, Decimal(f"{int(read.value)}.{decimals}")), GROUPS)


def _point_alone(tokens: Tokens, at: int) -> Number | None:
    """Read `point five`, but not `this point, two cards`: only if no word is before it, or for a percentage."""
    read = Number(at, Decimal(0))
    end = _with_point(tokens, read).end
    alone = at == 0 or not tokens.is_word(at - 1) or tokens.words[end] in {"percent", "%"}
    return read if end > at + 1 and tokens.is_word(at + 1) and alone else None


def _with_fraction(tokens: Tokens, read: Number) -> Number:
    """Add `and a half`, `and three quarters`, `½`, `1/2`."""
    words, at = tokens.words, read.end
    if words[at] in _SHARE_SIGNS:
        return Number(at + 1, read.value + _SHARE_SIGNS[words[at]])
    share = _with_slash(tokens, at) if words[at + 1] == "/" else None
    if share:
        return Number(share.end, read.value + share.value)
    if words[at] != "and":
        return read
    if words[at + 1] in {"a", "an"} and words[at + 2] in _FRACTIONS:
        return _multiplied(tokens, Number(at + 3, read.value + _FRACTIONS[words[at + 2]]), _SCALES)
    if words[at + 1] == "three" and words[at + 2] == "quarters":
        return _multiplied(tokens, Number(at + 3, read.value + 3 * _QUARTER), _SCALES)
    return read


def _multiplied(tokens: Tokens, read: Number, scales: Mapping[str, int]) -> Number:
    """Multiply by the scale after a number, if there is one: `two and a half thousand`."""
    scale = scales.get(tokens.words[read.end])
    return Number(read.end + 1, read.value * scale) if scale else read


def ordinal(tokens: Tokens, at: int) -> Number | None:
    """Read an ordinal: `3rd`, `third`, `twenty-first`."""
    word = tokens.words[at]
    if tokens.has_digits(at):
        fits = len(word) <= 4 and tokens.words[at + 1] in {"st", "nd", "rd", "th"} and tokens.glued(at + 1)
        return Number(at + 2, Decimal(int(word))) if fits else None
    if word in _TENS:
        unit = at + 2 if tokens.words[at + 1] == "-" else at + 1
        small = _ORDINALS.get(tokens.words[unit], 0)
        return Number(unit + 1, Decimal(_TENS[word] + small)) if 0 < small < 10 else None
    value = _ORDINALS.get(word) or _TENTHS.get(word)
    return Number(at + 1, Decimal(value)) if value else None


def plain(value: Decimal) -> int | float:
    """Return a number for JSON: whole numbers as int."""
    return int(value) if value == value.to_integral_value() else float(value)
