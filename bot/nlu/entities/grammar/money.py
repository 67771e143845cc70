"""Amounts of money: `£50`, `twenty quid`, `EUR 12.50`, `five pounds twenty`, `between £10 and £20`."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from bot.messages import Json
from bot.nlu.entities.grammar.calendar import Reference
from bot.nlu.entities.grammar.currencies import (
    CODES,
    DOLLARS,
    MINOR,
    NAMES,
    POUND,
    SIGNS,
    Currency,
    currency_behind,
    sign_before,
)
from bot.nlu.entities.grammar.fragments import is_fragment, joins
from bot.nlu.entities.grammar.limits import LIMIT_WORDS, limit_before, limit_behind
from bot.nlu.entities.grammar.numbers import (
    COUNTING,
    GROUPS,
    LARGEST,
    MONEY_SUFFIXES,
    NO_SUFFIXES,
    SPOKEN,
    Number,
    fraction_of,
    number,
    plain,
)
from bot.nlu.entities.grammar.reading import Reading, closes, nothing
from bot.nlu.entities.grammar.tokens import Tokens, listed

_SCALES_BEHIND: Final = {"grand": 10**3, "mil": 10**6, "mn": 10**6, "bn": 10**9}
"""Scales that can follow an amount with a currency sign, after a space."""

_GLUED: Final = listed("ish p pa pcm pm pp pw each off to from for into and or") | _SCALES_BEHIND.keys()
"""Words that can follow an amount without a gap and do not change it."""

_NOTES: Final = {"fiver": 5, "tenner": 10, "grand": 1000, "fivers": 5, "tenners": 10}

_JOINTS: Final = frozenset({"-", "to"})
_BETWEEN: Final = {"between": _JOINTS | {"and"}, "from": _JOINTS | {"till", "until"}}
_ALL_SCALES: Final = MONEY_SUFFIXES | _SCALES_BEHIND | GROUPS
_LAST_WORDS: Final = 3
"""The number of an amount's last words in which its scale is searched: only the currency comes after it."""

_SHARED: Final = {"$": frozenset({"CAD", "AUD", "NZD", "HKD", "SGD", "MXN", "BRL"}), "JPY": frozenset({"CNY"})}
"""Currencies that share a sign (the key is the unit of the currency that the sign alone stands for)."""

_ARTICLES: Final = frozenset({"a", "an"})
_PLUS_OR_MINUS: Final = frozenset({"-", "+", "minus", "negative"})

_LONGEST_AMOUNT: Final = 14
"""The number of tokens in which the word that joins two amounts is searched."""

MONEY_WORDS: Final = SPOKEN | LIMIT_WORDS | {*SIGNS, *CODES, *DOLLARS, *_NOTES, *_BETWEEN, "-", "+", "a", "an", "rs"}
"""Words that an amount can begin with, besides digits."""


FOLLOWERS: Final = frozenset({*NAMES, *_NOTES, *MINOR, "least", "most", "excess"})
"""Words that follow articles and prepositions in amounts, but do not begin an amount themselves."""


class Amount(NamedTuple):
    """An amount of money that ends before token `end`."""

    end: int
    value: Decimal
    currency: Currency


def money(tokens: Tokens, at: int, reference: Reference) -> Reading | None:
    """Read an amount, or an interval of amounts."""
    return _bounded(tokens, at) or _between(tokens, at) or _range(tokens, at) or _unclear(tokens, at)


def _unclear(tokens: Tokens, at: int) -> Reading | None:
    """Read what looks like an amount but is not one as nothing.

    This keeps numbers from being read in `£1^3`, `1.000 pounds` or `one fifty pounds`.
    """
    sign, end = sign_before(tokens, at)
    if sign and tokens.has_digits(end):
        while tokens.glued(end + 1) or _breaks_off(tokens, end) or _breaks_off(tokens, end + 1):
            end += 1
        return nothing(end + 1)
    read = number(tokens, at, suffixes=NO_SUFFIXES)
    currency, end = currency_behind(tokens, read.end) if read else (None, at)
    return nothing(end) if currency else None


def _bounded(tokens: Tokens, at: int) -> Reading | None:
    """Read `under £15`, `at least ten quid`."""
    limit = limit_before(tokens, at)
    if limit is None:
        return None
    found = _amount(tokens, limit.end)
    return _interval(found.end, **{limit.side: found}) if found else None


def _between(tokens: Tokens, at: int) -> Reading | None:
    joints = _BETWEEN.get(tokens.words[at])
    return _pair(tokens, at + 1, joints) if joints else None


def _range(tokens: Tokens, at: int) -> Reading | None:
    pair = _pair(tokens, at, _JOINTS)
    if pair:
        return pair
    found = _amount(tokens, at)
    if found is None:
        return None
    limit = limit_behind(tokens, found.end)
    if limit:
        return _interval(limit.end, **{limit.side: found})
    return Reading(found.end, plain(found.value), {"type": "value", **_details(found)})


