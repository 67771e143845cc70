"""Signs in a message of somebody who wants to die or to hurt themselves, recognised by fixed word lists. Pure.

They count whatever else the message asks: "how much do I owe, I want to die" is not answered with a mere balance.
"""

from __future__ import annotations

from typing import Final

from ..text import pattern

_WANTS: Final = (
    r"\b(?:I|I['’]?m|and|just)\s+(?:(?:really|just)\s+)?(?:want(?:ing)?\s+to|wanna|(?:going|about)\s+to|gonna)\s+"
)
_DESPAIR: Final = pattern(
    rf"{_WANTS}(?:end\s+it(?:\s+(?:all|tonight|today|now))?\W*(?:\Z|[.,!])|hurt\s+myself|overdose|kms\b)"
    r"|\bI\s+(?:(?:really|just)\s+)?(?:want\s+to|wanna)\s+(?:die|be\s+dead)\b(?!\s+(?:of|from|laughing)\b)"
    r"|\b(?:better\s+off|rather(?:\s+be)?|wish\s+I\s+(?:was|were))\s+dead\b"
    r"|\b(?:kill(?:ing)?|hang(?:ing)?|hurting|harming|cutting)\s+myself\b(?!\s+(?:laughing|with)\b)"
    r"|\bsuicidal\b|\b(?:commit\w*|thinking\s+(?:of|about)|thoughts\s+of)\s+suicide\b(?!\s+squad)"
    r"|\b(?:end(?:ing)?\s+my\s+(?:own\s+)?|tak(?:e|ing)\s+my\s+own\s+)life\b"
    r"|\bdo\s?(?:n['’]?t|\s+not)\s+want\s+to\s+(?:live|exist|be\s+alive)\b(?!\s+(?:at|by|in|near|off|on|with)\b)"
    r"|\b(?:took|taken|take)\s+an\s+overdose\b",
)


def is_despair(text: str) -> bool:
    """Whether the text says outright that its author wants to die or to hurt themselves."""
    return bool(_DESPAIR.search(text))
