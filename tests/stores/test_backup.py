"""Backup while the bot writes, restore, copy to another database, and verification that finds what is wrong."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from bot.engine.protocols import Outgoing
from bot.errors import ConfigurationError
from bot.sources import Sources
from bot.stores.backup import backup, copy, restore
from bot.stores.database import Database
from bot.stores.dialects import Postgres, dialect_of
from bot.stores.schema import TABLES
from bot.stores.turns import SqlTurns, open_turns
from bot.stores.verifying import verify
from tests.stores.cluster import Cluster
from tests.stores.examples import entry, message, reminder, turn
from tests.stores.folds import LastRecord

URL = "sqlite:///t.db"


@pytest.fixture
async def store(tmp_path: Path):
    store = SqlTurns(Database.open(URL, project=tmp_path, server=True), Sources())
    yield store
    await store.database.close()


async def fill(store: SqlTurns) -> list[str]:
    names = [await store.conversation_id("customer:1", "chat", str(n)) for n in range(3)]
    for name in names:
        for seq in range(1, 5):
            await store.commit(
                turn(name, seq, outbox=(Outgoing(f"{name}-{seq}", "c", "u", b"b"),), reminders=(reminder(f"r{seq}"),))
            )
        await store.accept(message(name, "waiting"), "f")
        await store.journal(entry(f"effect-{name}", "done", conversation=name))
    await store.archive(turn("", 3).at)
    return names


async def test_backup_taken_while_turns_commit_has_every_acknowledged_turn(store: SqlTurns, tmp_path: Path):
    conversation = await store.conversation_id("p", "chat", "")
    acknowledged = 0
    enough = asyncio.Event()

    async def write() -> None:
        nonlocal acknowledged
        for seq in range(1, 400):
            await store.commit(turn(conversation, seq))
            acknowledged = seq
            if seq == 50:
                enough.set()

    writing = asyncio.create_task(write())
    await enough.wait()
    before = acknowledged
    await asyncio.to_thread(backup, URL, tmp_path / "b.db", project=tmp_path)
    await writing
    copied = SqlTurns(Database.open("sqlite:///b.db", project=tmp_path), Sources())
    assert (await copied.load(conversation)).seq >= before
    assert (await verify(copied.database, LastRecord)).problems == []
    await copied.database.close()
    assert (tmp_path / "b.db").stat().st_mode & 0o077 == 0


async def test_long_backup_reports_progress_and_excludes_concurrent_writes(store: SqlTurns, tmp_path: Path):
    await fill(store)
    await store.database.write(lambda c: c.run("CREATE TABLE ballast (page BLOB)"))
    pages = [{"page": b"x" * 4_000}] * 5_000
    await store.database.write(lambda c: c.many("INSERT INTO ballast (page) VALUES (:page)", pages))
    writer = sqlite3.connect(tmp_path / "t.db", isolation_level=None, timeout=5)
    shares: list[float] = []

    def write(_: str, share: float) -> None:
        shares.append(share)
        writer.execute("UPDATE ballast SET page = x'00' WHERE rowid IN (1, 2500, 5000)")

    backup(URL, tmp_path / "b.db", project=tmp_path, progress=write)
    writer.close()
    assert len(shares) >= 3
    assert shares == sorted(shares)
    with sqlite3.connect(tmp_path / "b.db") as copied:
        assert copied.execute("SELECT COUNT(*) FROM ballast WHERE length(page) = 4000").fetchone() == (5_000,)
    copied.close()


async def test_restore_brings_back_the_state_of_the_backup(store: SqlTurns, tmp_path: Path):
    (conversation, *_) = await fill(store)
    backup(URL, tmp_path / "b.db", project=tmp_path)
    await store.commit(turn(conversation, 5))
    await store.database.close()
    restore(URL, tmp_path / "b.db", project=tmp_path)
    again = SqlTurns(Database.open(URL, project=tmp_path), Sources())
    assert (await again.load(conversation)).seq == 4
    await again.commit(turn(conversation, 5))
    assert (await verify(again.database, LastRecord)).problems == []
    await again.database.close()


async def test_restore_creates_a_missing_store(store: SqlTurns, tmp_path: Path):
    (conversation, *_) = await fill(store)
    backup(URL, tmp_path / "b.db", project=tmp_path)
    restore("sqlite:///elsewhere/t.db", tmp_path / "b.db", project=tmp_path)
    again = SqlTurns(Database.open("sqlite:///elsewhere/t.db", project=tmp_path), Sources())
    assert (await again.load(conversation)).seq == 4
    await again.database.close()


async def test_restore_sets_a_damaged_store_aside(store: SqlTurns, tmp_path: Path):
    (conversation, *_) = await fill(store)
    backup(URL, tmp_path / "b.db", project=tmp_path)
    await store.database.close()
    (tmp_path / "t.db").write_bytes(b"overwritten by something else" * 300)
    restore(URL, tmp_path / "b.db", project=tmp_path)
    again = SqlTurns(Database.open(URL, project=tmp_path), Sources())
    assert (await again.load(conversation)).seq == 4
    await again.database.close()
    assert (tmp_path / "t.db.damaged").read_bytes().startswith(b"overwritten")


async def test_copying_a_missing_store_fails_and_creates_no_file(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"there is no store at .*typo\.db"):
        await copy("sqlite:///typo.db", "sqlite:///c.db", project=tmp_path)
    assert list(tmp_path.glob("*.db")) == []


async def test_store_cannot_be_copied_onto_itself(store: SqlTurns, tmp_path: Path):
    await store.database.close()
    with pytest.raises(ConfigurationError, match="are the same store"):
        await copy(URL, f"sqlite:///{tmp_path}/t.db", project=tmp_path)


async def test_restore_and_copy_are_refused_while_a_server_runs(store: SqlTurns, tmp_path: Path):
    backup(URL, tmp_path / "b.db", project=tmp_path)
    with pytest.raises(ConfigurationError, match=r"stop it first$"):
        restore(URL, tmp_path / "b.db", project=tmp_path)
    with pytest.raises(ConfigurationError, match=r"stop it first$"):
        await copy(URL, "sqlite:///c.db", project=tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 300, None])
async def test_invalid_backup_is_rejected_and_the_store_stays_unchanged(
    store: SqlTurns, tmp_path: Path, content: bytes | None
):
    (conversation, *_) = await fill(store)
    await store.database.close()
    if content is not None:
        (tmp_path / "b.db").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"b\.db"):
        restore(URL, tmp_path / "b.db", project=tmp_path)
    again = SqlTurns(Database.open(URL, project=tmp_path), Sources())
    assert (await again.load(conversation)).seq == 4
    await again.database.close()


async def test_backup_of_a_damaged_file_names_it_and_leaves_nothing_behind(tmp_path: Path):
    (tmp_path / "t.db").write_bytes(b"overwritten by something else" * 300)
    with pytest.raises(ConfigurationError, match=r"t\.db: file is not a database"):
        backup(URL, tmp_path / "b.db", project=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["t.db"]


def test_backup_of_a_postgres_store_points_to_pg_dump(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="pg_dump"):
        backup("postgresql://x/y", tmp_path / "b", project=tmp_path)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_copied_store_has_every_row_and_accepts_new_turns(
    store: SqlTurns, tmp_path: Path, kind: str, request: pytest.FixtureRequest
):
    names = await fill(store)
    rows = {table: await _rows(store.database, table) for table in TABLES}
    await store.database.close()
    target = "sqlite:///c.db" if kind == "sqlite" else request.getfixturevalue("cluster").new_database()
    shares: list[float] = []
    copied_rows = await copy(URL, target, project=tmp_path, progress=lambda _, share: shares.append(share))
    assert copied_rows == sum(map(len, rows.values()))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    copied = open_turns(Database.open(target, project=tmp_path), Sources())
    assert {table: await _rows(copied.database, table) for table in TABLES} == rows
    assert (await verify(copied.database, LastRecord)).problems == []
    async with copied.hold(names[0]) as fence:
        assert await copied.accept(message(names[0], "new"), "f")
        await copied.commit(turn(names[0], 5, fence=fence, outbox=(Outgoing("new", "c", "u", b""),)))
    with pytest.raises(ConfigurationError, match="copy to an empty database"):
        await copy(URL, target, project=tmp_path)
    await copied.close()
    await copied.database.close()


async def test_copy_is_not_affected_by_concurrent_writes(tmp_path: Path, cluster: Cluster):
    url = cluster.new_database()
    store = open_turns(Database.open(url), Sources())
    await fill(store)
    rows = {table: await _rows(store.database, table) for table in TABLES}
    await store.close()
    await store.database.close()
    written: list[str] = []

    def write(said: str, share: float) -> None:
        if not written:
            dialect = dialect_of(url, tmp_path)
            assert isinstance(dialect, Postgres)
            with psycopg.connect(dialect.conninfo, autocommit=True) as other:
                other.execute("DELETE FROM turns")
                other.execute("UPDATE conversations SET seq = seq + 1")
        written.append(said)

    await copy(url, "sqlite:///c.db", project=tmp_path, progress=write)
    copied = SqlTurns(Database.open("sqlite:///c.db", project=tmp_path), Sources())
    for row in rows["conversations"]:
        row |= {"fence": 0, "lease_owner": None, "lease_until": 0, "lease_wanted": 0}
    assert {table: await _rows(copied.database, table) for table in TABLES} == rows
    last = next(row for row in rows["conversations"] if row["seq"] == 4)
    async with copied.hold(str(last["id"])) as fence:
        await copied.commit(turn(str(last["id"]), 5, fence=fence))
    await copied.database.close()
    assert len(written) > 1


async def _rows(database: Database, table: str) -> list[dict[str, object]]:
    order = ", ".join(TABLES[table])
    return [row._asdict() for row in await database.read(lambda c: c.all(f"SELECT * FROM {table} ORDER BY {order}"))]


async def test_sound_store_has_no_problems(store: SqlTurns):
    await fill(store)
    stages: list[str] = []
    report = await verify(store.database, LastRecord, progress=lambda stage, _: stages.append(stage))
    assert (report.problems, report.open_effects) == ([], [])
    assert report.counts == {"conversations": 3, "turns": 6, "archive": 6, "customers": 0}
    assert stages == ["the file", *(f"conversation {n} of 3" for n in (1, 2, 3))]


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DELETE FROM turns WHERE seq = 3", "turn 3 is missing"),
        ("DELETE FROM archive WHERE seq = 1", "turn 1 is missing"),
        ("DELETE FROM turns WHERE seq = 4", "turn 4 is missing"),
        ("UPDATE conversations SET snapshot = x'00'", "not the fold of its turns: the number differs"),
        ("UPDATE conversations SET seq = 3", "turns beyond the last one"),
        ("DELETE FROM conversations", "turns beyond the last one"),
        ("UPDATE inbox SET reply = NULL WHERE status = 'done'", "answered messages without an answer"),
        ("UPDATE inbox SET seq = 99 WHERE status = 'done'", "answers to messages beyond the last turn"),
    ],
)
async def test_inconsistent_rows_are_found(store: SqlTurns, damage: str, found: str):
    await fill(store)
    await store.database.write(lambda c: c.run(damage))
    problems = (await verify(store.database, LastRecord)).problems
    assert any(found in problem for problem in problems), problems


async def test_open_effects_are_reported_separately_from_problems(store: SqlTurns):
    (conversation, *_) = await fill(store)
    await store.database.write(
        lambda c: c.run("UPDATE effects SET status = 'unknown' WHERE conversation = :c", c=conversation)
    )
    report = await verify(store.database, LastRecord)
    assert report.problems == []
    (effect,) = map(str, report.open_effects)
    assert effect.startswith(f"effect effect-{conversation} (transfer) of conversation {conversation} has no outcome")
    assert effect.endswith("since 2026-11-03T12:00:00+00:00")


async def test_damaged_file_is_found(store: SqlTurns, tmp_path: Path):
    conversation = await store.conversation_id("p", "chat", "")
    for seq in range(1, 100):
        await store.commit(replace(turn(conversation, seq), body=b"x" * 3000))
    await store.database.close()
    file = tmp_path / "t.db"
    connection = sqlite3.connect(file)
    page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_turns_1'").fetchone()[
        0
    ]
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(file.read_bytes())
    data[(page - 1) * 4096 + 200 : (page - 1) * 4096 + 4000] = bytes(3800)
    file.write_bytes(data)
    database = Database.open(URL, project=tmp_path)
    assert any("the file is damaged" in problem for problem in (await verify(database, LastRecord)).problems)
    await database.close()
