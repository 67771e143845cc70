"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Progress: TypeAlias = Callable[[str, float], None]
"""Is told what is done next, and the share of all that is done, 0 to 1; at 1 there is nothing more to wait for."""


def silent(stage: str, share: float) -> None:
    """Nobody is told."""


def counted(things: Collection[T], what: str, progress: Progress) -> Iterator[T]:
    """The things one after the other, each told of as `what`; the end, too."""
    for number, thing in enumerate(things):
        progress(f"{what} {number + 1:,} of {len(things):,}", number / len(things))
        yield thing
    progress("done", 1.0)


def part(progress: Progress, begin: float, end: float) -> Progress:
    """What tells of a part of longer work, from the one share of it to the other, but not that the part is done."""

    def told(stage: str, share: float) -> None:
        if share < 1.0 or end == 1.0:
            progress(stage, begin + share * (end - begin))

    return told
