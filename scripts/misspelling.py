"""Typing errors, for training the vectors to tolerate them and for the matcher's benchmark."""

from __future__ import annotations

import random
import re

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def misspell(text: str, rng: random.Random) -> str:
    """`text` with one typing error in a word of at least four letters, if there is one."""
    words = list(re.finditer(r"[a-z]{4,}", text.lower()))
    if not words:
        return text
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 1)
    kind = rng.choice(("swap", "drop", "double", "near"))
    if kind == "swap":
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == "drop":
        return text[:at] + text[at + 1 :]
    if kind == "double":
        return text[:at] + text[at] + text[at:]
    return text[:at] + _neighbour(text[at].lower(), rng) + text[at + 1 :]


def _neighbour(letter: str, rng: random.Random) -> str:
    """A letter next to this one on the keyboard."""
    row = next(r for r in _KEYS if letter in r)
    at = row.index(letter)
    return rng.choice(row[max(0, at - 1) : at] + row[at + 1 : at + 2])
