"""Did you mean …? The nearest of the words that would have been right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean `x`?` for the nearest known word, or an empty text when none is near."""
    near = get_close_matches(word, [name for name in known if name != word], n=1, cutoff=0.7)
    return f"Did you mean `{near[0]}`?" if near else ""
