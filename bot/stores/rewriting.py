"""Version 3 of the store: what turns left, from the JSON of the versions before to today's.

Records had their events as Rasa's JSON; they are read and written again. A
snapshot is the fold of its conversation's records, and is made so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.content import Place
from bot.dialogue.event_json import event_from_json
from bot.dialogue.evolve import evolve_all, trim
from bot.dialogue.prediction import Because
from bot.dialogue.tracker import Tracker
from bot.encoding import decode
from bot.engine.codec import message_to_json, record_to_json
from bot.engine.record import Step, TurnRecord
from bot.engine.snapshots import Snapshot
from bot.messages import Principal, UserMessage
from bot.stores.connection import Connection

_KEPT_TURNS = 50
"""As many as any policy looks at; the next turn leaves what its own policies want."""


def rewrite(connection: Connection) -> None:
    """Write every record, snapshot and accepted message of versions 1 and 2 as version 3 has them."""
    for row in connection.all("SELECT id, snapshot FROM conversations WHERE snapshot IS NOT NULL"):
        old = decode(row.snapshot)
        tracker = trim(_rewrite_turns(connection, row.id), _KEPT_TURNS)
        snapshot = Snapshot(tracker, old["login"], old["channel"], old["sender"]).to_json()
        connection.run("UPDATE conversations SET snapshot = :snapshot WHERE id = :id", id=row.id, snapshot=snapshot)
    for row in connection.all("SELECT number, payload FROM inbox WHERE payload IS NOT NULL"):
        payload = message_to_json(_message(decode(row.payload)))
        connection.run("UPDATE inbox SET payload = :payload WHERE number = :number", number=row.number, payload=payload)


def _rewrite_turns(connection: Connection, conversation: str) -> Tracker:
    """Rewrite the turns of one conversation, archived ones first; the fold of them."""
    tracker = Tracker(conversation=conversation)
    for table in ("archive", "turns"):
        where = "conversation = :conversation AND seq = :seq"
        read = f"SELECT seq, record FROM {table} WHERE conversation = :conversation ORDER BY seq"  # noqa: S608 - a table of ours
        for row in connection.all(read, conversation=conversation):
            record = _record(decode(row.record))
            text = record_to_json(record)
            connection.run(
                f"UPDATE {table} SET record = :text WHERE {where}",  # noqa: S608 - as above
                conversation=conversation,
                seq=row.seq,
                text=text,
            )
            tracker = evolve_all(record.events, tracker)
    return tracker


def _record(old: dict[str, Any]) -> TurnRecord:
    return TurnRecord(
        seq=old["seq"],
        message=_message(old["message"]),
        events=tuple([event_from_json(event) for event in old["events"]]),
        steps=tuple([_step(step) for step in old["steps"]]),
        now=datetime.fromisoformat(old["now"]),
        seed=old["seed"],
        content=old["content"],
        timings=old["timings"],
    )


def _message(old: dict[str, Any]) -> UserMessage:
    return UserMessage(
        text=old["text"],
        conversation=old["conversation"],
        message_id=old["id"],
        arrived=datetime.fromisoformat(old["arrived"]),
        principal=Principal("key", old["principal"]),
        channel=old["channel"],
        sender=old["sender"],
        metadata=old["metadata"],
        correlation_id=old["correlation"],
    )


def _step(old: dict[str, Any]) -> Step:
    because = [Because(reason["policy"], reason["name"], _place(reason["place"])) for reason in old["because"]]
    return Step(old["action"], old["policy"], old["confidence"], tuple(because), old["seconds"])


def _place(text: str) -> Place:
    file, line, column = text.rsplit(":", 2)
    return Place(file, int(line), int(column))
