"""Which amount a message asks to move, or why it cannot be paid. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rapidfuzz.distance import OSA

from bot import Entity, Parse

from ..questions.amounts import MONEY, pence
from ..text import FILLERS, is_payload, lead, listed, pattern, without
from .later import without_later
from .request import not_meant

_MOVE: Final = pattern(r"\b(transfer|move|send|put|pay|shift|take|add|save|give|deposit|withdraw|with)\s+\Z")
_NAMED: Final = pattern(r"\b(send|pay|give)\s+(?!(my|our|the|both|all)\b)[^\W\d_]+(\s+[^\W\d_]+)?\s+\Z")
_BEHIND: Final = pattern(r"\s+(pounds?\b|(?:from|form|frm|fron)\b|to\b|into\b|out of\b|in\b|off\b)")
_PART: Final = (
    r"(?:\b(?:half|halves|thirds?|quarters?|fifths?|tenths?|part|share|fraction|rest|per\s*cent|double|triple)\b"
    r"|%|\d\s*/\s*\d+|[½⅓⅔¼¾])"
)
_WORKED_OUT: Final = pattern(
    rf"{_PART}(?:\s+of)?(?:\s+(?:the|a|an|my|that))?\s+\Z|\bby\s+(?:another\s+|about\s+|just\s+)?\Z"
)
_KEPT: Final = pattern(
    r"\b(?:(?:all|everything|anything|whole|most|rest)\b.*\bbut|except(?:ing)?(?:\s+for)?|excluding|apart\s+from|besides|minus"
    r"|(?:leav(?:e|ing)|keep(?:ing)?)(?:\s+(?:me|us|myself|behind|with|just|only|about|at\s+least|the\s+last))*)\s+\Z"
)
"""What stands before the amount that is to stay in the account."""
_KEPT_BY: Final = pattern(r"\s*(?:(?:pounds?|quid)\s+)?(?:(?:is|are|to\s+be)\s+)?(?:left|remain\w*|behind|stays?)\b")
_REACHED: Final = pattern(r"\s+(?:accounts?\s+|pot\s+)?(?:back\s+)?(?:(?:down|up)\s+)?to\s+")
"""What stands between an account and the balance that it is to have: "top up savings to £600"."""
_WORKED_OUT_BY: Final = pattern(
    r"\s*(?:(?:pounds?|quid)\s+)?(?:[%÷×*/+]|(?:per\s*cent|less|more|fewer|extra|higher|lower|minus|plus|times|divided|split"
    r"|halved|doubled)\b|off\W*\Z)"
)
_CHANGED_BY: Final = pattern(
    r"\b(?:add|increase|raise|up|bump|reduce|lower|cut|drop|knock|take)\s+"
    r"(?:(?:it|that|this|on|off|the amount|another)\s+)*\Z"
)
_WORD: Final = re.compile(r"\s*([^\W\d_]+)")
_END: Final = re.compile(r"\W*\Z")
_FOLLOWS: Final = FILLERS | listed("tomorrow tonight aside later soon p each every twice once not if so")
"""Words that may follow a number that is an amount; after any other word it is a count: "20 bitcoin"."""
_MISSPELT: Final = listed("pounds pence from into onto towards please thanks today")
"""Those of them that are read even with one typing error: "20 pouns form current"."""
_MINUS: Final = pattern(r"\b(minus|negative)\s*\Z")
_OVER_AGAIN: Final = pattern(
    r"\b(?:each|apiece|twice|thrice|times|(?:lots?|payments?) of"
    r"|(?:split|divide|share)\b.*\bbetween)\b|\d\s*[x×]\s*£|£\s*[\d.,]+\s*(?:[x×]\s*\d|\+)"
)
_ONLY_PART: Final = pattern(rf"{_PART}|\b(?:twice|thrice|times)\b")
_SHARE: Final = pattern(rf"{_PART}|\b(?:all|everything|whole|most|remaining)\b")
_SHARED_OUT: Final = pattern(rf"{_PART}\s+(?:of\s+it\s+)?(?:from|out\s+of|to|into|in)\b")
_JOINS: Final = pattern(r"\s*(?:\b(?:or|and|to)\b|[/–-])\s*(?:maybe\s+|even\s+)?")
_IN_GROUPS: Final = re.compile(r"[£€$]?\s?\d{1,3}(?P<mark>[ '’.])\d{3}(?!\d)")
"""An amount that could mean thousands, or a pound and some further digits."""


def amounts(parse: Parse, *, numbers: bool = False) -> list[Entity]:
    """The distinct amounts in the message, in order, except those that it takes back or names as a condition.

    They are amounts of money, with the numbers joined to them ("10 or 20 pounds"). Without any, they are plain numbers,
    if one of them stands where an amount does, or wherever they stand with `numbers`. "Not £60 but £50" gives £50, and
    so does "£50 unless I have less than £60".
    """
    ignored = not_meant(parse.text)
    meant = [e for e in parse.entities if not any(start <= e.start < end for start, end in ignored)]
    money = [entity for entity in meant if entity.entity == MONEY]
    plain = [entity for entity in meant if entity.entity == "number"]
    if money:
        plain = [number for number in plain if any(_is_joined(parse.text, number, amount) for amount in money)]
    elif not numbers and not any(_stands_as_amount(parse, number) for number in plain):
        plain = []
    in_order = sorted([*money, *plain], key=lambda entity: entity.start)
    return list({pence(entity): entity for entity in in_order}.values())


def refusal(parse: Parse, found: Sequence[Entity], now: datetime, *, changes: bool) -> str | None:
    """The response that says why these are not one amount to pay; None if they are. `now` is aware.

    With `changes`, there is already an amount, which "£10 more" would change.
    """
    amount, minor = found[0], pence(found[0])
    if _is_in_groups(parse.text, amount):
        return "utter_bad_amount"
    if len(found) > 1 or _OVER_AGAIN.search(without_later(parse, now)):
        return "utter_one_payment"
    if is_worked_out(parse, amount, changes=changes):
        return "utter_no_share"
    below = isinstance(amount.value, int | float) and amount.value < 0
    if minor == 0 or below or _MINUS.search(lead(parse.text, amount.start)):
        return "utter_amount_too_small"
    return "utter_bad_amount" if minor is None else None


def asks_for_share(text: str) -> bool:
    """Whether the text gives the amount as a share ("half of my savings"), which the bot does not work out."""
    return bool(_SHARE.search(text))


def without_share(text: str) -> str:
    """The text with the words that name a share or a multiple ("half", "double") replaced by blanks."""
    return without(_ONLY_PART, text)


def says_groups(text: str) -> bool:
    """Whether the text contains an amount that could mean thousands, or a pound and some further digits: "£1.000"."""
    return not is_payload(text) and bool(_IN_GROUPS.search(text))


def is_worked_out(parse: Parse, amount: Entity, *, changes: bool) -> bool:
    """Whether a neighbouring word turns the amount into another one: "half of £60", "£20 less", "10% of my pay".

    If there is already an amount to change (`changes`), so does "add £5".
    """
    if is_payload(parse.text):
        return False
    before = lead(parse.text, amount.start)
    if changes and _CHANGED_BY.search(before):
        return True
    if _WORKED_OUT.search(before) or _WORKED_OUT_BY.match(parse.text, amount.end):
        return True
    return _is_balance(parse, amount) or bool(_SHARED_OUT.search(parse.text))


def _is_balance(parse: Parse, amount: Entity) -> bool:
    """Whether the amount is what an account is to hold afterwards: "all but £100", "top up savings to £600"."""
    if _KEPT.search(lead(parse.text, amount.start)) or _KEPT_BY.match(parse.text, amount.end):
        return True
    accounts = [entity for entity in parse.entities if entity.entity == "account"]
    return any(_REACHED.fullmatch(parse.text, account.end, amount.start) for account in accounts)


def counted(parse: Parse, amount: Entity) -> str | None:
    """The word that a number seems to count ("20 bitcoin"); None if it is an amount, or the word is an entity."""
    after = _WORD.match(parse.text, amount.end)
    if amount.entity != "number" or after is None:
        return None
    word = after.group(1)
    if word.casefold() in _FOLLOWS or _is_slip(word.casefold()):
        return None
    if any(e.start <= after.start(1) < e.end and e is not amount for e in parse.entities):
        return None
    return word


def _is_slip(word: str) -> bool:
    """Whether the word is a typing error, after its first letter, in one that may follow an amount: "pouns", "form"."""
    return any(word[0] == meant[0] and OSA.distance(word, meant) == 1 for meant in _MISSPELT)


def _stands_as_amount(parse: Parse, number: Entity) -> bool:
    """Whether a number stands where an amount would: "transfer 50", "pay Anna 20", "current to savings 20"."""
    before = lead(parse.text, number.start)
    if _MOVE.search(before) or _NAMED.search(before) or _BEHIND.match(parse.text, number.end):
        return True
    ends = _END.match(parse.text, number.end)
    accounts = [entity for entity in parse.entities if entity.entity == "account"]
    return bool(ends) and any(parse.text[account.end : number.start].isspace() for account in accounts)


def _is_joined(text: str, number: Entity, amount: Entity) -> bool:
    """Whether only "or", "to" or the like stands between a number and an amount of money."""
    first, second = sorted((number, amount), key=lambda e: e.start)
    return bool(_JOINS.fullmatch(text, first.end, second.start))


def _is_in_groups(text: str, amount: Entity) -> bool:
    """Whether the digits continue after the amount ("1 000"), or can be read in two ways ("1.000")."""
    found = _IN_GROUPS.match(text, amount.start)
    return found is not None and (found.end() > amount.end or found["mark"] == ".")
