"""Did you mean …? The nearest of the words that would have been right."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

_NEAR = 70.0
"""How like two words are, of 100, that one is suggested for the other."""
_LOOKED_AT = 50
_SUGGESTED = re.compile(r"Did you mean `([^`]+)`\?")


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """`Did you mean `x`?` for the nearest known word, followed by the other cure, if there is one.

    Where none is near, the other cure alone. What names begin with alike
    (`utter_`, `ask_`) tells nothing and is left aside.
    """
    likeness = {name: _likeness(word, name) for name in _nearest(word, known)}
    best = max(likeness, key=likeness.__getitem__, default="")
    if not likeness or likeness[best] < _NEAR:
        return otherwise
    question = f"Did you mean `{best}`?"
    return f"{question} Otherwise {otherwise[0].lower()}{otherwise[1:]}" if otherwise else question


def suggested(cure: str) -> str:
    """The name that a cure made by `did_you_mean` suggests; empty where it suggests none."""
    match = _SUGGESTED.match(cure)
    return match[1] if match else ""


def is_misspelt(word: str, known: Iterable[str]) -> bool:
    """Whether the word is so near to a known one that it can only be a slip of the hand.

    That is one insertion, deletion, substitution or swap of neighbours, two in
    words of eight letters or more (optimal string alignment distance), or
    another case. In words of three letters or fewer only a swap can be told.
    """
    return any(_is_slip(word, name) for name in _nearest(word, known))


def _nearest(word: str, known: Iterable[str]) -> list[str]:
    """The few of the known names that are worth a closer look, most alike first."""
    others = [name for name in known if name != word]
    return [
        name for name, *_ in process.extract(word, others, scorer=fuzz.ratio, processor=str.casefold, limit=_LOOKED_AT)
    ]


def _likeness(word: str, name: str) -> float:
    """From 0 to 100; a slip is above whatever else is alike."""
    ours, theirs = _differing(word, name)
    return 100.0 + fuzz.ratio(ours, theirs) if _is_slip(word, name) else fuzz.ratio(ours, theirs)


def _is_slip(word: str, name: str) -> bool:
    ours, theirs = _differing(word, name)
    longest = max(len(ours), len(theirs))
    limit = 0 if longest <= 3 else 1 if longest < 8 else 2
    distance = OSA.distance(ours, theirs, score_cutoff=2)
    return distance <= limit or (distance == 1 and sorted(ours) == sorted(theirs))


def _differing(word: str, name: str) -> tuple[str, str]:
    """Both in small letters, without the words (between `_`) that both begin with; the last of each stays."""
    ours, theirs = word.casefold().split("_"), name.casefold().split("_")
    while len(ours) > 1 and len(theirs) > 1 and ours[0] == theirs[0]:
        del ours[0], theirs[0]
    return "_".join(ours), "_".join(theirs)
