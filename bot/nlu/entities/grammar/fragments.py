"""Recognises numbers that are part of something longer: the `3` of `1e3`, the `5` of `A5`, the `2` of `1/2`."""

from __future__ import annotations

from typing import Final

from bot.nlu.entities.grammar.tokens import Tokens

_JOINING: Final = frozenset("/:.,'")
"""Signs that join digits on both sides: `£1/2`, but not `£5/month`."""

_ALWAYS_JOINING: Final = frozenset("_^*×+=")


def is_fragment(tokens: Tokens, at: int) -> bool:
    """Whether what begins at a token continues what is directly before it."""
    if not tokens.glued(at):
        return False
    return tokens.is_word(at - 1) or (joins(tokens, at - 1) and not _follows_words(tokens, at - 1))


def _follows_words(tokens: Tokens, at: int) -> bool:
    """Whether the sign comes after a whole word: `yes,3 days`, `duration:3 weeks`, but not `1E/3`."""
    while tokens.words[at] in _JOINING and tokens.glued(at):
        at -= 1
    return tokens.is_word(at) and not tokens.glued(at)


def joins(tokens: Tokens, at: int) -> bool:
    """Whether the token is a sign that joins what is on both sides of it, or the first of several such signs."""
    if not tokens.is_tight(at):
        return False
    word = tokens.words[at]
    if word in _JOINING and tokens.words[at + 1] in _JOINING:
        return joins(tokens, at + 1)
    return (word in _JOINING and _has_number(tokens, at + 1)) or word in _ALWAYS_JOINING


def _has_number(tokens: Tokens, at: int) -> bool:
    return tokens.words[at].isalnum() and not tokens.is_word(at)
