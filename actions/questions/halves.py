"""Two questions in one message: the one that is answered, and the one that has to wait. Pure."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from bot import Parse

from ..text import is_payload, pattern
from .marks import only

_BEGINS: Final = (
    r"(?:how (?:much|many)|what\b|when did|where did|show|list|tell me|give me|check|am i|is my|did i|have i"
    r"|(?:transfer|move|send|pay)\s+(?:(?!(?:it|them|that|(?:the|this|that)\s+(?:money|cash|amount))\b)|\w+\s+off\b)|clear\s+(?:it|that)\b)"
)
_BETWEEN: Final = pattern(
    rf"[\s,;](?:(?:and|plus|but)(?:\s+(?:then|also|first))?|then)(?:\s+(?:please|can you))?\s+(?={_BEGINS})"
    rf"|[?.!;]\s+(?={_BEGINS})"
)
_ABOUT: Final = {
    "ask_balance": r"balance|\bleft\b|what(?:['’]?s| is) (?:on|in)\b"
    r"|do i have|have i got|is (?:there )?in\b|how much money",
    "ask_overdrawn": r"overdra|in the red|below zero",
    "ask_spending": r"spen[dt]|cost|total|add up|sum\b|pa(?:y|id)|earn|came in",
    "ask_transactions": r"transaction|payment|purchase|statement|bought|buy|came|went|show|list|pa(?:y|id)",
    "transfer_money": r"transfer|move|send|put|take|pay|clear (?:it|that)",
}

_COMPARED: Final = pattern(r"\b(?:difference between|compare)\b(?:(?!\b(?:and|with|to)\b)[^.?!;])*\band\s+(?=what|how)")
"""Ends after the "and" of a single question about two times: "compare what I spent in May and what I spent in June"."""

_ASKS: Final = pattern("|".join(_ABOUT.values()))


def split(parse: Parse) -> tuple[Parse, str | None]:
    """The question that the message's intent is about, and the words of the others; None if there are no others.

    The positions of text and entities stay the same: what is left out is blanked out.
    """
    compared = {match.end() for match in _COMPARED.finditer(parse.text)}
    joins = [match.span() for match in _BETWEEN.finditer(parse.text) if match.end() not in compared]
    starts, ends = [0, *(end for _, end in joins)], [*(start for start, _ in joins), len(parse.text)]
    parts = [part for part in zip(starts, ends, strict=True) if _ASKS.search(parse.text, *part)]
    if len(parts) < 2 or is_payload(parse.text):
        return parse, None
    about = pattern(_ABOUT.get(parse.intent_name or "", r"\A"))
    of_intent = [part for part in parts if about.search(parse.text, *part)]
    answered = of_intent[0] if of_intent else parts[0]
    others = [parse.text[start:end].strip(" \t\n,;.?!") for start, end in parts if (start, end) != answered]
    half = only(parse, *answered)
    if of_intent == parts:
        half = _with_shared_time(half, parse)
    return half, " and ".join(others)


def _with_shared_time(half: Parse, whole: Parse) -> Parse:
    """The question with a time that is said only once for both: "what came in and what went out last month"."""
    if any(entity.entity == "time" for entity in half.entities):
        return half
    times = [entity for entity in whole.entities if entity.entity == "time"]
    return replace(half, entities=(*half.entities, *times[-1:]))
