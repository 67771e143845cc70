"""The database: acknowledged writes are durable, one bad write fails alone, and nothing runs after a failure."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bot.errors import ConfigurationError, StoreUnavailable
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.faults import Conflict

INSERT = "INSERT INTO turns (conversation, seq, at, record) VALUES ('c', :seq, 0, :record)"
COUNT = "SELECT count(*) AS n FROM turns"


@pytest.fixture
async def database(tmp_path: Path):
    database = Database.open("sqlite:///t.db", project=tmp_path, patience=0.5)
    yield database
    await database.close()


def insert(seq: int):
    def work(connection: Connection) -> int:
        return connection.run(INSERT, seq=seq, record=b"x")

    return work


async def count(database: Database) -> int:
    return await database.read(lambda c: c.one(COUNT).n)


async def test_every_reader_sees_a_committed_write(database: Database):
    assert await database.write(insert(1)) == 1
    assert await asyncio.gather(*[count(database) for _ in range(50)]) == [1] * 50


async def test_waiting_writes_share_a_commit(database: Database):
    await asyncio.gather(*[database.write(insert(n)) for n in range(200)])
    statistics = database.statistics()
    assert statistics.writes == 200
    assert statistics.commits < 50
    assert statistics.largest_batch > 1


async def test_write_that_conflicts_fails_alone(database: Database):
    await database.write(insert(7))
    results = await asyncio.gather(*[database.write(insert(n)) for n in range(20)], return_exceptions=True)
    assert [n for n, result in enumerate(results) if isinstance(result, Conflict)] == [7]
    assert await count(database) == 20


async def test_write_that_raises_is_rolled_back(database: Database):
    def work(connection: Connection) -> None:
        insert(1)(connection)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await database.write(work)
    assert await count(database) == 0


async def test_invalid_sql_fails_only_its_own_caller(database: Database):
    results = await asyncio.gather(
        database.write(lambda c: c.run("UPDATE nothing SET x = 1")), database.write(insert(1)), return_exceptions=True
    )
    assert isinstance(results[0], sqlite3.OperationalError)
    assert results[1] == 1


async def test_rows_have_names_and_positions(database: Database):
    await database.write(insert(3))
    row = await database.read(lambda c: c.one("SELECT seq, record FROM turns WHERE seq = :seq", seq=3))
    assert (row.seq, row[1]) == (3, b"x")
    assert await database.read(lambda c: c.one("SELECT seq FROM turns WHERE seq = 4")) is None


async def test_text_that_looks_like_a_number_stays_text(database: Database):
    row = await database.write(
        lambda c: c.one(
            "INSERT INTO turns (conversation, seq, at, record) VALUES (:number, 1, 0, :record) RETURNING conversation",
            number="007",
            record=b"",
        )
    )
    assert row.conversation == "007"


async def test_write_to_a_locked_database_fails_in_time_and_succeeds_later(database: Database, tmp_path: Path):
    other = sqlite3.connect(tmp_path / "t.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        await database.write(insert(1))
    other.execute("ROLLBACK")
    other.close()
    await database.write(insert(1))
    assert await count(database) == 1


async def test_write_waits_for_a_short_lock_of_another_process(database: Database, tmp_path: Path):
    other = sqlite3.connect(tmp_path / "t.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.1, lambda: other.execute("COMMIT")).start()
    await database.write(insert(1))
    other.close()


async def test_second_server_on_the_same_file_is_refused(tmp_path: Path):
    first = Database.open("sqlite:///t.db", project=tmp_path, server=True)
    with pytest.raises(ConfigurationError, match=r"is using .*; stop it first, or .*--port 5006"):
        Database.open("sqlite:///t.db", project=tmp_path, server=True)
    command_line = Database.open("sqlite:///t.db", project=tmp_path)
    await command_line.close()
    await first.close()
    await Database.open("sqlite:///t.db", project=tmp_path, server=True).close()


async def test_server_on_a_symlink_to_a_served_file_is_refused(tmp_path: Path):
    first = Database.open("sqlite:///t.db", project=tmp_path, server=True)
    (tmp_path / "other.db").symlink_to(tmp_path / "t.db")
    with pytest.raises(ConfigurationError, match="stop it first"):
        Database.open("sqlite:///other.db", project=tmp_path, server=True)
    await first.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense", "postgresql://a@b:c/d"])
def test_unsupported_store_url_is_rejected(url: str, tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"sqlite:///.teller/teller.db"):
        Database.open(url, project=tmp_path)


def test_folder_that_cannot_be_created_stops_the_start(tmp_path: Path):
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(ConfigurationError, match=r"cannot be opened: .*data"):
        Database.open("sqlite:///data/t.db", project=tmp_path, server=True)


async def test_store_file_is_readable_only_by_its_owner(database: Database, tmp_path: Path):
    assert (tmp_path / "t.db").stat().st_mode & 0o077 == 0


async def test_closed_store_rejects_reads(tmp_path: Path):
    database = Database.open("sqlite:///t.db", project=tmp_path)
    await database.close()
    with pytest.raises(StoreUnavailable):
        await database.read(lambda c: c.one(COUNT))


async def test_closing_completes_waiting_writes(tmp_path: Path):
    database = Database.open("sqlite:///t.db", project=tmp_path)
    writes = [asyncio.ensure_future(database.write(insert(n))) for n in range(20)]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*writes) == [1] * 20


class BreaksAt:
    """A driver connection whose statement of this text fails as a disk does."""

    def __init__(self, raw: sqlite3.Connection, text: str, code: int) -> None:
        self.raw, self.text, self.code = raw, text, code
        self.failed = 0

    def __getattr__(self, name: str):
        return getattr(self.raw, name)

    def execute(self, sql: str, parameters: object = ()):
        if sql == self.text:
            self.failed += 1
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = self.code
            raise error
        return self.raw.execute(sql, parameters)


async def test_io_error_stops_the_store_for_good(tmp_path: Path):
    database = Database.open(
        "sqlite:///t.db", project=tmp_path, wrap=lambda raw: BreaksAt(raw, INSERT, sqlite3.SQLITE_IOERR | 4 << 8)
    )
    results = await asyncio.gather(*[database.write(insert(n)) for n in range(5)], return_exceptions=True)
    assert all(isinstance(result, StoreUnavailable) for result in results)
    assert database.failure
    for call in (database.read(lambda c: c.one(COUNT)), database.write(lambda c: c.run("DELETE FROM turns"))):
        with pytest.raises(StoreUnavailable):
            await call
    await database.close()


async def test_full_disk_fails_the_write_at_once_and_the_store_keeps_working(tmp_path: Path):
    opened: list[BreaksAt] = []

    def wrap(raw: sqlite3.Connection) -> BreaksAt:
        opened.append(BreaksAt(raw, INSERT, sqlite3.SQLITE_FULL))
        return opened[-1]

    database = Database.open("sqlite:///t.db", project=tmp_path, wrap=wrap)
    with pytest.raises(StoreUnavailable):
        await database.write(insert(1))
    assert sum(connection.failed for connection in opened) == 1
    assert await count(database) == 0
    assert database.failure is None
    await database.close()


def insert_all(connection: Connection, seqs: Sequence[int]) -> list[int | ValueError]:
    connection.many(INSERT, [{"seq": seq, "record": b"x"} for seq in seqs if seq >= 0])
    return [seq if seq >= 0 else ValueError("below nought") for seq in seqs]


async def test_shared_write_returns_each_callers_own_result(database: Database):
    assert await asyncio.gather(*[database.write_together(insert_all, n) for n in range(30)]) == list(range(30))
    assert database.statistics().largest_batch > 1
    assert await count(database) == 30


async def test_writes_of_one_commit_run_in_order_and_shared_ones_together(database: Database):
    started, go, done = threading.Event(), threading.Event(), list[str]()

    def wait(_: Connection) -> None:
        started.set()
        go.wait(10)

    def note_all(_: Connection, names: Sequence[str]) -> Sequence[None]:
        done.append(" and ".join(names))
        return [None] * len(names)

    first = asyncio.create_task(database.write(wait))
    await asyncio.to_thread(started.wait, 10)
    rest = asyncio.gather(
        database.write(lambda _: done.append("last"), order="~"),
        database.write_together(note_all, "one", order="a"),
        database.write(lambda _: done.append("first")),
        database.write_together(note_all, "two", order="b"),
    )
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(first, rest)
    assert done == ["first", "one and two", "last"]


async def test_shared_write_that_fails_for_one_caller_succeeds_for_the_others(database: Database):
    await database.write(insert(7))
    wanted = [database.write_together(insert_all, n) for n in (6, 7, -1, 8)]
    six, seven, below, eight = await asyncio.gather(*wanted, return_exceptions=True)
    assert (six, eight) == (6, 8)
    assert isinstance(seven, Conflict)
    assert isinstance(below, ValueError)
    assert await count(database) == 3


def find_all(connection: Connection, seqs: Sequence[int]) -> list[int | KeyError]:
    rows = connection.all("SELECT seq FROM turns")
    return [seq if (seq,) in rows else KeyError(seq) for seq in seqs]


async def test_shared_read_returns_or_raises_for_each_caller(database: Database):
    await database.write(insert(1))
    found, missing = await asyncio.gather(
        database.look_together(find_all, 1), database.look_together(find_all, 2), return_exceptions=True
    )
    assert found == 1
    assert isinstance(missing, KeyError)


@contextlib.contextmanager
def no_more_files() -> Iterator[None]:
    """As if clients' connections had taken all file descriptors of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_open_server_store_needs_no_further_file_descriptors(tmp_path: Path):
    database = Database.open("sqlite:///t.db", project=tmp_path, readers=3, server=True, patience=0.1)
    together = threading.Barrier(3)
    with no_more_files():
        await database.write(insert(1))
        reads = [database.read(lambda c: (together.wait(5), c.one(COUNT).n)[1]) for _ in range(3)]
        assert await asyncio.gather(*reads) == [1] * 3
        assert await database.scan(lambda c: c.one(COUNT).n) == 1
        assert await database.look(lambda c: c.one(COUNT).n) == 1
    await database.close()


async def test_store_recovers_when_file_descriptors_are_available_again(tmp_path: Path):
    database = Database.open("sqlite:///t.db", project=tmp_path, patience=0.05)
    with no_more_files():
        for call in (database.write(insert(1)), count(database), database.look(lambda c: c.one(COUNT).n)):
            with pytest.raises(StoreUnavailable, match="cannot be used now"):
                await call
    await database.write(insert(2))
    assert await count(database) == 1
    assert await database.look(lambda c: c.one(COUNT).n) == 1
    await database.close()
