"""Progress reports of long-running work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Progress: TypeAlias = Callable[[str, float], None]
"""Called with the next stage and the share of the work that is done, 0 to 1; at 1 there is nothing left to wait for."""


def silent(stage: str, share: float) -> None:
    """Report nothing."""


def counted(things: Collection[T], what: str, progress: Progress) -> Iterator[T]:
    """Yield the things, reporting each as `what` before it, and the end."""
    for done, thing in enumerate(things):
        progress(f"{what} {done + 1:,} of {len(things):,}", done / len(things))
        yield thing
    progress("done", 1.0)


def part(progress: Progress, begin: float, end: float) -> Progress:
    """Scales a part's reports to `begin` … `end` of the whole; its own end is reported only if it ends the whole."""

    def scaled(stage: str, share: float) -> None:
        if share < 1.0 or end == 1.0:
            progress(stage, begin + share * (end - begin))

    return scaled