def _pair(tokens: Tokens, at: int, joints: frozenset[str]) -> Reading | None:
    """Read two amounts with a joint between them; one of them can take its currency from the other."""
    if joints.isdisjoint(tokens.words[at : at + _LONGEST_AMOUNT]):
        return None
    first = _amount(tokens, at)
    read = first or number(tokens, at, suffixes=MONEY_SUFFIXES, comma=True)
    if read is None or tokens.words[read.end] not in joints:
        return None
    begin = read.end + 1
    second = _amount(tokens, begin)
    if second is None and first and tokens.words[at] in SIGNS:
        bare = number(tokens, begin, suffixes=MONEY_SUFFIXES, comma=True)
        second = bare and Amount(bare.end, bare.value, first.currency)
    if second is None:
        return None
    low = first or Amount(read.end, read.value, second.currency)
    if tokens.words[begin] not in SIGNS:
        low = _scaled_alike(tokens, low, second)
    if low.currency.code != second.currency.code or low.value > second.value:
        return None
    return _interval(second.end, **{"from": low, "to": second})


def _scaled_alike(tokens: Tokens, low: Amount, high: Amount) -> Amount:
    """Apply the scale of the second amount to the first if that has none: `1 and 2 thousand`, `£1-2k`."""
    scales = (_ALL_SCALES.get(tokens.words[at]) for at in range(high.end - 1, low.end, -1)[:_LAST_WORDS])
    scale = next((found for found in scales if found), None)
    if scale is None or low.value >= high.value / scale:
        return low
    return low._replace(value=low.value * scale)


def _interval(end: int, **sides: Amount) -> Reading:
    value = {side: plain(sides[side].value) if side in sides else None for side in ("to", "from")}
    return Reading(end, value, {"type": "interval", **{side: _details(found) for side, found in sides.items()}})


def _details(found: Amount) -> dict[str, Json]:
    details: dict[str, Json] = {
        "value": plain(found.value),
        "unit": found.currency.unit,
        "currency": found.currency.code,
    }
    minor = found.value.scaleb(found.currency.decimals)
    if minor == minor.to_integral_value():
        details["minor"] = int(minor)
    return details


def _amount(tokens: Tokens, at: int) -> Amount | None:
    word = tokens.words[at]
    signed = _signed(tokens, at + 1) if word in _PLUS_OR_MINUS and not tokens.glued(at) else None
    if signed and word != "+":
        signed = signed._replace(value=-signed.value)
    found = signed or _signed(tokens, at) or _named(tokens, at) or _note(tokens, at)
    return found if found and abs(found.value).scaleb(found.currency.decimals) <= LARGEST else None


def _signed(tokens: Tokens, at: int) -> Amount | None:
    """Read an amount whose currency comes first: `£50`, `US$ 3.14`, `EUR 12,50`."""
    currency, after = sign_before(tokens, at)
    if currency is None:
        return None
    minus = tokens.words[after] == "-" and tokens.glued(after)
    first = after + 1 if minus else after
    begins = tokens.has_digits(first) or tokens.words[first] == "."
    read = number(tokens, first, suffixes=MONEY_SUFFIXES, comma=True) if begins else None
    if read is None or _runs_on(tokens, read.end) or _is_grouped_by_point(tokens, read, currency):
        return None
    scale = _SCALES_BEHIND.get(tokens.words[read.end])
    if scale:
        rest = Number(read.end + 1, read.value * scale)
    else:
        rest = _rest(tokens, read, currency) if read.value == read.value.to_integral_value() else read
    repeated = _repeated_currency(tokens, rest.end, currency)
    if repeated is None or _breaks_off(tokens, rest.end):
        return None
    end, currency = repeated
    return Amount(end, -rest.value if minus else rest.value, currency)


def _repeated_currency(tokens: Tokens, at: int, currency: Currency) -> tuple[int, Currency] | None:
    """Read the currency named again after an amount with a sign: `£20 quid`, `$50 CAD`; None for `£50 euros`."""
    again, end = currency_behind(tokens, at)
    others = _SHARED.get(currency.unit, frozenset())
    if again is None and tokens.words[at].upper() in others:  # "$50 cad"
        again = CODES[tokens.words[at]]
    if again is None or again.code == currency.code:
        return at, currency
    return (end, again) if again.code in others else None


def _breaks_off(tokens: Tokens, at: int) -> bool:
    """Whether digits continue after a gap that should not be there: `£20, 000`, `£1, 250`, `£20 .50`, `£20 . 50`."""
    mark, behind = tokens.words[at], at + 1
    if not tokens.has_digits(behind) or not tokens.has_digits(at - 1):
        return False
    if mark == ".":
        return not tokens.glued(at) or tokens.glued(behind)
    grouped = mark == "," and tokens.glued(at) and len(tokens.words[at - 1]) <= 3 and len(tokens.words[behind]) == 3
    return grouped and not tokens.goes_on(behind + 1)


