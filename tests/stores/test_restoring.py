"""A restore brings conversations back to the backup's state, and keeps access revoked since then revoked."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.sources import Sources
from bot.stores.backup import backup, restore
from bot.stores.database import Database
from bot.stores.lock import locked
from bot.stores.turns import SqlTurns
from tests.stores.examples import turn

URL = "sqlite:///t.db"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


class StoreFile:
    """A store's file, changed by SQL as the operator's commands change it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *statements: str) -> None:
        connection = sqlite3.connect(self.folder / "t.db")
        with connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    def all(self, sql: str, file: str = "t.db") -> Sequence[tuple[object, ...]]:
        connection = sqlite3.connect(self.folder / file)
        rows = connection.execute(sql).fetchall()
        connection.close()
        return rows

    def add_customer(self, name: str, at: int = 1) -> None:
        self.run(f"INSERT INTO customers VALUES ('{name}', '{name}', 'b', 'old {name}', 0, {at})")


@pytest.fixture
async def store(tmp_path: Path) -> StoreFile:
    turns = SqlTurns(Database.open(URL, project=tmp_path), Sources())
    await turns.commit(turn(await turns.conversation_id("p", "chat", ""), 1))
    await turns.database.close()
    store = StoreFile(tmp_path)
    store.add_customer("ann")
    store.add_customer("bob")
    store.run(
        "INSERT INTO keys VALUES ('k1', '', 'h1', 'channel', 1, NULL), ('k2', '', 'h2', 'channel', 1, NULL)",
        "INSERT INTO sessions VALUES ('t', 'i', 'ann', 1, 99, 99, NULL, NULL)",
    )
    return store


LATER = "UPDATE conversations SET last_turn_at = last_turn_at + 1000"


def test_restore_ends_all_sessions_and_keeps_the_old_store(store: StoreFile, tmp_path: Path) -> None:
    backup(URL, tmp_path / "b.db", project=tmp_path)
    store.add_customer("cid")
    for number, aside in enumerate(("t.db.before-restore", "t.db.before-restore-2")):
        done = restore(URL, tmp_path / "b.db", project=tmp_path)
        assert (done.sessions, done.aside) == (1, tmp_path / aside)
        assert store.all("SELECT COUNT(*) FROM sessions") == [(0,)]
        assert store.all("SELECT COUNT(*) FROM customers", aside) == [(3 - number,)]
        assert (tmp_path / aside).stat().st_mode & 0o077 == 0
    assert store.all("SELECT COUNT(*) FROM sessions", "b.db") == [(1,)], "the backup stays as it is"
    assert not list(tmp_path.glob("*.restoring*"))


def test_access_revoked_since_the_backup_stays_revoked(store: StoreFile, tmp_path: Path) -> None:
    backup(URL, tmp_path / "b.db", project=tmp_path)
    store.run(
        "UPDATE keys SET revoked_at = 5 WHERE id = 'k1'",
        "UPDATE customers SET disabled = 1 WHERE id = 'ann'",
        "UPDATE customers SET code_hash = 'new bob' WHERE id = 'bob'",
        LATER,
    )
    store.add_customer("cid")
    done = restore(URL, tmp_path / "b.db", project=tmp_path)
    assert (done.keys, done.disabled, done.codes, done.gone, done.lost_customers) == (1, 1, 1, 0, 1)
    assert store.all("SELECT id, revoked_at FROM keys ORDER BY id") == [("k1", 5), ("k2", None)]
    customers = store.all("SELECT id, code_hash, disabled FROM customers ORDER BY id")
    assert customers == [("ann", "old ann", 1), ("bob", "new bob", 0)]


def test_customers_erased_since_the_backup_come_back_disabled(store: StoreFile, tmp_path: Path) -> None:
    backup(URL, tmp_path / "b.db", project=tmp_path)
    store.run("DELETE FROM sessions", "DELETE FROM customers WHERE id = 'ann'", LATER)
    assert restore(URL, tmp_path / "b.db", project=tmp_path).gone == 1
    assert store.all("SELECT id, disabled FROM customers ORDER BY id") == [("ann", 1), ("bob", 0)]


def test_newest_customer_erased_since_the_backup_comes_back_disabled(store: StoreFile, tmp_path: Path) -> None:
    store.add_customer("newest", at=2**60)
    backup(URL, tmp_path / "b.db", project=tmp_path)
    store.run("DELETE FROM customers WHERE id = 'newest'", "UPDATE customers SET code_hash = 'new' WHERE id = 'bob'")
    done = restore(URL, tmp_path / "b.db", project=tmp_path)
    assert (done.gone, done.codes) == (1, 1)
    assert store.all("SELECT id, disabled FROM customers ORDER BY id") == [("ann", 0), ("bob", 0), ("newest", 1)]


@pytest.mark.parametrize("other", ["keys", "conversations"])
def test_store_without_customers_is_recognised_by_its_other_rows(store: StoreFile, tmp_path: Path, other: str) -> None:
    backup(URL, tmp_path / "b.db", project=tmp_path)
    store.run("DELETE FROM sessions", "DELETE FROM customers", "DELETE FROM turns", f"DELETE FROM {other}")
    assert restore(URL, tmp_path / "b.db", project=tmp_path).gone == 2


