"""The migration to version 3 of the store, which has another format for turns' results (bot.engine.old_format)."""

from __future__ import annotations

from collections.abc import Iterator

from bot.engine import old_format
from bot.errors import ConfigurationError
from bot.progress import Progress, counted
from bot.stores.connection import Connection, Row

_PAGE = 500
"""How many turns are in memory at a time."""


def rewrite(connection: Connection, progress: Progress) -> None:
    """Rewrite every record, snapshot and accepted message of versions 1 and 2 in version 3's format.

    Raises ConfigurationError if one is not in their format.
    """
    conversations = connection.all("SELECT id FROM conversations WHERE snapshot IS NOT NULL")
    for (name,) in counted(conversations, "bringing the store up to date, conversation", progress):
        try:
            _rewrite_conversation(connection, name)
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable(f"conversation {name}") from error
    for row in connection.all("SELECT number, payload FROM inbox WHERE payload IS NOT NULL"):
        try:
            payload = old_format.message(row.payload)
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable(f"message {row.number} of the inbox") from error
        connection.run("UPDATE inbox SET payload = :payload WHERE number = :number", number=row.number, payload=payload)


def _rewrite_conversation(connection: Connection, name: str) -> None:
    conversation = old_format.OldConversation(name)
    for table in ("archive", "turns"):  # the older ones first
        write = f"UPDATE {table} SET record = :record WHERE conversation = :name AND seq = :seq"  # noqa: S608 - one of our tables
        for row in _records(connection, table, name):
            connection.run(write, name=name, seq=row.seq, record=conversation.record(row.record))
    row = connection.one("SELECT snapshot FROM conversations WHERE id = :name", name=name)
    assert row is not None
    snapshot = conversation.snapshot(row.snapshot)
    connection.run("UPDATE conversations SET snapshot = :snapshot WHERE id = :name", name=name, snapshot=snapshot)


def _records(connection: Connection, table: str, name: str) -> Iterator[Row]:
    """The conversation's turns in order, page by page."""
    read = f"""SELECT seq, record FROM {table} WHERE conversation = :name AND seq > :after
        ORDER BY seq LIMIT {_PAGE}"""  # noqa: S608 - as above
    after = 0
    while page := connection.all(read, name=name, after=after):
        yield from page
        after = page[-1].seq


def _unreadable(what: str) -> ConfigurationError:
    problem = f"{what} is not in an earlier version's format; nothing was changed: restore a backup, or remove it"
    return ConfigurationError([problem])
