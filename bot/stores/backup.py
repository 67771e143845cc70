"""Backup while the bot runs, restore, and copying to another database. PostgreSQL has its own backup tools."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from msgspec.structs import replace

from bot.errors import ConfigurationError
from bot.progress import Progress, silent
from bot.stores.connection import Connection, Row
from bot.stores.database import Database
from bot.stores.dialects import Sqlite, dialect_of
from bot.stores.faults import Fault, sqlite_fault
from bot.stores.history import count_of
from bot.stores.lock import locked
from bot.stores.owning import make_private
from bot.stores.present import check_exists, check_is_store
from bot.stores.restoring import Access, Restored, access_of, close_again, is_later
from bot.stores.schema import LATEST, TABLES

T = TypeVar("T")

_CHUNK = 500
_NOT_HELD = {"fence": 0, "lease_owner": None, "lease_until": 0, "lease_wanted": 0}
"""Nobody holds the conversations of a copy. Turns on SQLite, where nobody ever does, always commit with fence 0."""

_LOG_SUFFIXES = ("-wal", "-shm")
"""Suffixes of the files that SQLite keeps beside a store's file."""

_NOT_A_DATABASE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)

_PAGES = 2_000
"""Pages copied between two progress reports."""


def backup(
    url: str, file: Path, *, project: Path = Path(), overwrite: bool = False, progress: Progress = silent
) -> None:
    """Write a consistent copy of an SQLite store to `file`, durable when this returns; the bot can keep writing.

    The copy is one read transaction (https://sqlite.org/backup.html), so that it has every turn that was acknowledged
    before the call. Raises ConfigurationError for PostgreSQL, if `file` belongs to the store itself, and if `file`
    exists already, unless it may be overwritten.
    """
    store = _sqlite_file(url, project, "pg_dump --format=custom --file=FILE DATABASE")
    check_exists(store)
    _check_free(file, store, overwrite=overwrite)
    _write_copy(store, file, progress)


def _check_free(file: Path, store: Path, *, overwrite: bool) -> None:
    """Raise ConfigurationError if the store's backup may not be written to `file`."""
    own = [f"{store}{suffix}" for suffix in ("", *_LOG_SUFFIXES, ".lock")]
    if str(file.resolve()) in own or (file.exists() and file.samefile(store)):
        raise ConfigurationError([f"{file} is the store itself, or a part of it; name another file for its backup"])
    if file.exists() and not file.is_file():
        raise ConfigurationError([f"{file} exists and is not a file; name a file for the backup"])
    if file.exists() and not overwrite:
        raise ConfigurationError([f"{file} exists; name another file, or let it be overwritten with --force"])


def _touch(file: Path) -> None:
    file.touch(mode=0o600)


def _write_copy(
    store: Path, file: Path, progress: Progress, *, make: Callable[[Path], None] = _touch, sound: bool = True
) -> None:
    """Copy the store to a file that `make` creates; raises ConfigurationError if it must be `sound` and is not."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    make(part)
    try:
        with _opened(store) as source:
            source.execute("BEGIN")
            source.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()  # fixes the moment that is copied
            with _opened(part) as target:
                _copy_pages(source, target, progress)
                if sound:
                    _check(target, store)
                    target.execute("PRAGMA journal_mode=DELETE")  # with a log, a read-only folder makes it unreadable
        _sync(part)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    _sync(file.parent)


def restore(url: str, file: Path, *, project: Path = Path(), progress: Progress = silent) -> Restored:
    """Replace an SQLite store with the backup in `file`, completely or not at all; the old store is kept aside.

    All sessions end, and access revoked since the backup stays revoked (`bot.stores.restoring`). Raises
    ConfigurationError while a server runs on the store, and if `file` is not a sound backup of one.
    """
    store = _sqlite_file(url, project, "pg_restore --clean --dbname=DATABASE FILE")
    with locked(store):
        with _opened(file) as source:
            _check(source, file)
        draft = store.with_name(f"{store.name}.restoring")
        try:
            _write_copy(file, draft, progress)
            done = _prepare(draft, store)
            _put_in_place(draft, store)
        finally:
            draft.unlink(missing_ok=True)
    return done


def _prepare(draft: Path, store: Path) -> Restored:
    """Keep the store aside, and revoke in the backup's copy what is revoked in the store."""
    aside: Path | None = None
    before: Access | None = None
    if store.is_file() and store.stat().st_size > 0:
        aside = _renamed_if_not_a_database(store) or _copied_aside(store)
        with contextlib.suppress(ConfigurationError), _opened(aside) as old:
            before = access_of(old)
    with _opened(draft) as copied:
        later = aside is not None and before is not None and is_later(aside, copied)
        copied.execute("BEGIN IMMEDIATE")
        done = close_again(copied, before, later=later)
        copied.execute("COMMIT")
    return replace(done, aside=aside, unknown=aside is not None and before is None)


