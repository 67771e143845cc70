"""What else a request to move money says: that it is not one after all, or which part is not meant. Pure."""

from __future__ import annotations

import re
from typing import Final

from bot import Parse

from ..questions.amounts import MONEY
from ..text import TAKES_BACK, is_payload, pattern, without
from .later import conditions

_MOVES: Final = r"(?:transfer|mov|send|pay|put|giv|shift|tak|sav|deposit|withdraw)(?:e|ing)?"
_WISHES: Final = (
    r"(?:want|wish|need|like|you|ever|to|me|us|please|just|actually|go|going|be|have|dare|even|intend|mean)"
)
_PAID: Final = r"\bI(?:['’]?ve|\s+have)?(?:\s+(?:already|just))?\s+(?:moved|sent|transferred|paid|deposited|withdrew)\b"
_TELLS_OF_PAYMENT: Final = pattern(_PAID)
_NEVER: Final = pattern(
    rf"\b(?:(?:do|does|did|would|should|will|must)(?:n['’]?t|\s+not)|won['’]?t|never|not)\s+(?:{_WISHES}\s+){{0,4}}?{_MOVES}\b"
    r"|\b(?:why|how come)\s+(?:did|do|does|have|has|are|were|was|would|is|you)\b"
    rf"|{_PAID}"
)
_ASKED_KINDLY: Final = pattern(
    rf"\b(?:why\s+(?:do|would)n['’]?t\s+you|(?:wo|would)n['’]?t\s+you|why\s+not)\s+(?:please\s+|just\s+)?(?={_MOVES}\b)"
)
_ASKS: Final = pattern(rf"\b{_MOVES}\b.*\d")
_CLAUSE: Final = re.compile(r"(?:(?!,\s|[;!?]|\.\s|\bbut\b).)+", re.IGNORECASE | re.DOTALL)
_REFERENCE: Final = pattern(r"\b(?:reference|ref)\b|\bwith\s+(?:the\s+|a\s+)?(?:note|message|memo|description)\b")
_PARTICLES: Final = r"(?:from|to|into|onto|in|out|of|with|using|via|use|touch|take|it|on|at|for|my|our|your|the|an?)"
_WORD: Final = r"[^\s,;.!?](?:[^\s,;!?]*[^\s,;.!?])?"
_BEGINS_ANEW: Final = (
    rf"(?!(?:{_PARTICLES}|{_MOVES}|but|and|or|no|make|please|be|is|are|has|have|had|need|want|sure|enough|yet|more)\b)"
)
_TAKEN_BACK: Final = pattern(
    r"\b(?:(?:not|never|forget|instead\s+of|rather\s+than)\s+|(?:do|does|did|wo|would|should|ca|could)n['’]?t\s+"
    rf"(?=(?:from|to|into|in|use|using|touch|with|via|take)\b))(?:{_PARTICLES}\s+)*"
    rf"{_BEGINS_ANEW}{_WORD}(?:\s+(?![£€$]?\d){_BEGINS_ANEW}{_WORD}){{0,3}}(?:\s*,?\s*\bbut\b|\s*,)?"
)
_CORRECTS: Final = pattern(
    rf"(?:\A|\W){TAKES_BACK}\W+"
    r"(?:(?:from|to|into|use|pay|make\s+it|my|the|our)\W+)*\Z"
)
_BEGINS: Final = r"(?:\A|[,.;:!?–]|\s-\s|\b(?:and|but|so|hi|hello|hey|ok|okay|well|please|sorry|just)\b)\W{0,10}"
_QUESTION: Final = pattern(
    rf"{_BEGINS}(?:what(?:['’]?s|\s+(?:is|are|was|do|does|did|happens|if|will|would|can|could|fees?))"
    r"|how(?:['’]?s)?\s+(?!about\b)\w+|(?:why|when|where|which|who)\s+(?:is|are|was|were|do|does|did|will|can|should|has|have)"
    r"|(?:is|are)\s+(?!(?:it|you)\s+(?:possible|able|ok|okay|fine|alright)\b)\w+"
    r"|(?:was|were|has|have|did|does|should|am)\s+\w+"
    r"|do\s+(?:I|we|they|you\s+(?:charge|take|have|offer|accept|know|think))|(?:will|would)\s+(?:I|it|that|this|there|my))\b"
    r"|\bhow\s+(?:much|many)\b"
    r"|\b(?:tell\s+me|wonder(?:ing)?|find\s+out|(?<!let me )know)\s+(?:how|what|whether|if|which|why)\b"
    r"|\bif\b(?!\s+(?:you|poss(?:ible)?|that['’]?s|it['’]?s)\b|\s+I\s+(?:may|might|could|can)\W*\Z)"
)
_TO_ME: Final = pattern(
    r"\bowes?\s+(?:me|us)\b|\b(?:request|collect|claim|demand|receive|borrow)\s+(?:\S+\s+){1,3}?(?:back\s+)?(?:from|off)\b"
    r"|\b(?:ask|get|make|tell|have)\s+(?!you\b)\w+(?:\s+\w+)?\s+to\s+(?:pay|send|give|transfer)\s+(?:me|us)\b"
    r"|\bfrom\s+(?!(?:my|our|the)\b)\w+(?:\s+\w+)?\s+to\s+(?:me|us)\b"
    rf"|\b(?:get|want|need|have)\s+(?:(?!{_MOVES}\b)\S+\s+){{0,4}}?back\b(?!\s+(?:in|into|to|on)\b)"
    r"|\b(?:reverse|refund|dispute|recall|chargeback|undo)\s+(?:the|that|this|my|a|an|last|£?\d)"
)

