"""Signs in a message that somebody wants to speak to a person, recognised by fixed word lists. Pure.

The topic ("… about my overdraft charges") is meant for that person and is not a question to the bot.
"""

from __future__ import annotations

from typing import Final

from ..text import pattern

_KIND: Final = (
    r"(?:person|people|human(?:\s+being)?|agent|advis[eo]r|operator|manager|representative|colleague|member\s+of\s+staff"
    r"|staff|customer\s+services?|call\s+cent(?:re|er))\b"
)
_PERSON: Final = (
    rf"(?:some(?:one|body)\b|any(?:one|body)\b|(?:(?:an?|the|your|one|of|real|actual|live|human)\s+){{0,3}}{_KIND})"
)
_SPEAK: Final = r"(?:speak|talk|chat)(?:ing)?"
_WISH: Final = (
    r"(?:\A\W*(?:please\s+|just\s+)?"
    r"|\b(?:can|could|may|might|must|shall|how\s+do)(?:n['’]?t)?\s+(?:I|we)\s+(?:please\s+|just\s+)?"
    r"|\b(?:want|need|like|wish|prefer|love|have|possible)\s+to\s+|\bwanna\s+|\blet\s+me\s+|\b(?:rather|please)\s+)"
)
_ASKS: Final = pattern(
    rf"{_WISH}{_SPEAK}\s+(?:to|with)\s+{_PERSON}"
    rf"|\b(?:put|transfer|connect|pass|switch)\s+me\s+(?:(?:on|over|through)\s+)?(?:to|with)\s+{_PERSON}"
    rf"|\b{_PERSON}\s+(?:(?:that|who|whom)\s+)?(?:I|we)\s+(?:can|could|may)\s+(?:speak|talk|ring|call|phone)\b"
    r"|\b(?:can|could)\s+some(?:one|body)\s+(?:please\s+)?(?:ring|call|phone)\s+me\b",
)
_NO_WISH: Final = pattern(
    r"\b(?:do|does|did|would)\s*(?:n['’]?t|\s+not)\s+(?:want|need|like|wish|have|rather)\b"
    r"|\b(?:did|do|must|should)\s+(?:I|we)\s+(?:have|need|want)\s+to\b|\b(?:without|instead\s+of|rather\s+than)\b",
)


def wants_human(text: str) -> bool:
    """Whether the text asks to speak to a person: "may I talk to somebody about my bill"."""
    return bool(_ASKS.search(text)) and not _NO_WISH.search(text)