def _copied_aside(store: Path) -> Path:
    """A copy of the store as it is: even if damaged, nothing else has what came after the backup."""
    aside = _unused_name(store.with_name(f"{store.name}.before-restore"))
    _write_copy(store, aside, silent, make=make_private, sound=False)
    return aside


def _put_in_place(draft: Path, store: Path) -> None:
    make_private(store)
    with _opened(draft) as source, _opened(store) as target:
        # Into the store as one transaction, so that its log and other processes stay consistent.
        target.execute("PRAGMA journal_mode=WAL")
        target.execute("PRAGMA synchronous=FULL")
        _copy_pages(source, target, silent)


def _unused_name(file: Path) -> Path:
    """The file, or the first numbered variant of its name that does not exist yet."""
    number = 1
    unused = file
    while unused.exists():
        number += 1
        unused = file.with_name(f"{file.name}-{number}")
    return unused


def _renamed_if_not_a_database(store: Path) -> Path | None:
    """Move a file that is not a database aside, with its log, for inspection; its new path, None for a database."""
    try:
        with _opened(store) as opened:
            opened.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except ConfigurationError as error:
        if getattr(error.__cause__, "sqlite_errorcode", None) not in _NOT_A_DATABASE:
            raise
        aside = _unused_name(store.with_name(f"{store.name}.damaged"))
        for suffix in ("", *_LOG_SUFFIXES):
            part = store.with_name(store.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        return aside
    return None


def _copy_pages(source: sqlite3.Connection, target: sqlite3.Connection, progress: Progress) -> None:
    def report(_: int, remaining: int, total: int) -> None:
        copied = total - remaining
        total = max(total, 1)
        progress(f"{copied * 100 // total} %", copied / total)

    source.backup(target, pages=_PAGES, progress=report)


async def copy(source: str, target: str, *, project: Path = Path(), progress: Progress = silent) -> int:
    """Copy everything from one store to another, empty one (SQLite to PostgreSQL, say); return the number of rows.

    All is read as of one moment, whatever servers on PostgreSQL write meanwhile. Raises ConfigurationError
    while a server runs on either SQLite file, if there is no store at the source or the target is not empty, and
    if the connection to the source is lost on the way.
    """
    with contextlib.ExitStack() as stack:
        dialects = [dialect_of(url, project) for url in (source, target)]
        files = [dialect.file for dialect in dialects if isinstance(dialect, Sqlite)]
        check_is_store(source, project)
        if source == target or len(set(files)) < len(files):
            raise ConfigurationError(["source and target are the same store; name an empty one for the copy"])
        for file in files:
            stack.enter_context(locked(file))
        origin = Database.open(source, project=project, readers=1, locked=True, progress=progress)
        copied = Database.open(target, project=project, readers=1, locked=True)
        try:
            await copied.read(_check_empty)
            return await _copy_tables(await _Moment.of(origin), copied, progress)
        finally:
            await origin.close()
            await copied.close()


class _Moment:
    """A store as of one moment: everything is read in one transaction of one connection."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database = database
        self._connection = connection

    @classmethod
    async def of(cls, database: Database) -> Self:
        """The current state of a store with one reader."""

        def begin(connection: Connection) -> Connection:
            for statement in database.dialect.begin_snapshot:
                connection.run(statement)
            return connection

        return cls(database, await database.read(begin))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on it; raises ConfigurationError if it had to reconnect, and so would see later changes."""

        def on_same_connection(connection: Connection) -> T:
            if connection is not self._connection:
                raise ConfigurationError(["the connection to the source was lost; copy again to an empty database"])
            return work(connection)

        return await self._database.read(on_same_connection)


async def _copy_tables(source: _Moment, target: Database, progress: Progress) -> int:
    total = sum([await source.read(partial(count_of, table=table)) for table in TABLES])
    count = 0
    for table in TABLES:
        async for rows in _pages(source, table):
            await target.write(partial(_insert, table=table, rows=rows))
            count += len(rows)
            progress(f"row {count:,} of {total:,}", count / total)
        if TABLES[table] == ("number",) and target.dialect.name == "postgresql":
            await target.write(partial(_continue_numbers, table=table))
    return count


async def _pages(source: _Moment, table: str) -> AsyncIterator[list[dict[str, object]]]:
    """The rows of a table as they are copied, a page at a time."""
    changed = _NOT_HELD if table == "conversations" else {}
    last: dict[str, object] = {}
    while page := await source.read(partial(_page, table=table, last=last)):
        rows = [row._asdict() | changed for row in page]
        last = {name: rows[-1][name] for name in TABLES[table]}
        yield rows


def _page(connection: Connection, table: str, last: dict[str, object]) -> list[Row]:
    """The rows after the one with the key `last`, from the first one if that is empty."""
    key = ", ".join(TABLES[table])
    after = f"WHERE ({key}) > ({', '.join(f':{name}' for name in last)})" if last else ""
    sql = f"SELECT * FROM {table} {after} ORDER BY {key} LIMIT {_CHUNK}"  # noqa: S608 - our own names
    return connection.all(sql, **last)


def _insert(connection: Connection, table: str, rows: list[dict[str, object]]) -> None:
    names = list(rows[0])
    values = ", ".join(f":{name}" for name in names)
    connection.many(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})", rows)  # noqa: S608 - as above


