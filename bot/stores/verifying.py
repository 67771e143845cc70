"""Checks that the store is consistent (no missing turns, snapshots that match their turns) and lists open effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Protocol

from msgspec import Struct

from bot.progress import Progress, silent
from bot.stores import history
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.times import moment


class Fold(Protocol):
    """Folds one conversation's turns, given in order, and compares the outcome with a snapshot."""

    def add(self, record: bytes) -> None:
        """Add the next turn record; raises ValueError, KeyError or TypeError if it is not one."""

    def problem(self, snapshot: bytes) -> str | None:
        """How the snapshot differs from the fold, in a few words without values; None if they agree.

        Raises as `add` does if it is not a snapshot.
        """


_UNREADABLE = (ValueError, KeyError, TypeError)
_CAUSE_AND_CURE = (
    "it is damaged, or was written by another version of the bot running beside this one; restore a backup"
)

NewFold = Callable[[str], Fold]
"""Creates the fold of the conversation with this id."""


class OpenEffect(Struct, frozen=True):
    """An outside change whose outcome is unknown, and since when (UTC); includes those of turns under way."""

    key: str
    kind: str
    conversation: str
    since: datetime

    def __str__(self) -> str:
        since = self.since.isoformat(timespec="seconds")
        return f"effect {self.key} ({self.kind}) of conversation {self.conversation} has no outcome since {since}"


class Report(Struct, frozen=True):
    """What was found: all problems, a sentence each; effects without an outcome, oldest first; row counts by table."""

    problems: list[str]
    open_effects: list[OpenEffect]
    counts: Mapping[str, int]


_COUNTED = ("conversations", "turns", "archive", "customers")


async def verify(database: Database, new_fold: NewFold, *, progress: Progress = silent) -> Report:
    """Check the whole store; the bot can keep running."""
    progress("the file", 0.0)
    problems = await database.scan(_file_problems) if database.dialect.name == "sqlite" else []
    problems += await database.scan(_stray_rows)
    async for name in history.conversations(database, progress):
        problem = await _conversation_problem(database, name, new_fold(name))
        if problem is not None:
            problems.append(f"conversation {name}: {problem}")
    counts = {table: await database.scan(partial(history.count_of, table=table)) for table in _COUNTED}
    return Report(problems, await database.scan(_open_effects), counts)


async def _conversation_problem(database: Database, conversation: str, fold: Fold) -> str | None:
    """The first problem of a conversation; None if there is none."""
    sql = "SELECT seq, snapshot FROM conversations WHERE id = :id"
    row = await database.scan(lambda connection: connection.one(sql, id=conversation))
    if row is None or row.seq == 0:
        return None
    expected = 1
    async for turn in history.all_turns(database, conversation, row.seq):
        if turn.seq != expected:
            return f"turn {expected} is missing"
        try:
            fold.add(turn.record)
        except _UNREADABLE:
            return f"turn {expected} cannot be read: {_CAUSE_AND_CURE}"
        expected += 1
    if expected <= row.seq:
        return f"turn {expected} is missing"
    try:
        problem = fold.problem(row.snapshot)
    except _UNREADABLE:
        return f"the snapshot cannot be read: {_CAUSE_AND_CURE}"
    return f"the snapshot is not the fold of its turns: {problem}" if problem else None


def _file_problems(connection: Connection) -> list[str]:
    lines = [row[0] for row in connection.all("PRAGMA integrity_check")]
    return [f"the file is damaged: {line}" for line in lines if line != "ok"]


_STRAY = {
    "turns beyond the last one of": "SELECT t.conversation FROM turns t LEFT JOIN conversations c "
    "ON c.id = t.conversation WHERE c.id IS NULL OR t.seq > c.seq GROUP BY t.conversation",
    "answers to messages beyond the last turn of": "SELECT i.conversation FROM inbox i LEFT JOIN conversations c "
    "ON c.id = i.conversation WHERE c.id IS NULL OR i.seq > c.seq GROUP BY i.conversation",
    "answered messages without an answer in": "SELECT conversation FROM inbox "
    "WHERE status = 'done' AND (reply IS NULL OR seq IS NULL) GROUP BY conversation",
}


def _stray_rows(connection: Connection) -> list[str]:
    return [f"{what} conversation {row[0]}" for what, sql in _STRAY.items() for row in connection.all(sql)]


def _open_effects(connection: Connection) -> list[OpenEffect]:
    sql = "SELECT key, kind, conversation, at FROM effects WHERE status IN ('spending', 'unknown') ORDER BY at"
    return [OpenEffect(row.key, row.kind, row.conversation, moment(row.at)) for row in connection.all(sql)]
