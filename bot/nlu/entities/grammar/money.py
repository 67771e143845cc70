"""Amounts of money: `£50`, `twenty quid`, `EUR 12.50`, `five pounds twenty`, `between £10 and £20`."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from bot.messages import Json
from bot.nlu.entities.grammar.calendar import Reference
from bot.nlu.entities.grammar.numbers import SPOKEN, Number, number, plain
from bot.nlu.entities.grammar.reading import Reading, closes
from bot.nlu.entities.grammar.tokens import Tokens, listed


class Currency(NamedTuple):
    """A currency: its ISO 4217 code, Duckling's name for it, and how many decimals it has."""

    code: str
    unit: str
    decimals: int = 2


_POUND, _EURO, _DOLLAR = Currency("GBP", "£"), Currency("EUR", "EUR"), Currency("USD", "$")
_CODES: Final = {
    code: Currency(code.upper(), code.upper(), 0 if code in {"jpy", "krw", "isk"} else 2)
    for code in listed(
        "gbp eur usd jpy chf aud cad nzd sek nok dkk pln czk huf inr cny hkd sgd zar brl mxn try rub krw isk "
        "ils aed sar qar thb myr"
    )
}
_LOOKS_LIKE_A_WORD: Final = frozenset({"try", "cad"})
_SIGNS: Final = {
    "£": _POUND,
    "€": _EURO,
    "$": _DOLLAR,
    "¥": _CODES["jpy"],
    "₹": _CODES["inr"],
    "₺": _CODES["try"],
    "₽": _CODES["rub"],
}
_DOLLARS: Final = {"us": "usd", "au": "aud", "a": "aud", "ca": "cad", "c": "cad", "nz": "nzd", "hk": "hkd"}
_NAMES: Final = {
    "pound": _POUND,
    "pounds": _POUND,
    "quid": _POUND,
    "sterling": _POUND,
    "euro": _EURO,
    "euros": _EURO,
    "dollar": _DOLLAR,
    "dollars": _DOLLAR,
    "buck": _DOLLAR,
    "bucks": _DOLLAR,
    "rupee": _CODES["inr"],
    "rupees": _CODES["inr"],
    "yen": _CODES["jpy"],
    "franc": _CODES["chf"],
    "francs": _CODES["chf"],
    "zloty": _CODES["pln"],
}
_MINOR: Final = {
    "p": _POUND,
    "pence": _POUND,
    "penny": _POUND,
    "pennies": _POUND,
    "cent": _DOLLAR,
    "cents": _DOLLAR,
    "c": _DOLLAR,
    "¢": _DOLLAR,
}
_NOTES: Final = {"fiver": 5, "tenner": 10, "grand": 1000, "fivers": 5, "tenners": 10}

_AT_MOST: Final = (
    ("under",),
    ("below",),
    ("less", "than"),
    ("lower", "than"),
    ("fewer", "than"),
    ("smaller", "than"),
    ("cheaper", "than"),
    ("up", "to"),
    ("at", "most"),
    ("no", "more", "than"),
    ("not", "more", "than"),
    ("maximum",),
    ("max",),
)
_AT_LEAST: Final = (
    ("over",),
    ("above",),
    ("more", "than"),
    ("greater", "than"),
    ("bigger", "than"),
    ("larger", "than"),
    ("higher", "than"),
    ("at", "least"),
    ("exceeding",),
    ("no", "less", "than"),
    ("not", "less", "than"),
    ("minimum",),
    ("min",),
)
_SIDES_BEHIND: Final = {("or", word): "from" for word in ("more", "over", "above", "higher")} | {
    ("or", word): "to" for word in ("less", "under", "below", "lower", "cheaper")
}
"""What follows an amount and makes an interval of it, with the side that the amount is."""

_JOINTS: Final = frozenset({"-", "to"})
_BETWEEN: Final = {"between": _JOINTS | {"and"}, "from": _JOINTS | {"till", "until"}}
_LONGEST_AMOUNT: Final = 14
"""Tokens within which the word has to stand that joins two amounts."""

MONEY_WORDS: Final = (
    SPOKEN
    | frozenset(_SIGNS)
    | frozenset(_CODES)
    | frozenset(_DOLLARS)
    | frozenset(_NOTES)
    | {phrase[0] for phrase in _AT_MOST + _AT_LEAST}
    | frozenset(_BETWEEN)
    | {"-", "+", "a", "an"}
)
"""Words that an amount can begin with, besides digits."""


FOLLOWERS: Final = frozenset(_NAMES) | frozenset(_NOTES) | frozenset(_MINOR) | {"least", "most"}
"""Words that stand in amounts behind articles and prepositions, without beginning an amount themselves."""


class Amount(NamedTuple):
    """An amount of money that ends before token `end`."""

    end: int
    value: Decimal
    currency: Currency


def money(tokens: Tokens, at: int, reference: Reference) -> Reading | None:
    """Read an amount, or an interval of amounts."""
    return _bounded(tokens, at) or _between(tokens, at) or _range(tokens, at)


def _bounded(tokens: Tokens, at: int) -> Reading | None:
    for side, phrases in (("to", _AT_MOST), ("from", _AT_LEAST)):
        for phrase in phrases:
            if tokens.words[at] == phrase[0] and tokens.phrase(at, *phrase):
                found = _amount(tokens, at + len(phrase))
                return found and _interval(found.end, **{side: found})
    return None


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
    side = _SIDES_BEHIND.get((tokens.words[found.end], tokens.words[found.end + 1]))
    if side:
        return _interval(found.end + 2, **{side: found})
    return Reading(found.end, plain(found.value), {"type": "value", **_details(found)})