def _continue_numbers(connection: Connection, table: str) -> None:
    """Continue the table's numbers after the copied ones."""
    sql = (
        f"SELECT setval(pg_get_serial_sequence('{table}', 'number'), COALESCE(MAX(number), 0) + 1, false) FROM {table}"  # noqa: S608 - as above
    )
    connection.all(sql)


def _check_empty(connection: Connection) -> None:
    """Raise ConfigurationError if the target of a copy has any rows."""
    for table in TABLES:
        if connection.all(f"SELECT 1 AS one FROM {table} LIMIT 1"):  # noqa: S608 - as above
            raise ConfigurationError([f"the target has {table} already; copy to an empty database"])


def _sqlite_file(url: str, project: Path, instead: str) -> Path:
    dialect = dialect_of(url, project)
    if not isinstance(dialect, Sqlite):
        raise ConfigurationError([f"a PostgreSQL store is backed up and restored by its own tools: {instead}"])
    return dialect.file


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    if not file.is_file():
        raise ConfigurationError([f"there is no file {file}"])
    try:
        with contextlib.closing(sqlite3.connect(file, isolation_level=None, timeout=5.0)) as connection:
            yield connection
    except sqlite3.Error as error:
        fault = sqlite_fault(error)
        cure = fault.cure if isinstance(fault, Fault) else ""
        raise ConfigurationError([f"{file}: {error}{cure}"]) from error


def _check(connection: sqlite3.Connection, file: Path) -> None:
    """Refuse what is damaged, not our store, or written by a newer program; errors name `file`."""
    try:
        (outcome,) = connection.execute("PRAGMA quick_check").fetchone()
        if outcome != "ok":
            raise ConfigurationError([f"{file} is damaged: {outcome}; use an earlier backup"])
        (version,) = connection.execute("SELECT max(version) FROM schema").fetchone()
        access_of(connection)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode not in (*_NOT_A_DATABASE, sqlite3.SQLITE_ERROR):
            raise
        raise ConfigurationError([f"{file} is not a store, or is damaged: {error}; name another file"]) from error
    if version is None or version > LATEST:
        problem = f"{file} has schema version {version}, and this program knows versions up to {LATEST}"
        raise ConfigurationError([f"{problem}; use the program that wrote it"])


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
