"""What can go wrong below: a constraint refuses, or the database itself fails."""

from __future__ import annotations

from typing import Literal


class Conflict(Exception):
    """A constraint refused the write: a unique value is taken, or a value may not be there."""


class Fault(Exception):
    """The database failed us. `kind` says what may be done about it.

    `busy`: another process holds the lock, try the transaction again. `lost`:
    the connection is gone, connect again. `full`: no room, nothing was
    written. `broken`: what is on disk is unknown, so nothing may go on.
    """

    def __init__(self, kind: Literal["busy", "lost", "full", "broken"], reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
