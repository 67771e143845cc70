"""Did you mean …? Suggestions of the most similar known name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

_NEAR = 70.0
"""How similar two words must be (0 to 100) for one to be suggested for the other."""
_CANDIDATES = 50
_SUGGESTED = re.compile(r"Did you mean `([^`]+)`\?")


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """`Did you mean `x`?` for the most similar known word, followed by the other fix, if there is one.

    If none is similar, the other fix alone. A common beginning of names
    (`utter_`, `ask_`) is ignored, as it says nothing.
    """
    likeness = {name: _likeness(word, name) for name in _nearest(word, known)}
    best = max(likeness, key=likeness.__getitem__, default="")
    if not likeness or likeness[best] < _NEAR:
        return otherwise
    question = f"Did you mean `{best}`?"
    return f"{question} Otherwise {otherwise[0].lower()}{otherwise[1:]}" if otherwise else question


def suggested(cure: str) -> str:
    """The name suggested by a fix from `did_you_mean`; empty if it suggests none."""
    match = _SUGGESTED.match(cure)
    return match[1] if match else ""


def is_misspelt(word: str, known: Iterable[str]) -> bool:
    """Whether the word is so similar to a known one that it can only be a typo.

    That is one insertion, deletion, substitution or swap of neighbours, two in
    words of eight letters or more (optimal string alignment distance), or a
    difference in case. In words of three letters or fewer, only a swap counts.
    """
    return any(_is_slip(word, name) for name in _nearest(word, known))


def _nearest(word: str, known: Iterable[str]) -> list[str]:
    """The known names worth a closer comparison, most similar first."""
    others = [name for name in known if name != word]
    nearest = process.extract(word, others, scorer=fuzz.ratio, processor=str.casefold, limit=_CANDIDATES)
    return [name for name, *_ in nearest]


def _likeness(word: str, name: str) -> float:
    """The similarity, from 0 to 100; a typo scores 100 more, above any other."""
    ratio = fuzz.ratio(*_without_common_beginning(word, name))
    return 100.0 + ratio if _is_slip(word, name) else ratio


def _is_slip(word: str, name: str) -> bool:
    ours, theirs = _without_common_beginning(word, name)
    distance = OSA.distance(ours, theirs, score_cutoff=2)
    longest = max(len(ours), len(theirs))
    if longest <= 3:
        return distance == 0 or (distance == 1 and sorted(ours) == sorted(theirs))
    return distance <= (1 if longest < 8 else 2)


def _without_common_beginning(word: str, name: str) -> tuple[str, str]:
    """Both in lower case, without the words (between `_`) that both begin with; the last word of each stays."""
    ours, theirs = word.casefold().split("_"), name.casefold().split("_")
    while len(ours) > 1 and len(theirs) > 1 and ours[0] == theirs[0]:
        del ours[0], theirs[0]
    return "_".join(ours), "_".join(theirs)
