"""What Unicode's categories do not say of scripts: which are written without spaces, and what belongs to a letter."""

from __future__ import annotations

from typing import Final

UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana and Han
)
"""Scripts without spaces between words, as ranges of a regular expression's set."""

MARKS: Final = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0900-\u0963\u0966-\u0dff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
"""Marks that belong to the letter before them, and are no \\w: accents, Hebrew and Arabic points, Indic vowels."""

INVISIBLE: Final = "\u00ad\u200b-\u200f\u2060\ufeff\ufe00-\ufe0f"
"""What nobody sees: soft hyphens, joiners, directions, variation selectors."""
