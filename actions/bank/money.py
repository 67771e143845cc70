"""Amounts of money as whole minor units."""

from __future__ import annotations

import re

_AMOUNT = re.compile(r"(\d{1,13})(?:\.(\d{1,5}))?", re.ASCII)

# ISO 4217: currencies whose minor unit is not a hundredth
_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def minor_digits(currency: str) -> int:
    """The number of decimal places of the currency."""
    return _DIGITS.get(currency, 2)


def read_amount(text: str, currency: str) -> int:
    """An Open Banking amount (`"12.30"`, at most 5 decimals, no sign) in minor units.

    Raises ValueError for anything that is not a whole number of minor units; nothing is ever rounded.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError("not an amount")
    digits = minor_digits(currency)
    fraction = (match[2] or "").ljust(digits, "0")
    if fraction[digits:].strip("0"):
        raise ValueError("not whole minor units")
    return int(match[1] + fraction[:digits])


def write_amount(minor: int, currency: str) -> str:
    """A positive number of minor units as an Open Banking amount; raises ValueError for others."""
    if minor <= 0:
        raise ValueError("an amount is positive")
    digits = minor_digits(currency)
    whole, part = divmod(minor, 10**digits)
    return f"{whole}.{part:0{digits}}" if digits else str(whole)
