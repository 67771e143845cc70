"""Currencies: their signs, codes and names, and how they are written before and after amounts."""

from __future__ import annotations

from typing import Final, NamedTuple

from bot.nlu.entities.grammar.tokens import Tokens, grouped, listed


class Currency(NamedTuple):
    """A currency: its ISO 4217 code, Duckling's name for it, and its number of decimals."""

    code: str
    unit: str
    decimals: int = 2


POUND, _EURO, _DOLLAR = Currency("GBP", "£"), Currency("EUR", "EUR"), Currency("USD", "$")
CODES: Final = {
    code: Currency(code.upper(), code.upper(), 0 if code in {"jpy", "krw", "isk"} else 2)
    for code in listed(
        "gbp eur usd jpy chf aud cad nzd sek nok dkk pln czk huf inr cny hkd sgd zar brl mxn try rub krw isk "
        "ils aed sar qar thb myr"
    )
}
_LOOKS_LIKE_A_WORD: Final = frozenset({"try", "cad"})
SIGNS: Final = {
    "£": POUND,
    "€": _EURO,
    "$": _DOLLAR,
    "¥": CODES["jpy"],
    "₹": CODES["inr"],
    "₺": CODES["try"],
    "₽": CODES["rub"],
}
DOLLARS: Final = {"us": "usd", "au": "aud", "a": "aud", "ca": "cad", "c": "cad", "nz": "nzd", "hk": "hkd"}
NAMES: Final = grouped(
    {
        POUND: "pound pounds quid sterling",
        _EURO: "euro euros",
        _DOLLAR: "dollar dollars buck bucks",
        CODES["inr"]: "rupee rupees",
        CODES["jpy"]: "yen",
        CODES["chf"]: "franc francs",
        CODES["cny"]: "yuan renminbi",
        CODES["pln"]: "zloty",
    }
)
MINOR: Final = grouped({POUND: "p pence penny pennies", _DOLLAR: "cent cents c ¢"})
"""Units of which a hundred are one of the currency."""
_OF_COUNTRIES: Final = {
    "gbp": ("british, uk", "pound pounds"),
    "usd": ("us, american", "dollar dollars"),
    "cad": ("canadian", "dollar dollars"),
    "aud": ("australian, aussie", "dollar dollars"),
    "nzd": ("new zealand", "dollar dollars"),
    "sgd": ("singapore, singaporean", "dollar dollars"),
    "hkd": ("hong kong", "dollar dollars"),
    "chf": ("swiss", "franc francs"),
    "inr": ("indian", "rupee rupees"),
    "jpy": ("japanese", "yen"),
    "cny": ("chinese", "yuan renminbi"),
    "krw": ("korean, south korean", "won"),
    "sek": ("swedish", "krona kronor kroner crowns"),
    "nok": ("norwegian", "krone kroner crowns"),
    "dkk": ("danish", "krone kroner crowns"),
    "isk": ("icelandic", "krona kronur crowns"),
    "czk": ("czech", "koruna korunas crowns"),
    "pln": ("polish", "zloty zlotys"),
    "huf": ("hungarian", "forint forints"),
    "zar": ("south african", "rand rands"),
    "brl": ("brazilian", "real reais"),
    "mxn": ("mexican", "peso pesos"),
    "try": ("turkish", "lira liras"),
    "rub": ("russian", "rouble roubles ruble rubles"),
    "ils": ("israeli", "shekel shekels"),
    "aed": ("uae, emirati", "dirham dirhams"),
    "sar": ("saudi", "riyal riyals"),
    "qar": ("qatari", "riyal riyals"),
    "thb": ("thai", "baht"),
    "myr": ("malaysian", "ringgit ringgits"),
}
"""Currencies named by country: the words for the country, and those for the currency."""
_FULL_NAMES: Final = {
    (*country.split(), noun): CODES[code]
    for code, (countries, nouns) in _OF_COUNTRIES.items()
    for country in countries.split(", ")
    for noun in nouns.split()
}


def sign_before(tokens: Tokens, at: int) -> tuple[Currency | None, int]:
    """Read a currency before an amount, `£`, `US$`, `EUR`, `Rs.`; return it and where it ends."""
    word = tokens.words[at]
    if word in SIGNS:
        return SIGNS[word], at + 1
    if word == "rs" and (tokens.has_digits(at + 1) or tokens.words[at + 1] == "."):
        return CODES["inr"], tokens.skip(at + 1, (".",))
    if word in DOLLARS and tokens.words[at + 1] == "$" and tokens.glued(at + 1):
        return CODES[DOLLARS[word]], at + 2
    return (_code(tokens, at), at + 1)


def _code(tokens: Tokens, at: int) -> Currency | None:
    word = tokens.words[at]
    if word in _LOOKS_LIKE_A_WORD and tokens.text[tokens.starts[at] : tokens.ends[at]] != word.upper():
        return None
    return CODES.get(word)


def currency_behind(tokens: Tokens, at: int) -> tuple[Currency | None, int]:
    """Read a currency after an amount, `pounds sterling`, `€`, `New Zealand dollars`; return it and where it ends.

    A sign after a space belongs to the digits after it: `two £20 notes`.
    """
    for size in (3, 2):
        full_name = _FULL_NAMES.get(tuple(tokens.words[at : at + size]))
        if full_name:
            return full_name, tokens.skip(at + size, ("sterling",))
    word = tokens.words[at]
    if word in SIGNS and tokens.has_digits(at + 1) and not tokens.glued(at):
        return None, at + 1
    currency = SIGNS.get(word) or NAMES.get(word) or _code(tokens, at)
    return currency, tokens.skip(at + 1, ("sterling",)) if word.startswith("pound") else at + 1
