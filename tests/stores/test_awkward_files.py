"""Stores and backups with odd names, on full or read-only disks, and files of other kinds: errors say what to do."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.sources import Sources
from bot.stores.backup import backup, copy, restore
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.dialects import dialect_of, sqlite_url
from bot.stores.faults import Fault, sqlite_fault
from bot.stores.turns import SqlTurns
from tests.stores.cluster import Cluster
from tests.stores.examples import turn

URL = "sqlite:///t.db"


async def fill(url: str, project: Path) -> None:
    store = SqlTurns(Database.open(url, project=project), Sources())
    await store.commit(turn(await store.conversation_id("p", "chat", ""), 1))
    await store.database.close()


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nobody, not even root, can write or create a file."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "none", folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", folder], check=True)


def make_read_only(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


@pytest.mark.parametrize("name", ["a b", "100%", "x%20y", "what?now=1", "h#sh", "q'uote", "at@host:1", "[br]", "ü"])
async def test_store_path_may_contain_special_characters(tmp_path: Path, name: str) -> None:
    project = tmp_path / name
    await fill(URL, project)
    assert sorted(found.name for found in tmp_path.iterdir()) == [name]
    assert sorted(found.name for found in project.iterdir()) == ["t.db"]
    await fill(sqlite_url(Path(name)), project)
    assert (project / name).is_file()


def test_sqlite_url_with_settings_is_rejected(tmp_path: Path) -> None:
    for url in ("sqlite:///t.db?timeout=5", "sqlite:///what?now.db"):
        with pytest.raises(ConfigurationError, match="write it as %3F"):
            dialect_of(url, tmp_path)


def test_store_path_that_is_a_symlink_loop_is_reported(tmp_path: Path) -> None:
    (tmp_path / "t.db").symlink_to("t.db")
    with pytest.raises(ConfigurationError, match=r"t\.db cannot be opened"):
        Database.open(URL, project=tmp_path)


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        (sqlite3.SQLITE_IOERR_SHMSIZE, "check its permissions and the disk's space"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "check its permissions and the disk's space"),
        (sqlite3.SQLITE_CORRUPT_INDEX, "restore a backup"),
    ],
)
def test_sqlite_error_suggests_restoring_a_backup_only_for_corruption(code: int, cure: str) -> None:
    error = sqlite3.OperationalError("it failed")
    error.sqlite_errorcode = code
    fault = sqlite_fault(error)
    assert isinstance(fault, Fault)
    assert (fault.kind, cure in fault.cure) == ("broken", True)


async def test_store_on_a_read_only_disk_is_reported_with_a_remedy(read_only: Path) -> None:
    await fill(URL, read_only)
    make_read_only(read_only)
    for server in (False, True):
        with pytest.raises(ConfigurationError, match="check its permissions and the disk's space"):
            Database.open(URL, project=read_only, server=server)


async def test_backup_can_be_restored_from_a_read_only_disk(tmp_path: Path, read_only: Path) -> None:
    await fill(URL, tmp_path)
    backup(URL, read_only / "b.db", project=tmp_path)
    make_read_only(read_only)
    restore(URL, read_only / "b.db", project=tmp_path)
    assert [found.name for found in read_only.iterdir()] == ["b.db"]
    await Database.open(URL, project=tmp_path).close()


async def test_backup_that_sqlite_cannot_open_is_reported_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(URL, tmp_path)
    backup(URL, tmp_path / "b.db", project=tmp_path)
    (tmp_path / "b.db").rename(tmp_path / "away")
    monkeypatch.setattr(Path, "is_file", lambda self: True)
    (tmp_path / "b.db").mkdir()  # which nobody can open, as others' files can only be opened by root
    with pytest.raises(ConfigurationError, match=r"b\.db: unable to open .*; check its permissions"):
        restore(URL, tmp_path / "b.db", project=tmp_path)


@pytest.mark.parametrize("name", ["t.db", "t.db-wal", "t.db-shm", "t.db.lock", "hard", "link"])
async def test_backup_never_overwrites_the_stores_own_files(tmp_path: Path, name: str) -> None:
    database = Database.open(URL, project=tmp_path, server=True)
    os.link(tmp_path / "t.db", tmp_path / "hard")
    (tmp_path / "link").symlink_to("t.db")
    before = (tmp_path / name).read_bytes()
    with pytest.raises(ConfigurationError, match="is the store itself, or a part of it"):
        backup(URL, tmp_path / name, project=tmp_path, overwrite=True)
    assert (tmp_path / name).read_bytes() == before
    await database.close()


async def test_backup_does_not_replace_a_folder_or_pipe(tmp_path: Path) -> None:
    await fill(URL, tmp_path)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(ConfigurationError, match="exists and is not a file"):
            backup(URL, tmp_path / name, project=tmp_path, overwrite=True)
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE schema SET version = 99", "has schema version 99.*use the program that wrote it"),
        ("DROP TABLE keys", "is not a store, or is damaged: no such table: keys"),
        ("DROP TABLE schema", "is not a store, or is damaged: no such table: schema"),
    ],
)
async def test_store_that_cannot_be_restored_is_rejected_by_backup_and_restore(
    tmp_path: Path, statement: str, problem: str
) -> None:
    await fill(URL, tmp_path)
    backup(URL, tmp_path / "b.db", project=tmp_path)
    for name in ("t.db", "b.db"):
        with sqlite3.connect(tmp_path / name) as connection:
            connection.execute(statement)
        connection.close()
    with pytest.raises(ConfigurationError, match=rf"^{tmp_path}/t\.db {problem}"):
        backup(URL, tmp_path / "c.db", project=tmp_path)
    with pytest.raises(ConfigurationError, match=rf"^{tmp_path}/b\.db {problem}"):
        restore(URL, tmp_path / "b.db", project=tmp_path)
    assert not (tmp_path / "c.db").exists()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_copying_an_empty_database_fails_and_leaves_it_empty(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        (tmp_path / "t.db").touch()
        url = URL
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.new_database()
    with pytest.raises(ConfigurationError, match="there is no store in this database"):
        await copy(url, "sqlite:///c.db", project=tmp_path)
    dialect = dialect_of(url, tmp_path)
    connection = Connection(dialect.raw(dialect.engine()), dialect)
    with pytest.raises(dialect.errors):
        connection.all("SELECT version FROM schema")
    connection.close()
    assert not (tmp_path / "c.db").exists()