def _pair(tokens: Tokens, at: int, joints: frozenset[str]) -> Reading | None:
    """Read two amounts with a joint between them; the first may leave its currency to the second."""
    if joints.isdisjoint(tokens.words[at : at + _LONGEST_AMOUNT]):
        return None
    first = _amount(tokens, at)
    joint = first.end if first else None
    bare = None if first else number(tokens, at)
    if bare:
        joint = bare.end
    if joint is None or tokens.words[joint] not in joints:
        return None
    second = _amount(tokens, joint + 1)
    if second is None and first and tokens.words[at] in _SIGNS:
        rest = number(tokens, joint + 1)
        second = rest and Amount(rest.end, rest.value, first.currency)
    if second is None:
        return None
    low = first or Amount(joint, bare.value if bare else Decimal(0), second.currency)
    if low.currency.code != second.currency.code or low.value > second.value:
        return None
    return _interval(second.end, **{"from": low, "to": second})


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
    if word in {"-", "+"} and not tokens.glued(at):
        found = _signed(tokens, at + 1)
        return found and found._replace(value=-found.value if word == "-" else found.value)
    return _signed(tokens, at) or _named(tokens, at) or _note(tokens, at)


def _signed(tokens: Tokens, at: int) -> Amount | None:
    """Read an amount whose currency comes first: `£50`, `US$ 3.14`, `EUR 12,50`."""
    currency, after = _sign_before(tokens, at)
    if currency is None:
        return None
    minus = tokens.words[after] == "-" and tokens.glued(after)
    read = number(tokens, after + minus, comma=True) if tokens.has_digits(after + minus) else None
    if read is None or _runs_on(tokens, read.end):
        return None
    rest = _rest(tokens, read, currency) if read.value == read.value.to_integral_value() else read
    return Amount(rest.end, -rest.value if minus else rest.value, currency)


def _sign_before(tokens: Tokens, at: int) -> tuple[Currency | None, int]:
    word = tokens.words[at]
    if word in _SIGNS:
        return _SIGNS[word], at + 1
    if word in _DOLLARS and tokens.words[at + 1] == "$" and tokens.glued(at + 1):
        return _CODES[_DOLLARS[word]], at + 2
    return (_code(tokens, at), at + 1)


def _code(tokens: Tokens, at: int) -> Currency | None:
    word = tokens.words[at]
    if word in _LOOKS_LIKE_A_WORD and tokens.text[tokens.starts[at] : tokens.ends[at]] != word.upper():
        return None
    return _CODES.get(word)


def _named(tokens: Tokens, at: int) -> Amount | None:
    """Read an amount whose currency comes last: `50p`, `twenty quid`, `12.50 EUR`, `five pounds twenty`."""
    read = number(tokens, at, comma=True)
    if read is None and tokens.words[at] in {"a", "an"} and tokens.words[at + 1] in FOLLOWERS:
        read = Number(at + 1, Decimal(1))
    if read is None or read.end >= tokens.count:
        return None
    word = tokens.words[read.end]
    if word in _MINOR and _is_minor(tokens, at, read):
        return Amount(read.end + 1, read.value / 100, _MINOR[word])
    if word in _NOTES:
        end = tokens.skip(read.end + 1, ("quid", "pounds"))
        return Amount(end, read.value * _NOTES[word], _POUND)
    currency = _SIGNS.get(word) or _NAMES.get(word) or _code(tokens, read.end)
    if currency is None:
        return None
    end = tokens.skip(read.end + 1, ("sterling",)) if word.startswith("pound") else read.end + 1
    rest = _rest(tokens, Number(end, read.value), currency)
    return Amount(rest.end, rest.value, currency)


def _is_minor(tokens: Tokens, at: int, read: Number) -> bool:
    """Tell `50p` and `fifty pence` from `2 c` and `plan a p`: one letter has to touch digits."""
    return len(tokens.words[read.end]) > 1 or (tokens.has_digits(read.end - 1) and tokens.glued(read.end))


def _note(tokens: Tokens, at: int) -> Amount | None:
    """Read a banknote's nickname."""
    word = tokens.words[at]
    return Amount(at + 1, Decimal(_NOTES[word]), _POUND) if word in {"fiver", "tenner"} else None


def _rest(tokens: Tokens, whole: Number, currency: Currency) -> Number:
    """Add pence or cents: `£5 and 20p`, `20 dollars 43 cents`, `five pounds twenty`."""
    at = tokens.skip(whole.end, ("and",))
    small = number(tokens, at, suffixes=False)
    if small is None or not 0 < small.value < 100 or small.value != small.value.to_integral_value():
        return whole
    cents = whole.value + (small.value / 100 if whole.value >= 0 else -small.value / 100)
    if tokens.words[small.end] in _MINOR and _is_minor(tokens, at, small):
        return Number(small.end + 1, cents)
    spoken = at == whole.end and tokens.is_word(whole.end - 1)
    two = small.value >= 10 or not tokens.has_digits(at)
    if spoken and two and currency.decimals == 2 and closes(tokens, small.end):
        return Number(small.end, cents)
    return whole


def _runs_on(tokens: Tokens, at: int) -> bool:
    """Whether letters or digits go on right after the amount, so that it is something else."""
    return tokens.glued(at) and tokens.words[at].isalnum() and not tokens.is_word(at)
