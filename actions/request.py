"""What a request to move money says beside amount and accounts: that it is none, or more than one. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from bot import Entity, Parse

from .amounts import MONEY, said_amount
from .later import without_later
from .said import minor
from .text import blanked, lead, without

_MOVES: Final = r"(?:transfer|mov|send|pay|put|giv|shift|tak|sav|deposit|withdraw)(?:e|ing)?"
_WISHES: Final = (
    r"(?:want|wish|need|like|you|ever|to|me|us|please|just|actually|go|going|be|have|dare|even|intend|mean)"
)
_NEVER: Final = re.compile(
    rf"\b(?:(?:do|does|did|would|should|will|must)(?:n['’]?t|\s+not)|won['’]?t|never|not)\s+(?:{_WISHES}\s+){{0,4}}?{_MOVES}\b"
    r"|\b(?:why|how come)\s+(?:did|do|does|have|has|are|were|was|would|is|you)\b"
    r"|\bI(?:['’]?ve|\s+have)?(?:\s+(?:already|just))?\s+(?:moved|sent|transferred|paid|deposited|withdrew)\b",
    re.IGNORECASE,
)
_ASKED_KINDLY: Final = re.compile(
    rf"\b(?:why\s+(?:do|would)n['’]?t\s+you|(?:wo|would)n['’]?t\s+you|why\s+not)\s+(?:please\s+|just\s+)?(?={_MOVES}\b)",
    re.IGNORECASE,
)
_ASKS: Final = re.compile(rf"\b{_MOVES}\b.*\d", re.IGNORECASE)
_CLAUSE: Final = re.compile(r"(?:(?!,\s|[;!?]|\.\s|\bbut\b).)+", re.IGNORECASE | re.DOTALL)
_OVER_AGAIN: Final = re.compile(
    r"\b(?:each|apiece|twice|thrice|times|(?:lots?|payments?) of)\b|\d\s*[x×]\s*£|£\s*[\d.,]+\s*(?:[x×]\s*\d|\+)",
    re.IGNORECASE,
)
_SHARE: Final = re.compile(
    r"\b(?:half|all|everything|whole|rest|most|quarter|third|double|per ?cent|remaining)\b|%", re.IGNORECASE
)
_REFERENCE: Final = re.compile(
    r"\b(?:reference|ref)\b|\bwith\s+(?:the\s+|a\s+)?(?:note|message|memo|description)\b", re.IGNORECASE
)
_DENIED: Final = re.compile(r"\bnot\s+\Z", re.IGNORECASE)
_BEGINS: Final = r"(?:\A|[,.;:!?–]|\s-\s|\b(?:and|but|so|hi|hello|hey|ok|okay|well|please|sorry|just)\b)\W*"
_QUESTION: Final = re.compile(
    rf"{_BEGINS}(?:what(?:['’]?s|\s+(?:is|are|was|do|does|did|happens|if|will|would|can|could|fees?))"
    r"|how\s+(?!about\b)\w+|(?:why|when|where|which|who)\s+(?:is|are|was|were|do|does|did|will|can|should|has|have)"
    r"|(?:is|are)\s+(?!(?:it|you)\s+(?:possible|able|ok|okay|fine|alright)\b)\w+"
    r"|(?:was|were|has|have|did|does|should|am)\s+\w+"
    r"|do\s+(?:I|we|they|you\s+(?:charge|take|have|offer|accept|know|think))|(?:will|would)\s+(?:I|it|that|this|there|my))\b"
    r"|\bhow\s+(?:much|many)\b"
    r"|\b(?:tell\s+me|wonder(?:ing)?|find\s+out|(?<!let me )know)\s+(?:how|what|whether|if|which|why)\b"
    r"|\bif\b(?!\s+(?:you|poss(?:ible)?|that['’]?s|it['’]?s)\b|\s+I\s+(?:may|might|could|can)\W*\Z)",
    re.IGNORECASE,
)
_TO_ME: Final = re.compile(
    r"\bowes?\s+(?:me|us)\b|\b(?:request|collect|claim|demand|receive|borrow)\s+(?:\S+\s+){1,3}?(?:back\s+)?(?:from|off)\b"
    rf"|\b(?:get|want|need|have)\s+(?:(?!{_MOVES}\b)\S+\s+){{0,4}}?back\b(?!\s+(?:in|into|to|on)\b)"
    r"|\b(?:reverse|refund|dispute|recall|chargeback|undo)\s+(?:the|that|this|my|a|an|last|£?\d)",
    re.IGNORECASE,
)


def denied_clauses(text: str) -> list[tuple[int, int]]:
    """Where the text names a transfer that is not wanted, or is over; "why don't you send" asks for one."""
    plain = without(_ASKED_KINDLY, text)
    return [match.span() for match in _CLAUSE.finditer(text) if _NEVER.search(plain, *match.span())]


def without_denied(text: str) -> str:
    """The text with blanks for those clauses; every place stays where it was."""
    return blanked(text, denied_clauses(text))


def is_denied(text: str) -> bool:
    """Whether the text names a transfer that is not wanted, or is over: "don't send £20 to Anna", "I sent £20".

    One that is asked for beside it counts more: "I don't want to move £20, move £30".
    """
    clauses = [match.span() for match in _CLAUSE.finditer(text)]
    denied = denied_clauses(text)
    return bool(denied) and not any(_ASKS.search(text, *clause) for clause in clauses if clause not in denied)


def is_no_order(text: str) -> bool:
    """Whether the text asks, supposes, or wants money from somebody: "should I pay", "if I pay", "Anna owes me"."""
    return bool(_QUESTION.search(text) or _TO_ME.search(text))


def names_reference(text: str) -> bool:
    """Whether the text wants a reference or a note to go with the payment."""
    return bool(_REFERENCE.search(text))


def asks_for_share(text: str) -> bool:
    """Whether the text says how much by a share, "half of my savings", which is worked out by nobody here."""
    return bool(_SHARE.search(text))


def amounts(parse: Parse) -> list[Entity]:
    """The different amounts of money that the message says, without what it denies: "not £60 but £50" says £50."""
    over = denied_clauses(parse.text)
    found = [e for e in parse.entities if e.entity == MONEY and not _DENIED.search(lead(parse.text, e.start))]
    return list({minor(e): e for e in found if not any(start <= e.start < end for start, end in over)}.values())


def says_several_amounts(parse: Parse, now: datetime) -> bool:
    """Whether it is not clear what sum is meant: two amounts, or one several times; `now` is aware."""
    money = amounts(parse)
    if money:
        return len(money) > 1 or bool(_OVER_AGAIN.search(without_later(parse, now)))
    said = said_amount(parse)
    inside = [(e.start, e.end) for e in parse.entities if e.entity == "time"]
    numbers = [e for e in parse.entities if e.entity == "number" and not any(s <= e.start < t for s, t in inside)]
    return said is not None and len({e.value for e in numbers}) > 1
