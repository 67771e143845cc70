"""Facts about scripts not in Unicode's categories: which have no spaces, and which marks belong to a letter."""

from __future__ import annotations

from typing import Final

UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana and Han
)
"""Scripts without spaces between words, as ranges for a regular expression's character set."""

MARKS: Final = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0900-\u0963\u0966-\u0dff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
"""Marks that belong to the letter before them but are not \\w: accents, Hebrew and Arabic points, Indic vowels."""

INVISIBLE: Final = "\u00ad\u200b-\u200f\u2060\ufeff\ufe00-\ufe0f"
"""Invisible characters: soft hyphens, joiners, direction marks, variation selectors."""
