"""Did you mean …? The nearest of the words that would have been right."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean `x`?` for the nearest known word, or an empty text when none is near."""
    near = process.extractOne(word, [name for name in known if name != word], scorer=fuzz.ratio, score_cutoff=70)
    return f"Did you mean `{near[0]}`?" if near else ""


def is_misspelt(word: str, known: Iterable[str]) -> bool:
    """Whether the word is so near to a known one that it can only be a slip of the hand.

    That is one insertion, deletion, substitution or swap of neighbours, two in
    words of eight letters or more (optimal string alignment distance); words
    of three letters or fewer are too short to tell.
    """
    limit = 1 if len(word) < 8 else 2
    return len(word) > 3 and any(OSA.distance(word, name, score_cutoff=limit) in range(1, limit + 1) for name in known)