_BUYS: Final = pattern(r"\b(?:afford|buy(?:ing)?|spend(?:ing)?|get\s+(?:myself\s+)?(?:an?|some|the))\b")
_SIDES: Final = ("account", "payee", "merchant")

_ASKS_AFTER: Final = pattern(
    r"\A\W*(?:(?:and|so|but|hi|hello|hey|sorry)\W+)*(?:did|have|has)\s+(?:I|we|you|it|the|my)\b"
)
_BEGINS_ORDER: Final = pattern(
    r"\W*(?:(?:ok|okay|yes|no|please|pls|just|and|now|then|also|can|could|would|you|I|want|to|need)\W+)*"
    rf"(?:{_MOVES}|top\s+up|add)\s"
)


def tells_of_payment(text: str) -> bool:
    """Whether the text reports a payment that was made: "I paid the wrong person"."""
    return bool(_TELLS_OF_PAYMENT.search(text))


def denied_clauses(text: str) -> list[tuple[int, int]]:
    """The spans that name an unwanted or past transfer; "why don't you send" asks for one, so it is not among them."""
    plain = without(_ASKED_KINDLY, text)
    return [match.span() for match in _CLAUSE.finditer(text) if _NEVER.search(plain, *match.span())]


def taken_back(text: str) -> list[tuple[int, int]]:
    """The spans that name an amount, an account or a person that is not meant: "not £60", "don't use savings"."""
    return [match.span() for match in _TAKEN_BACK.finditer(text)]


def not_meant(text: str) -> list[tuple[int, int]]:
    """The spans that are not part of the order: denied clauses, names taken back, conditions."""
    return [*denied_clauses(text), *taken_back(text), *conditions(text)]


def ends_in_correction(before: str) -> bool:
    """Whether the text before a name or account ends in words that take back an earlier one: "Anna, no wait, ..."."""
    return bool(_CORRECTS.search(before))


def is_denied(text: str) -> bool:
    """Whether the text names only an unwanted or past transfer: "don't send £20 to Anna", "I sent £20".

    A transfer that it also asks for takes precedence: "I don't want to move £20, move £30".
    """
    clauses = [match.span() for match in _CLAUSE.finditer(text)]
    denied = denied_clauses(text)
    return bool(denied) and not any(_ASKS.search(text, *clause) for clause in clauses if clause not in denied)


def is_no_order(text: str) -> bool:
    """Whether the text is a question, a supposition, or a claim: "should I pay", "if I pay", "Anna owes me"."""
    return bool(_QUESTION.search(text)) or collects(text)


def asks_after_payment(text: str) -> bool:
    """Whether the text asks if a payment was made: "did I move £20 to savings"."""
    return bool(_ASKS_AFTER.match(text))


def moves_nothing(parse: Parse) -> bool:
    """Whether the amount is a price, with no account or payee named: "can I get a £50 coat"."""
    said = {entity.entity for entity in parse.entities}
    return MONEY in said and said.isdisjoint(_SIDES) and not is_payload(parse.text) and bool(_BUYS.search(parse.text))


def collects(text: str) -> bool:
    """Whether the text wants money from somebody else: "ask Tom to pay me £10"."""
    return bool(_TO_ME.search(text))


def begins_order(text: str) -> bool:
    """Whether the text begins like an order to pay: "pay", "please send"."""
    return bool(_BEGINS_ORDER.match(text))


def names_reference(text: str) -> bool:
    """Whether the text asks for a reference or a note on the payment."""
    return bool(_REFERENCE.search(text))
