"""Signs in a message that somebody was cheated or robbed, or is about to be, recognised by fixed word lists. Pure.

They only decide how plain a warning is: a message understood as a report of fraud is answered with one in any case.
"""

from __future__ import annotations

from typing import Final

from ..text import pattern
from .disowned import disowns
from .pressure import is_pressed

_CHEATED: Final = pattern(
    r"\b(?:conned|tricked|duped|fooled|cheated|robbed|hack\w*|st[eo]al\w*|stole\w*|fak(?:e|ed)|unauthori[sz]ed|hijack\w*"
    r"|recogni[sz]e|suspicious|illegal\w*|(?:some|any)(?:one|body)\s+else|identity)\b"
    r"|\b(?:PIN|codes?|pass\s?codes?|pass\s?words?|details|links?|remote|install\w*|screen|arrest\w*|police)\b"
    r"|\b(?:without|behind)\s+(?:my|asking|permission|telling|me)\b|\b(?:told|asked|rang|phoned|called|wants?)\s+me\b"
    r"|\b(?:used?|using|took|takes?|taking|taken|got\s+into|has\s+access\s+to)\s+(?:\w+\s+){0,3}?(?:my|our|me)\b"
    r"|\b(?:disappeared|vanished|gone\s+missing)\b|\bor\s+else\b|\b(?:n['’]?t|not|never|nobody)\b.*\b(?:me|mine|my|I|us)\b"
    r"|\b(?:I|we)\b.*\b(?:n['’]?t|not|never)\b(?!\s+(?:know|remember|sure|recall)\b)|\bout\s+of\s+my\b|\boff\s+me\b"
)


def tells_of_fraud(text: str) -> bool:
    """Whether the words describe a fraud, a theft, or a payment that somebody else made."""
    return disowns(text) or is_pressed(text) or bool(_CHEATED.search(text))
