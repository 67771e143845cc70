"""The step to version 3 of the store, which keeps what turns leave in another form (bot.engine.old_format)."""

from __future__ import annotations

from bot.engine import old_format
from bot.stores.connection import Connection


def rewrite(connection: Connection) -> None:
    """Write every record, snapshot and accepted message of versions 1 and 2 as version 3 has them."""
    for row in connection.all("SELECT id, snapshot FROM conversations WHERE snapshot IS NOT NULL"):
        conversation = old_format.OldConversation(row.id)
        for table in ("archive", "turns"):  # the older ones first
            _rewrite_records(connection, table, row.id, conversation)
        snapshot = conversation.snapshot(row.snapshot)
        connection.run("UPDATE conversations SET snapshot = :snapshot WHERE id = :id", id=row.id, snapshot=snapshot)
    for row in connection.all("SELECT number, payload FROM inbox WHERE payload IS NOT NULL"):
        payload = old_format.message(row.payload)
        connection.run("UPDATE inbox SET payload = :payload WHERE number = :number", number=row.number, payload=payload)


def _rewrite_records(connection: Connection, table: str, name: str, conversation: old_format.OldConversation) -> None:
    read = f"SELECT seq, record FROM {table} WHERE conversation = :name ORDER BY seq"  # noqa: S608 - a table of ours
    write = f"UPDATE {table} SET record = :record WHERE conversation = :name AND seq = :seq"  # noqa: S608 - as above
    for row in connection.all(read, name=name):
        connection.run(write, name=name, seq=row.seq, record=conversation.record(row.record))
