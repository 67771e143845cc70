"""A turn costs the same at any length of the conversation: none of its statements reads more than it needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.sources import Sources
from bot.stores import commits, effects, history, inbox, outbox, reminders
from bot.stores.database import Database
from bot.stores.turns import SqlTurns
from tests.stores.examples import turn

EVERY_TURN = {
    "load": commits._LOAD,
    "move on": commits._MOVE_ON,
    "record": commits._RECORD,
    "answer": commits._ANSWER,
    "extend the session": commits._EXTEND,
    "find the conversation": commits._FIND,
    "page back": history._BEFORE,
    "page on": history._AFTER,
    "accept": inbox._ACCEPT,
    "accepted before": inbox._BEFORE,
    "journal": effects._BEGIN,
    "standing effect": effects._STANDING,
    "unsettled effects": effects._UNSETTLED,
    "keep tries": inbox._KEEP,
    "schedule": reminders._SCHEDULE,
    "due reminders": reminders._DUE,
    "next reminder": reminders._NEXT,
    "due replies": outbox._CLAIM,
}


@pytest.fixture
async def database(tmp_path: Path):
    database = Database.open("sqlite:///t.db", project=tmp_path, readers=1, tidy_every=10**9)
    yield database
    await database.close()


@pytest.mark.parametrize("sql", EVERY_TURN.values(), ids=EVERY_TURN.keys())
async def test_statement_neither_scans_a_table_nor_sorts(database: Database, sql: str):
    names = set(_names(sql))
    rows = await database.read(lambda c: c.all(f"EXPLAIN QUERY PLAN {sql}", **dict.fromkeys(names, 1)))
    steps = [row.detail for row in rows]
    whole = [step for step in steps if step.startswith("SCAN") and " USING " not in step]
    assert not set(whole) - {"SCAN CONSTANT ROW", "SCAN head"}, steps
    if "outbox" not in sql:  # the few that are due are sorted there
        assert not [step for step in steps if "TEMP B-TREE" in step], steps


async def test_earlier_messages_are_found_by_the_index_of_unanswered_ones(database: Database):
    rows = await database.read(lambda c: c.all(f"EXPLAIN QUERY PLAN {inbox._BEFORE}", conversation="c", message_id="m"))
    assert "inbox_accepted" in rows[0].detail


def _names(sql: str) -> list[str]:
    return re.findall(r":([a-z_]+)", sql)


async def test_turn_after_a_long_history_takes_no_more_statements(database: Database):
    store = SqlTurns(database, Sources())
    conversation = await store.conversation_id("p", "chat", "")
    await store.commit(turn(conversation, 1))
    taken = []
    for length in (10, 20_000):
        await database.write(lambda c, length=length: _lengthen(c, conversation, length))
        before = database.statistics().statements
        loaded = await store.load(conversation, "new")
        await store.commit(turn(conversation, loaded.seq + 1))
        assert [t.seq for t in await store.turns(conversation, limit=3)] == [length - 1, length, length + 1]
        taken.append(database.statistics().statements - before)
    assert taken[0] == taken[1]


def _lengthen(connection, conversation: str, length: int) -> None:
    first = connection.one("SELECT MAX(seq) + 1 AS n FROM turns").n
    rows = [{"c": conversation, "seq": seq} for seq in range(first, length + 1)]
    connection.many("INSERT INTO turns (conversation, seq, at, record) VALUES (:c, :seq, 0, x'00')", rows)
    connection.run("UPDATE conversations SET seq = :seq WHERE id = :c", seq=length, c=conversation)
