"""What a message asks that is understood but not worked out: "on average", "except rent", two shops at once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot import Entity, Parse

from ..text import GREATEST, LEAST, is_payload, meets, pattern
from .marks import unnamed
from .times import counts_time

_EXCLUSION: Final = pattern(
    r"\b(exclud\w+|except|without|other than|apart from|besides|leaving out|but not"
    r"|(?:the|spen[dt]) least|not (?:at|on|from|in|for|counting))\b"
)
_AVERAGE_OR_SHARE: Final = pattern(
    r"\b(averages?|on average|the mean|median|than (?:usual|normal)(?:ly)?|daily|fortnightly|quarterly"
    r"|(?:per|each|every) (?:week|fortnight|quarter|year)"
    r"|per ?cent(?:age)?|(?:what|which) (?:share|proportion|fraction|part)|(?:the|a) (?:share|proportion|fraction) of"
    r"|half (?:of )?(?:what|my|the|our|that|it)|(?:a|one) (?:third|half|quarter) of"
    rf"|(?:{GREATEST}|cheapest) (?:week|fortnight|quarter|year)"
    rf"|(?:second|third|fourth|fifth|next|\d+(?:nd|rd|th))[- ](?:{GREATEST}|{LEAST})"
    r"|(?:first|second|other|last) half)\b|%"
)
_RECURRING: Final = pattern(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days|week(?:day|end)s"
    r"|(?:each|every) (?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|week(?:day|end)))\b"
)
"""Days that come again and again; only days in a row can be added up."""

_REFUND: Final = pattern(r"\b(refund\w*|reimburse\w*|cash ?back|(?:get|got|gotten|getting|given|paid) back)\b")
_ONE_OF_EACH: Final = ("category", "merchant", "payee", "time", "account")
"""The entities of which a question can have only one."""


def incalculable(parse: Parse) -> str | None:
    """Words that ask for something the bot does not work out: an exclusion, an average, a share, or refunds in general.

    Words within a name do not count (the "weekly shop"), and a refund of a named shop or category is found by that.
    """
    if is_payload(parse.text):
        return None
    text = unnamed(parse)
    names_nothing = text == parse.text
    found = _EXCLUSION.search(text) or _AVERAGE_OR_SHARE.search(text) or _RECURRING.search(text)
    if found is None and names_nothing:
        found = _REFUND.search(text)
    return found.group() if found else _part_of_time(parse)


def _part_of_time(parse: Parse) -> str | None:
    """The "2 weeks" of "the first 2 weeks of October", which no time of the grammar includes."""
    numbers = (e for e in parse.entities if e.entity == "number" and counts_time(parse.text, e))
    return next((" ".join(parse.text[number.start :].split()[:2]) for number in numbers), None)


def rival_filters(parse: Parse) -> list[str]:
    """The words of two filters of a kind of which only one is possible ("groceries and transport")."""
    for name in _ONE_OF_EACH:
        found = [e for e in parse.entities if e.entity == name]
        values = {str(e.value).casefold() for e in found}
        if len(values) > 1 and not _overlap(found):
            return [parse.text[e.start : e.end] for e in found]
    return []


def _overlap(found: Sequence[Entity]) -> bool:
    """Whether two of them overlap, as a button's entities all do."""
    return any(meets(one, found[:at]) for at, one in enumerate(found))