def _named(tokens: Tokens, at: int) -> Amount | None:
    """Read an amount whose currency comes last: `50p`, `twenty quid`, `12.50 EUR`, `five pounds twenty`."""
    read = number(tokens, at, suffixes=MONEY_SUFFIXES, comma=True)
    if read is None and tokens.words[at] in _ARTICLES and tokens.words[at + 1] in FOLLOWERS:
        one = _with_unit(tokens, at, Number(at + 1, Decimal(1)))
        return one if one and closes(tokens, one.end) else None  # "a grand piano", "a pound coin"
    share = fraction_of(tokens, at)
    if share and tokens.words[share.end] in _NOTES:
        read = share
    return None if read is None or _is_part(tokens, at, read) else _with_unit(tokens, at, read)


def _with_unit(tokens: Tokens, at: int, read: Number) -> Amount | None:
    """Read the currency, the coins or the notes that are counted."""
    word = tokens.words[read.end]
    if word in MINOR and _is_minor(tokens, at, read):
        return Amount(read.end + 1, read.value / 100, MINOR[word])
    if word in _NOTES:
        return _in_notes(tokens, read, _NOTES[word])
    currency, end = currency_behind(tokens, read.end)
    if currency is None or _is_grouped_by_point(tokens, read, currency):
        return None
    rest = _rest(tokens, Number(end, read.value), currency)
    return Amount(rest.end, rest.value, currency)


def _is_part(tokens: Tokens, at: int, read: Number) -> bool:
    """Whether a number is only part of one: the `000` of `a.000 euros`, the `3` of `1e3 pounds`, the `fifty` of
    `one fifty pounds`, the `250` of `1, 250 pounds`.
    """
    if read.end == at + 1 and len(tokens.words[at]) > 1 and tokens.words[at].startswith("0"):
        return True
    if at > 1 and _breaks_off(tokens, at - 1):
        return True
    return is_fragment(tokens, at) or tokens.before(at) in (COUNTING if tokens.is_word(at) else GROUPS)


def _in_notes(tokens: Tokens, count: Number, note: int) -> Amount:
    """Read `grand`, `tenners` after their number, and a half after them."""
    end, value = tokens.skip(count.end + 1, ("quid", "pounds")), count.value * note
    if tokens.phrase(end, "and", "a", "half"):
        return Amount(end + 3, value + Decimal(note) / 2, POUND)
    return Amount(end, value, POUND)


def _is_minor(tokens: Tokens, at: int, read: Number) -> bool:
    """Whether it is `50p`, `ninety nine p` or `fifty pence`, not `2 c` or `plan a p`: one letter must touch digits."""
    last, unit = read.end - 1, tokens.words[read.end]
    spoken = unit == "p" and tokens.is_word(last) and tokens.words[last] not in _ARTICLES
    return len(unit) > 1 or spoken or (tokens.has_digits(last) and tokens.glued(read.end))


def _note(tokens: Tokens, at: int) -> Amount | None:
    """Read a banknote's nickname."""
    word = tokens.words[at]
    return Amount(at + 1, Decimal(_NOTES[word]), POUND) if word in {"fiver", "tenner"} else None


def _rest(tokens: Tokens, whole: Number, currency: Currency) -> Number:
    """Add pence or cents: `£5 and 20p`, `20 dollars 43 cents`, `five pounds twenty`."""
    at = tokens.skip(whole.end, ("and",))
    small = number(tokens, at, suffixes=NO_SUFFIXES)
    if small is None or not 0 < small.value < 100 or small.value != small.value.to_integral_value():
        return whole
    cents = whole.value + (small.value if whole.value >= 0 else -small.value) / 100
    if tokens.words[small.end] in MINOR and _is_minor(tokens, at, small):
        return Number(small.end + 1, cents)
    spoken = at == whole.end and tokens.is_word(whole.end - 1)
    two = small.value >= 10 or not tokens.has_digits(at)
    if spoken and two and currency.decimals == 2 and closes(tokens, small.end):
        return Number(small.end, cents)
    return whole


def _runs_on(tokens: Tokens, at: int) -> bool:
    """Whether what follows without a gap makes it something else: `£12,34,567`, `£15O`, `£1e3`, `£1/2`.

    A user who mistypes an amount must be asked for it again; using a part of it would be wrong.
    """
    if not tokens.glued(at):
        return False
    if tokens.is_word(at):
        last = tokens.words[at] in _GLUED or currency_behind(tokens, at)[0] is not None
        return not last or (tokens.glued(at + 1) and tokens.has_digits(at + 1))
    return tokens.words[at].isalnum() or tokens.words[at] == "_" or joins(tokens, at)


def _is_grouped_by_point(tokens: Tokens, read: Number, currency: Currency) -> bool:
    """Whether `1.000` could also be a thousand: three digits after a point in a currency with two decimals."""
    last = read.end - 1
    is_group = last >= 2 and tokens.words[last - 1] == "." and tokens.glued(last) and tokens.has_digits(last - 2)
    digits = tokens.words[last]
    return is_group and currency.decimals == 2 and len(digits) == 3 and digits.isdecimal() and digits.endswith("0")
