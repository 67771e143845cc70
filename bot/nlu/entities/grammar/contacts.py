"""E-mail addresses, web addresses and telephone numbers, found by their form in linear time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from bot.messages import JsonObject


class Contact(NamedTuple):
    """An address or telephone number at `text[start:end]`."""

    start: int
    end: int
    dimension: str
    value: str
    details: JsonObject


_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_AFTER_AT = re.compile(rf"@({_LABEL}(?:\.{_LABEL}){{1,8}})")
_BEFORE_AT = re.compile(r"[\w.!#$%&'*+/?^`{|}~-]{1,64}\Z")
_URL = re.compile(
    r"(?:(?<![^\W_])(?:https?|ftp)://[^\s<>\"'“”«»]{1,2000}"
    rf"|(?<![\w.@-])(?:www\.{_LABEL}(?:\.{_LABEL}){{1,8}}"
    rf"|{_LABEL}(?:\.{_LABEL}){{0,4}}\.(?:com|org|net|io|dev|gov|edu|info|biz|uk|de|fr|es|it|nl|eu|ie|ai|app|bank))"
    r"(?![\w@-])(?::\d{2,5})?(?:[/?#][^\s<>\"'“”«»]{0,2000})?)",
    re.IGNORECASE,
)
_DOMAIN = re.compile(r"(?:\w+://)?(?:[^/@\s]{0,200}@)?([^/?#:\s]+)")
_GAP = r"[ .()/-]{0,3}"
_PHONE = re.compile(
    r"(?<![\w.,:£€$+-])(?<!(?<!\d)/)(?<!(?<!\d)\d{4}[ -])"  # not in an amount, an address, a card's groups of four
    r"(?!\d\d-\d\d-\d\d(?![\d-])|(?:\d{4}[ -]){3}\d)"  # not a bank's sort code, a card number
    rf"(?:(?:\(?\+|00(?=[1-9])|\((?=[1-9]\d{{1,3}}\)))\d(?:{_GAP}\d){{6,14}}"  # with a country or area code
    rf"|\(?0[1-9](?:{_GAP}\d){{8,10}}"  # within a country: ten to twelve digits
    r"|(?:1[-. ])?\d{3}[-. ]\d{3}[-. ]\d{4})"
    r"(?:[ ]?(?:ext|x)\.?[ ]?(\d{1,6}))?(?![\w%£€$]|[.,:-]\d|/[1-9])",
    re.IGNORECASE,
)
_COUNTRY = re.compile(r"\(?\+(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})\)?[ .-]?(?:\(0\)|\()?")
"""Country codes have one to three digits, and none begins another (ITU-T E.164, list of assigned codes).

A zero in brackets after one is dialled within the country only.
"""
_DATE = re.compile(r"\d{1,2}[./ -]\d{1,2}[./ -]\d{4}(?!\d)|\d{4}-\d\d-\d\d(?!\d)")
_TRAILING = ".,;:!?)]}'’*_~"


def _emails(text: str) -> Iterator[Contact]:
    if "@" not in text:
        return
    free = 0
    for match in _AFTER_AT.finditer(text):
        at = match.start()
        local = _BEFORE_AT.search(text, max(free, at - 64), at)
        if local is None:
            continue
        start = at - len(local.group().lstrip(".-'"))
        if start < at:
            free = match.end()
            value = text[start:free]
            yield Contact(start, free, "email", value, {"value": value})


def _urls(text: str) -> Iterator[Contact]:
    if "." not in text and "://" not in text:
        return
    for match in _URL.finditer(text):
        value = match.group().rstrip(_TRAILING)
        if "(" in value and match.group()[len(value) :].startswith(")") and value.count("(") > value.count(")"):
            value += ")"  # .../Foo_(bar)
        domain = _DOMAIN.match(value)
        if domain and len(value) > 3 and not value.endswith("://"):
            details = {"value": value, "domain": domain.group(1).lower().removeprefix("www.")}
            yield Contact(match.start(), match.start() + len(value), "url", value, details)


def _phones(text: str) -> Iterator[Contact]:
    for match in _PHONE.finditer(text):
        if not _DATE.match(match.group()):
            value = _telephone(match.group())
            yield Contact(match.start(), match.end(), "phone-number", value, {"value": value})


def _telephone(written: str) -> str:
    """Return a number in Duckling's format: `(+44) 2079460958`, `7700900123`, an extension after `ext`."""
    number, *extension = re.split(r"(?:ext|x)\.?", written, flags=re.IGNORECASE)
    country = _COUNTRY.match(number)
    rest = re.sub(r"\D", "", number[country.end() :] if country else number)
    prefix = f"(+{country.group(1)}) " if country else ""
    return prefix + rest + (f" ext {extension[0].strip()}" if extension else "")


_FINDERS: Final[Mapping[str, Callable[[str], Iterator[Contact]]]] = {
    "email": _emails,
    "url": _urls,
    "phone-number": _phones,
}

CONTACTS: Final = frozenset(_FINDERS)
"""The dimensions that this module finds."""


def find_contacts(text: str, dimensions: frozenset[str]) -> list[Contact]:
    """Return the contacts of the given dimensions, in order and without overlaps."""
    hits = [hit for name, finder in _FINDERS.items() if name in dimensions for hit in finder(text)]
    found: list[Contact] = []
    free = 0
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.start >= free:
            found.append(hit)
            free = hit.end
    return found
