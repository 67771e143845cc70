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
    for number, thing in enumerate(things):
        progress(f"{what} {number + 1:,} of {len(things):,}", number / len(things))
        yield thing
    progress("done", 1.0)


def part(progress: Progress, begin: float, end: float) -> Progress:
    """Reports a part of longer work, scaled to `begin` … `end`; its own end is reported only if it is that of all."""

    def scaled(stage: str, share: float) -> None:
        if share < 1.0 or end == 1.0:
            progress(stage, begin + share * (end - begin))

    return scaled