def test_codes_of_a_store_older_than_the_backup_are_not_kept(store: StoreFile, tmp_path: Path) -> None:
    store.run(LATER)
    backup(URL, tmp_path / "b.db", project=tmp_path)
    store.run(
        "UPDATE conversations SET last_turn_at = 1",
        "UPDATE customers SET code_hash = 'older', disabled = 1 WHERE id = 'ann'",
    )
    done = restore(URL, tmp_path / "b.db", project=tmp_path)
    assert (done.codes, done.disabled) == (0, 1)
    assert store.all("SELECT code_hash FROM customers WHERE id = 'ann'") == [("old ann",)]


def test_store_with_no_rows_of_the_backup_disables_no_customers(store: StoreFile, tmp_path: Path) -> None:
    backup(URL, tmp_path / "b.db", project=tmp_path)
    tables = ("sessions", "customers", "keys", "inbox", "turns", "conversations")
    store.run(*[f"DELETE FROM {table}" for table in tables])
    store.add_customer("new", at=99)
    assert restore(URL, tmp_path / "b.db", project=tmp_path).gone == 0
    assert store.all("SELECT id, disabled FROM customers ORDER BY id") == [("ann", 0), ("bob", 0)]


def test_restore_reports_an_old_store_that_could_not_be_read(store: StoreFile, tmp_path: Path) -> None:
    backup(URL, tmp_path / "b.db", project=tmp_path)
    (tmp_path / "t.db").write_bytes(b"overwritten by something else" * 300)
    done = restore(URL, tmp_path / "b.db", project=tmp_path)
    assert (done.unknown, done.aside) == (True, tmp_path / "t.db.damaged")
    (tmp_path / "t.db").unlink()
    assert not restore(URL, tmp_path / "b.db", project=tmp_path).unknown


@pytest.mark.parametrize("table", ["turns", "conversations", "customers", "keys"])
def test_partly_damaged_store_is_kept_aside_and_replaced_by_its_backup(
    store: StoreFile, tmp_path: Path, table: str
) -> None:
    backup(URL, tmp_path / "b.db", project=tmp_path)
    store.run("UPDATE keys SET revoked_at = 5 WHERE id = 'k1'", "UPDATE customers SET disabled = 1 WHERE id = 'ann'")
    store.add_customer("since the backup")
    store.all("PRAGMA wal_checkpoint(TRUNCATE)")
    ((page,),) = store.all(f"SELECT rootpage FROM sqlite_master WHERE name = '{table}'")
    ((size,),) = store.all("PRAGMA page_size")
    with (tmp_path / "t.db").open("r+b") as file:
        file.seek((int(str(page)) - 1) * int(str(size)))
        file.write(b"\xff" * 100)
    damaged = (tmp_path / "t.db").read_bytes()
    done = restore(URL, tmp_path / "b.db", project=tmp_path)
    assert done.aside is not None
    assert damaged[-100:] == done.aside.read_bytes()[-100:]
    assert done.unknown == (table in ("customers", "keys"))
    assert (done.keys, done.disabled) == ((0, 0) if done.unknown else (1, 1))
    assert store.all("PRAGMA integrity_check") == [("ok",)]


def test_store_of_a_newer_program_is_replaced_by_an_older_backup(store: StoreFile, tmp_path: Path) -> None:
    backup(URL, tmp_path / "b.db", project=tmp_path)
    store.run("UPDATE schema SET version = 99")
    assert restore(URL, tmp_path / "b.db", project=tmp_path).aside == tmp_path / "t.db.before-restore"
    assert store.all("SELECT version FROM schema") != [(99,)]


def test_backup_overwrites_an_existing_file_only_with_overwrite(store: StoreFile, tmp_path: Path) -> None:
    backup(URL, tmp_path / "b.db", project=tmp_path)
    before = (tmp_path / "b.db").read_bytes()
    store.add_customer("cid")
    with pytest.raises(ConfigurationError, match="exists; name another file"):
        backup(URL, tmp_path / "b.db", project=tmp_path)
    assert (tmp_path / "b.db").read_bytes() == before
    backup(URL, tmp_path / "b.db", project=tmp_path, overwrite=True)
    assert store.all("SELECT COUNT(*) FROM customers", "b.db") == [(3,)]


@AS_ROOT
async def test_files_created_by_root_belong_to_the_folders_owner(store: StoreFile, tmp_path: Path) -> None:
    folder = tmp_path / "service"
    folder.mkdir()
    os.chown(folder, 4321, 4321)
    backup(URL, tmp_path / "b.db", project=tmp_path)
    for _ in range(2):
        restore("sqlite:///service/t.db", tmp_path / "b.db", project=tmp_path)
    with locked(folder / "other.db"):
        await Database.open("sqlite:///service/new.db", project=tmp_path).close()
    owners = {file.name: file.stat().st_uid for file in folder.iterdir()}
    assert owners.keys() >= {"t.db", "t.db.lock", "t.db.before-restore", "other.db.lock", "new.db"}
    assert set(owners.values()) == {4321}, owners


@AS_ROOT
async def test_existing_files_keep_their_owner_when_root_opens_them(tmp_path: Path) -> None:
    await Database.open(URL, project=tmp_path).close()
    for file in tmp_path.iterdir():
        os.chown(file, 4321, 4321)
    await Database.open(URL, project=tmp_path).close()
    assert {file.stat().st_uid for file in tmp_path.iterdir()} == {4321}


def test_symlinked_lock_file_is_rejected_and_its_target_unchanged(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("precious")
    (tmp_path / "t.db.lock").symlink_to(tmp_path / "other")
    with pytest.raises(ConfigurationError, match="is a symbolic link"), locked(tmp_path / "t.db"):
        pass
    assert (tmp_path / "other").read_text() == "precious"
