"""Signs in a message that somebody else wants the money moved, as in a scam, recognised by fixed word lists. Pure."""

from __future__ import annotations

from typing import Final

from ..text import pattern

_SAFE_ACCOUNT: Final = r"\b(?:safe|secure|protected)\s+(?:bank\s+)?account\b"
_AT_RISK: Final = (
    r"\b(?:accounts?|money|savings)\s+(?:is|are|was|were)\s+(?:at\s+risk|in\s+danger|compromised|unsafe)\b"
)
_WHO: Final = (
    r"(?:police(?:man|woman)?|officer|detective|hmrc|taxman|tax\s+office|inland\s+revenue|bailiffs?|court"
    r"|(?:the|my|your|our)\s+bank|fraud\s+(?:team|department|squad)|stranger|caller|microsoft"
    r"|(?:some(?:body|one)|man|woman|guy|person)(?=\s+(?:on\s+the\s+phone|from|rang|called|phoned|told|forc|mak)))"
)
_SAYS: Final = (
    r"(?:told|tells?|telling|asks?|asked|asking|sa(?:ys?|id|ying)|wants?|wanted|instruct\w*|advis\w+|order\w*|warn\w*)"
)
_WHAT: Final = r"(?:that\s+)?(?:(?:me|us)\s+(?:that\s+I\b|to\b)|(?:I|we)\s+(?:owe|must|have\s+to|need\s+to|should)\b)"
_FORCES: Final = (
    r"\b(?:forc(?:e|es|ed|ing)|threaten(?:s|ed|ing)?|blackmail(?:s|ed|ing)?)\s+(?:me|us)\b"
    r"|\b(?:makes?|making)\s+(?:me|us)\s+(?:transfer|move|send|pay|give)\b"
    r"|\b(?:being|am|I['’]?m)\s+(?:forced|threatened|blackmailed)\b"
)
_CHEATED: Final = r"\b(?:scam(?:s|mers?|med)?|fraud(?:ster)?s?|phishing)\b"
_PRESSED: Final = pattern(
    rf"{_CHEATED}|{_SAFE_ACCOUNT}|{_AT_RISK}|\b{_WHO}\b(?:\s+\w+){{0,5}}?\s+{_SAYS}\s+{_WHAT}|{_FORCES}"
)


def is_pressed(text: str) -> bool:
    """Whether the text says that the police, a caller or the like wants it, or mentions a scam or a “safe account”."""
    return bool(_PRESSED.search(text))
