"""Signs in a message that the customer did not make a payment, recognised by fixed word lists. Pure.

Whatever else the message names (a shop, an amount) belongs to that payment: it is not an order or a filter.
"""

from __future__ import annotations

from typing import Final

from ..text import pattern

_NOT: Final = (
    r"(?:(?:do|did|have|has|had)\s*n['’]?t|(?:do|did|have|has|had)\s+not|ca\s*n['’]?t|cannot|never)\s+"
    r"(?:even\s+|ever\s+|really\s+|actually\s+)?"
)
_I: Final = rf"\b(?:I|we)(?:['’]ve|\s+have)?\s+{_NOT}"
_PAYMENT: Final = (
    r"(?:(?:payment|transaction|charge|purchase|debit|withdrawal|order|shop|merchant|one)s?|entry|entries)"
)
_THIS: Final = r"(?:this|that|these|those|it|them)\b(?!\s+(?:to|much|many|often|day|week|month|year)\b)"
_MADE: Final = r"(?:ma[dk]e|authori[sz]ed?|approved?|order(?:ed)?|buy|bought|spen[dt]|paid|used?|done?)"
_MY: Final = r"my\s+(?:(?:bank|credit|debit|current|savings)\s+)*(?:card|account)s?\b"
_DISOWNED: Final = pattern(
    rf"{_I}recogni[sz]e\b"
    rf"|\b{_PAYMENT}\s+(?:(?:that|which)\s+)?{_I}(?:know|knew|{_MADE})\b(?!\s+(?:about|how|what|when|where|why|if))"
    rf"|{_I}know\s+(?:the|any|{_THIS})\s+(?:\S+\s+){{0,3}}?{_PAYMENT}\b(?!\s+(?:date|day|reference)\b)"
    rf"|{_I}(?:ma[dk]e|authori[sz]ed?|approved?)\s+(?:the\b|an?\s+(?:payment|purchase|order)\b)"
    rf"|{_I}{_MADE}\s+(?:{_THIS}|(?:anything|something|things|stuff)\s+(?:at|in|from|off|with|there)\b)"
    r"|(?:\A\W*|\b(?:I|we)(?:['’]ve|\s+have)?\s+)(?:have\s+)?never\s+(?:shop(?:ped)?|been|bought|ordered|was|were)\s+"
    r"(?:\w+\s+)?(?:there|at|in|from|with)\b"
    r"|\b(?:was|is|were|are)\s*(?:n['’]?t|\s+not)\s+(?:me|mine|us|ours)\b(?!\s+(?:who|that)\b)"
    r"|\A\W*(?:no\W+)?(?:that['’]?s\s+)?not\s+(?:me|mine)\W*\Z"
    r"|\bsome(?:body|one)(?:['’]s|\s+has)?\s+(?:else\s+)?(?:bought|spent|paid|ordered|shopped|used|took|taken)"
    rf"(?:\s+{_MY}|.{{0,80}}?\b(?:with|using|on|from|off|out\s+of)\s+{_MY})"
    r"|\b(?:why|who|how\s+come)\b[^.?!]{0,40}?\b(?:takes?|took|taken|taking)\b[^.?!]{0,40}?"
    rf"\b(?:from|off|out\s+of)\s+(?:(?:me|us)\b|{_MY})",
)
_ONES_OWN: Final = pattern(r"\b(?:yet|before|how|so\s+long|this\s+work)\b")
"""Words about a payment of one's own: one that was not made yet, or that somebody does not know how to make."""


def disowns(text: str) -> bool:
    """Whether the text says that somebody else made a payment: "I don't recognise", "never bought anything at".

    "I don't know how much I spent" is a question about one's own payments.
    """
    return bool(_DISOWNED.search(text)) and not _ONES_OWN.search(text)
