"""Database failures: a constraint is violated, or the database itself fails; and the meaning of SQLite's errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["busy", "lost", "full", "broken"]


class Conflict(Exception):
    """A constraint refused the write: a unique value is taken, or a value is not allowed."""


class Fault(Exception):
    """The database failed. `kind` says what can be done about it.

    `busy`: another process holds the lock, retry the transaction. `lost`: the connection is gone, reconnect. `full`: no
    room, nothing was written. `broken`: what is on disk is unknown, so nothing may continue. `cure` tells an operator
    what to do, as the end of a sentence; it may be empty.
    """

    def __init__(self, kind: Kind, reason: str, cure: str = "") -> None:
        super().__init__(reason)
        self.kind = kind
        self.cure = cure


ON_DISK = "; check its permissions and the disk's space"
_LATER = "; another program is writing to it: try again"
_RESTORE = "; restore a backup with `bot store restore`"

_SQLITE: Mapping[int, tuple[Kind, str]] = {
    sqlite3.SQLITE_BUSY: ("busy", _LATER),
    sqlite3.SQLITE_LOCKED: ("busy", _LATER),
    sqlite3.SQLITE_FULL: ("full", ON_DISK),
    sqlite3.SQLITE_CANTOPEN: ("lost", ON_DISK),  # for want of a file descriptor, say: nothing was read or written
    sqlite3.SQLITE_IOERR: ("broken", ON_DISK),  # a full disk may lead to it, too
    sqlite3.SQLITE_READONLY: ("broken", ON_DISK),
    sqlite3.SQLITE_PERM: ("broken", ON_DISK),
    sqlite3.SQLITE_PROTOCOL: ("broken", _LATER),
    sqlite3.SQLITE_CORRUPT: ("broken", _RESTORE),
    sqlite3.SQLITE_NOTADB: ("broken", _RESTORE),
}
"""Faults by SQLite's primary result codes (https://sqlite.org/rescode.html)."""


def sqlite_fault(error: Exception) -> Conflict | Fault | None:
    """The meaning of an SQLite error; None for wrong SQL."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF  # the low byte of an extended code
    if code == sqlite3.SQLITE_CONSTRAINT:
        return Conflict(str(error))
    if code not in _SQLITE:
        return None
    kind, cure = _SQLITE[code]
    return Fault(kind, str(error), cure)
