"""What there is to say about content: a problem with its place and its cure."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from bot.content.types import Place

Severity: TypeAlias = Literal["error", "warning", "note"]


class Diagnostic(Struct, frozen=True):
    """One finding: where, what, and what to write instead (`cure`).

    `code` is a short stable name (`unknown-intent`) to look up in the docs.
    `name` is the one that it is about, where others may be about the same,
    and `also` where else it holds.
    """

    severity: Severity
    place: Place
    message: str
    cure: str = ""
    code: str = ""
    name: str = ""
    also: tuple[Place, ...] = ()

    def __str__(self) -> str:
        cure = f" {self.cure}" if self.cure else ""
        return f"{self.place}: {self.severity}: {self.message}{cure}"
