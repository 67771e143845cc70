"""Diagnostics of content: a problem, its place and how to fix it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from bot.content.types import Place

Severity: TypeAlias = Literal["error", "warning", "note"]


class Diagnostic(Struct, frozen=True):
    """One finding: where, what, and what to write instead (`cure`).

    `code` is a short stable name (`unknown-intent`) to look up in the docs.
    `name` is the name in question, by which findings are merged; `also` lists
    the other places that the finding applies to.
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
