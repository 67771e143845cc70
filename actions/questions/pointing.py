"""References in a message to the question before it: "those", "her", "how much of that", "the last one". Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bot import Entity, Parse

from ..text import GREATEST, TAKES_BACK, blanked, is_payload, listed, pattern, spans
from .periods import GRAINS
from .question import Filters

_PERSON: Final = r"(?:him|her|he|she)"
_THIS: Final = r"(?:it|that|this|those|these)"
_UNIT: Final = rf"(?:{'|'.join(GRAINS)}|account|card)s?\b"
"""A word after "this" or "her" that makes it no reference to the last question: "this month", "her account"."""

_NO_CLAUSE: Final = r"(?<!ments that)(?<!tions that)(?<!chases that)(?<!things that)(?<!money that)"
"""Behind a "that" which refers to the last question, not to "payments" right before it: "payments that came in"."""

_REFERS_BACK: Final = pattern(
    rf"\b(?:{_THIS}|{_PERSON}|them|they)\b{_NO_CLAUSE}|\b(the|in) (total|sum)\b|\baltogether\b"
    r"|\A\W*((and|but|so|ok|then|by)\s+)*how much( exactly| more| less)?\W*\Z"
    r"|\Awhat(?:['’]?s| is) the difference\W*\Z"
    r"|\A\W*(and\s+)?(show me|show|which( ones?)?|list|(the )?details)( please)?\W*\Z"
)
_OF_THOSE: Final = pattern(
    rf"\b(?:much|many|which|what|any|part|share|one|ones|some|most) of (?:{_THIS}|them)\b(?! {_UNIT})"
    r"|\A\W*(?:and\s+)?of which\b"
)
_SUPERLATIVE: Final = (
    rf"(?:{GREATEST}|most recent|least expensive|smallest|lowest|cheapest|earliest|oldest|first|last|latest|newest)"
)
_THE_ONE: Final = pattern(rf"\bthe {_SUPERLATIVE}(?: ones?\b|\W*\Z)")
_SUM_OR_PART: Final = pattern(
    r"\b(?:totals?|sum|add(?:s|ed)? (?:\w+ ){0,2}?up|ones|how many|how often|count"
    rf"|(?:the|which|what) {_SUPERLATIVE})\b"
)
"""Asks for a sum, a number or a part of what the message names, or else of what the last question was about."""
_HOW_MANY: Final = pattern(
    r"\bhow many\b(?:\s+of (?:those|these|them))?(?:\s+times)?"
    r"(?:\s+(?:are|were|is|was) (?:there|they|those|these|that|this|it))?\W*\Z"
    r"|\bhow many of (?:those|these|them)\b"
)
_THERE: Final = (
    r"(?:spen[dt]|spending|pa(?:y|id)|bought|buy|shop(?:ped)?|been|went|go|gone|ate|eat|used?|money|much|from|at|in|out|over)"
    r" there\b"
)
_NAME: Final = pattern(
    rf"\b{_PERSON}\b(?! (?:account|card)s?\b)|\b{_THERE}|\b(?:did|do|does|have|has) (?:they|it)\b"
    r"|\b(?:at|to|from|on|with|pa(?:y|id)|g[ai]ve|sen[dt])"
    r" (?:it|them|that(?=\W*\Z| (?:last|this|in|so|since|during)\b))\b"
    rf"|\b(?:is|was|were|does) {_THIS}\b(?! (?:{_UNIT}|(?:payment|transaction)s?\b))|\bthe last time\b"
)
_ACCOUNT: Final = pattern(
    r"\b(?:on|with|in|into|from|to|(?:out )?of) (?:it\b|(?:that|this|the same) (?:account|card|pot)\b)"
)
_SOMEBODY: Final = pattern(rf"\b{_PERSON}\b(?! \w+ (?:account|card)s?\b)|\b{_THERE}")
_BESIDE_SUMS: Final = ("time", "shift", "number", "ordinal", "amount-of-money")
_CORRECTS: Final = pattern(rf"\A\W*(?:(?:{TAKES_BACK}|not)\b\W*)+")
_WORD: Final = re.compile(r"\w+")
_NAMELESS: Final = listed(
    "the a an in of up at by on for and but so or then ok okay now just only please pls me show list give tell which "
    "what what's whats s how is it are was were be that this these those they them there all altogether together "
    "overall grand full final did do does come comes make makes time times one over under above below between than "
    "more less"
)
"""Words that name nothing and may accompany those of `_SUM_OR_PART`."""

_AROUND_TIME: Final = listed("and or only just in for the what about how now then ok please so during of as")
_AROUND_NAMES: Final = _AROUND_TIME | listed("on at to from with my i mean meant but rather instead not")


def refers_back(text: str) -> bool:
    """Whether the text refers to the last answer: "how much is that in total", "how many are there"."""
    return bool(_REFERS_BACK.search(text) or _HOW_MANY.search(text))


def is_of_those(text: str, filters: Filters) -> bool:
    """Whether it asks about a part of the last answer: "how much of that", or "the last one" without any filter."""
    if _OF_THOSE.search(text):
        return True
    return bool(_THE_ONE.search(text)) and filters == Filters(count=filters.count, order=filters.order)


def is_nameless(text: str, entities: Sequence[Entity]) -> bool:
    """Whether it asks for a sum, a number or a part without saying of what: "grand total", "the ones in October"."""
    if is_payload(text) or any(entity.entity not in _BESIDE_SUMS for entity in entities):
        return False
    rest = blanked(text, spans(entities))
    words = _SUM_OR_PART.sub(" ", rest)
    return words != rest and all(word.casefold() in _NAMELESS for word in _WORD.findall(words))


def asks_how_many(text: str) -> bool:
    """Whether a message only asks for the number of what was listed: "how many are there"."""
    return bool(_HOW_MANY.search(text))


def names_back(text: str) -> bool:
    """Whether a word stands for the name in the last question: "how much did I pay her in May", "the last time"."""
    return bool(_NAME.search(text))


def points_at_account(text: str) -> bool:
    """Whether a word may stand for the account in the last question: "what did I pay with it", "on that card"."""
    return bool(_ACCOUNT.search(text))


def somebody(parse: Parse) -> str | None:
    """The word for a person or place mentioned before ("her"), if the message itself names none."""
    if is_payload(parse.text) or any(e.entity in ("merchant", "payee", "category") for e in parse.entities):
        return None
    found = _SOMEBODY.search(parse.text)
    return found.group().split()[-1] if found else None


def is_only_time(text: str, entities: Sequence[Entity]) -> bool:
    """Whether a message contains only a time: "and last month?"."""
    return not is_payload(text) and _only(text, [e for e in entities if e.entity in ("time", "shift")], _AROUND_TIME)


def is_only_names(text: str, entities: Sequence[Entity]) -> bool:
    """Whether a message contains only names and other entities, like an answer: "petrol", "no, at Lidl in May"."""
    begins = _CORRECTS.match(text)
    rest = blanked(text, [begins.span()]) if begins else text
    return not is_payload(text) and _only(rest, entities, _AROUND_NAMES)


def corrects(text: str, entities: Sequence[Entity]) -> bool:
    """Whether a message replaces a name that was said before: "sorry not eating out, transport"."""
    return bool(_CORRECTS.match(text)) and is_only_names(text, entities)


def _only(text: str, entities: Sequence[Entity], around: frozenset[str]) -> bool:
    """Whether a text contains entities and, besides them, only words from `around`."""
    rest = [word for word in _WORD.finditer(text) if not any(e.start <= word.start() < e.end for e in entities)]
    return bool(entities) and all(word.group().casefold() in around for word in rest)
