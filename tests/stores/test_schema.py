"""The schema migrates from version to version and keeps the data."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from bot.app.verifying import TurnFold
from bot.content import Place
from bot.dialogue.prediction import Because
from bot.encoding import encode
from bot.engine.codec import read_record
from bot.engine.snapshots import read_snapshot
from bot.errors import ConfigurationError, StoreUnavailable
from bot.messages import Principal, Reply
from bot.sources import Sources
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.dialects import Dialect, Sqlite, dialect_of
from bot.stores.lock import locked
from bot.stores.present import check_is_store
from bot.stores.schema import _USED, LATEST, migrate, version
from bot.stores.turns import open_turns
from bot.stores.verifying import verify
from tests.stores.cluster import Cluster
from tests.stores.examples import NOW, turn


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/t.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.new_database()


@pytest.fixture
def dialect(url: str, tmp_path: Path) -> Dialect:
    return dialect_of(url, tmp_path)


@pytest.fixture
def connection(dialect: Dialect):
    connection = Connection(dialect.raw(dialect.engine()), dialect)
    yield connection
    connection.close()


LOGIN = {"principal": "customer:1", "channel": "chat", "sender": "", "metadata": {}, "correlation": "c-1"}
SAID = {"text": "hi", "conversation": "old", "arrived": "2026-11-03T10:00:00+00:00", **LOGIN}
"""A message as versions 1 and 2 stored it, without its id."""


def old_record(seq: int) -> bytes:
    """A turn as versions 1 and 2 stored it."""
    because = [{"policy": "RulePolicy", "name": "greet back", "place": "stories/rules.yml:12:5"}]
    action = {"action": "utter_greet", "policy": "RulePolicy", "confidence": 1.0}
    parsed = {"text": "hi", "intent": {"name": "greet", "confidence": 0.9}, "entities": [], "intent_ranking": []}
    events = [
        {"event": "user", "text": "hi", "parse_data": parsed, "input_channel": "chat", "message_id": f"m-{seq}"},
        {"event": "slot", "name": "turns", "value": seq},
        {"event": "action", "name": "utter_greet", "policy": "RulePolicy", "confidence": 1.0},
        {"event": "bot", "text": "Hello!", "data": {"buttons": None}, "metadata": {"utter_action": "utter_greet"}},
    ]
    record = {
        "seq": seq,
        "message": {"id": f"m-{seq}", **SAID},
        "events": [{"timestamp": 1.5, **event} for event in events],
        "replies": [{"text": "Hello!", "response": "utter_greet"}],
        "steps": [{**action, "because": because, "seconds": 0.1}],
        "now": "2026-11-03T10:00:01+00:00",
        "seed": 2**64 - 1,
        "content": "c",
        "timings": {"parse": 0.2},
    }
    return encode(record)


def fill_as_version_1(connection: Connection) -> None:
    """A conversation of two turns, and a message that was accepted and not answered yet."""
    snapshot = {"tracker": {"conversation": "old", "events": []}, "login": "l-1", "channel": "chat", "sender": ""}
    connection.run(
        "INSERT INTO conversations (id, principal, channel, sender, created_at, seq, snapshot, last_turn_at) "
        "VALUES ('old', 'customer:1', 'chat', '', 0, 2, :snapshot, 0)",
        snapshot=encode(snapshot),
    )
    for seq in (1, 2):
        connection.run(
            "INSERT INTO turns (conversation, seq, at, record) VALUES ('old', :seq, 0, :record)",
            seq=seq,
            record=old_record(seq),
        )
    connection.run(
        "INSERT INTO inbox (conversation, message_id, fingerprint, payload, arrived_at, status) "
        "VALUES ('old', 'm-3', 'f', :payload, 0, 'accepted')",
        payload=encode({"id": "m-3", **SAID}),
    )


async def test_version_1_store_is_migrated_with_all_its_data(url: str, dialect: Dialect, connection: Connection):
    migrate(connection, dialect, to=1)
    fill_as_version_1(connection)
    reported: list[tuple[str, float]] = []
    opened = Database.open(url, readers=1, progress=lambda stage, share: reported.append((stage, share)))
    store = open_turns(opened, Sources())
    assert reported == [("bringing the store up to date, conversation 1 of 1", 0.0), ("done", 1.0)]
    assert version(connection, dialect) == LATEST
    assert await store.conversation_id("customer:1", "chat", "") == "old"
    assert (await verify(store.database, TurnFold)).problems == []
    snapshot = read_snapshot((await store.load("old")).snapshot, "old")
    assert (snapshot.login, snapshot.channel, snapshot.tracker.slots) == ("l-1", "chat", {"turns": 2})
    records = [read_record(turn.record) for turn in await store.turns("old")]
    assert [record.message.message_id for record in records] == ["m-1", "m-2"]
    assert records[0].message.principal == Principal("key", "customer:1")
    assert records[0].replies == (Reply("Hello!", response="utter_greet"),)
    assert records[0].steps[0].because == (Because("RulePolicy", "greet back", Place("stories/rules.yml", 12, 5)),)
    assert [message.message_id for message in await store.accepted()] == ["m-3"]
    async with store.hold("old") as fence:
        await store.commit(turn("old", 3, fence=fence))
    assert await store.archive(NOW - timedelta(days=1)) == 2
    assert [t.seq for t in await store.turns("old")] == [1, 2, 3]
    await store.close()
    await store.database.close()


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ("UPDATE turns SET record = :text WHERE seq = 2", "conversation old is not in an earlier version's format"),
        ("UPDATE conversations SET snapshot = :text", "conversation old is not in an earlier version's format"),
        ("UPDATE inbox SET payload = :text", "message 1 of the inbox is not in an earlier version's format"),
    ],
)
@pytest.mark.parametrize("text", [b"{}", b"no JSON"])
def test_unreadable_old_row_is_named_and_nothing_is_migrated(
    url: str, dialect: Dialect, connection: Connection, broken: str, named: str, text: bytes
):
    migrate(connection, dialect, to=1)
    fill_as_version_1(connection)
    connection.run(broken, text=text)
    with pytest.raises(ConfigurationError, match=named):
        Database.open(url)
    assert version(connection, dialect) == 1
    row = connection.one("SELECT record FROM turns WHERE seq = 1")
    assert row is not None
    assert row.record == old_record(1)


def test_migrating_twice_changes_nothing(dialect: Dialect, connection: Connection):
    migrate(connection, dialect)
    migrate(connection, dialect)
    assert version(connection, dialect) == LATEST


def test_failed_migration_keeps_the_old_version(dialect: Dialect, connection: Connection):
    migrate(connection, dialect, to=1)
    connection.run("CREATE TABLE archive (in_the_way {text})".format_map(dialect.types))
    with pytest.raises(dialect.errors):
        migrate(connection, dialect)
    assert version(connection, dialect) == 1


def test_newer_schema_version_is_rejected(url: str, dialect: Dialect, connection: Connection):
    migrate(connection, dialect)
    connection.run("UPDATE schema SET version = 99")
    with pytest.raises(ConfigurationError, match="schema version 99, and this program knows versions up to"):
        Database.open(url)


@contextmanager
def served(dialect: Dialect, connection: Connection) -> Iterator[None]:
    """Another process holds the store, as a server of that version does."""
    if dialect.name == "postgresql":
        connection.all(f"SELECT pg_advisory_lock_shared({_USED})")
        yield
        connection.all(f"SELECT pg_advisory_unlock_shared({_USED})")
        return
    serve = f"from bot.stores.lock import FileLock; from pathlib import Path; FileLock(Path({str(dialect.file)!r}))"  # type: ignore[attr-defined]
    command = [sys.executable, "-c", f"{serve}; print('served', flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "served\n"
        yield
        server.kill()


async def test_store_in_use_by_older_servers_is_not_migrated(url: str, dialect: Dialect, connection: Connection):
    migrate(connection, dialect, to=1)
    with served(dialect, connection):
        with pytest.raises(ConfigurationError, match=r"stop (it|all of them) first"):
            Database.open(url)
        assert version(connection, dialect) == 1
    await Database.open(url).close()
    assert version(connection, dialect) == LATEST


async def test_lock_held_under_our_own_process_number_still_blocks_migration(tmp_path: Path):
    """Two containers on one volume may both be process 1."""
    dialect = dialect_of("sqlite:///old.db", tmp_path)
    assert isinstance(dialect, Sqlite)
    with closing(Connection(dialect.raw(dialect.engine()), dialect)) as connection:
        migrate(connection, dialect, to=1)
        with locked(dialect.file):  # by a process of this very number
            with pytest.raises(ConfigurationError, match="stop it first"):
                Database.open("sqlite:///old.db", project=tmp_path)
            assert version(connection, dialect) == 1
            await Database.open("sqlite:///old.db", project=tmp_path, locked=True).close()
        assert version(connection, dialect) == LATEST


async def test_server_stops_when_the_schema_version_has_changed(cluster: Cluster):
    url = cluster.new_database()
    dialect = dialect_of(url, Path())
    database = Database.open(url, readers=1)
    connection = Connection(dialect.raw(dialect.engine()), dialect)
    connection.run("UPDATE schema SET version = 99")
    with pytest.raises(StoreUnavailable, match=r"must be restarted|schema version 99 by now"):
        await database.write(lambda c: c.run("DELETE FROM turns"))
    assert "schema version 99 by now" in (database.failure or "")
    connection.close()
    await database.close()


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        ("UPDATE turns SET record = :old WHERE seq = 2", "conversation old: turn 2 cannot be read"),
        ("UPDATE conversations SET snapshot = :old", "conversation old: the snapshot cannot be read"),
    ],
)
async def test_verify_names_rows_of_an_older_version_and_checks_the_rest(
    url: str, dialect: Dialect, connection: Connection, spoil: str, named: str
):
    migrate(connection, dialect, to=1)
    fill_as_version_1(connection)
    opened = Database.open(url, readers=1)
    store = open_turns(opened, Sources())
    connection.run(spoil, old=old_record(2))
    connection.run("INSERT INTO turns (conversation, seq, at, record) VALUES ('stray', 1, 0, :record)", record=b"")
    stray, problem = (await verify(opened, TurnFold)).problems
    assert stray == "turns beyond the last one of conversation stray"
    assert problem.startswith(named)
    await store.close()
    await opened.close()


def test_file_that_is_not_a_database_stops_the_start(tmp_path: Path):
    (tmp_path / "t.db").write_bytes(b"something else, long enough to be taken for a header" * 100)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        Database.open("sqlite:///t.db", project=tmp_path)


def test_schema_table_of_another_program_is_rejected(tmp_path: Path):
    with sqlite3.connect(tmp_path / "t.db") as other:
        other.execute("CREATE TABLE schema (version TEXT)")
        other.execute("INSERT INTO schema VALUES ('one')")
    other.close()
    for look in (Database.open, check_is_store):
        with pytest.raises(ConfigurationError, match="another program's table `schema`; name another database"):
            look("sqlite:///t.db", project=tmp_path)


def test_postgres_user_who_may_not_create_tables_is_told_which_right_is_missing(cluster: Cluster):
    with psycopg.connect(f"host={cluster.folder} user=postgres dbname=postgres", autocommit=True) as admin:
        admin.execute("CREATE ROLE reader LOGIN")
        admin.execute("CREATE SCHEMA closed; GRANT USAGE ON SCHEMA closed TO reader")
    url = cluster.url.replace("postgres@", "reader@") + "&options=-csearch_path%3Dclosed"
    with pytest.raises(
        ConfigurationError, match=r"may not create any \(permission denied for schema closed\); .*grant"
    ):
        Database.open(url)


def test_database_of_another_program_is_rejected(tmp_path: Path):
    with sqlite3.connect(tmp_path / "t.db") as other:
        other.execute("CREATE TABLE turns (about TEXT)")
    other.close()
    with pytest.raises(ConfigurationError, match=r"t\.db has another program's tables, .*; name another database"):
        Database.open("sqlite:///t.db", project=tmp_path)


def test_sqlite_rejects_values_of_the_wrong_type(tmp_path: Path):
    dialect = dialect_of("sqlite:///t.db", tmp_path)
    connection = Connection(dialect.raw(dialect.engine()), dialect)
    migrate(connection, dialect)
    with pytest.raises(Exception, match="cannot store TEXT value in INTEGER column"):
        connection.run("INSERT INTO turns (conversation, seq, at, record) VALUES ('c', 'one', 0, x'00')")
    connection.close()
