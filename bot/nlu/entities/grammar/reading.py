"""The result of a rule of the grammar, and small checks that several rules share."""

from __future__ import annotations

from typing import Final, NamedTuple

from bot.messages import Json, JsonObject
from bot.nlu.entities.grammar.names import ZONES
from bot.nlu.entities.grammar.tokens import Tokens, listed


class Reading(NamedTuple):
    """A phrase that ends before token `end`: what it resolves to, and Duckling's description of it."""

    end: int
    value: Json
    details: JsonObject


def nothing(end: int) -> Reading:
    """Return the reading of a phrase that ends before token `end` and means nothing, so that no rule reads it."""
    return Reading(end, None, {})


_AFTER_A_PHRASE: Final = listed(
    "a about again all also an and any are as at be been before but by can could did do does during each every for "
    "from had has have he how i if in into is it just me my need no not now of off on onto or our out over per please "
    "since she so than thank thanks that the their then there they this through thru till to too until up us was we "
    "were what when where which while who will with would yes you your am pm today tonight tomorrow yesterday "
    "remind wake tell ask send pay leave back sharp works"
) | frozenset(ZONES)
_BELONGS_TO_A_NUMBER: Final = frozenset("%‰°€$£¥")


def closes(tokens: Tokens, at: int) -> bool:
    """Whether a phrase can end before token `at`: nothing follows that its last number would belong to."""
    word = tokens.words[at]
    if word in _BELONGS_TO_A_NUMBER:
        return False
    if word in {".", ","} and tokens.joins_digits(at):  # 4.5, 10,000
        return False
    if word == "-" and tokens.is_tight(at) and tokens.is_word(at + 1):  # 5-star
        return False
    return not tokens.is_word(at) or word in _AFTER_A_PHRASE
