"""Everything that differs between SQLite and PostgreSQL, in one place."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from bot.errors import ConfigurationError
from bot.stores.faults import Conflict, Fault, Kind, sqlite_fault
from bot.stores.owning import make_private

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_BUSY_SECONDS = 0.25
"""How long SQLite itself waits for another process's lock; the writer retries until its own deadline."""


class Dialect(Protocol):
    """One kind of database: how to connect, begin, and read its errors.

    `begin_snapshot` begins a transaction whose reads all see the same moment. `types` fill the schema's placeholders;
    `tidy` is what the writer runs now and then, between two transactions; `relax` makes a connection's COMMIT not wait
    for the disk, if that is safe for leases.
    """

    name: str
    begin: str
    begin_snapshot: Sequence[str]
    tidy: ClassVar[str | None]
    relax: ClassVar[str | None]
    types: Mapping[str, str]
    errors: tuple[type[Exception], ...]

    def engine(self) -> Engine:
        """dataset's engine for the URL; connections are not pooled, each thread keeps its own."""

    def raw(self, engine: Engine) -> Any:
        """A DBAPI connection in autocommit mode, so that transactions begin where we say."""

    def text(self, sql: str) -> str:
        """The SQL with the driver's own parameter style."""

    def execute_many(self, raw: Any, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run `sql` once for each of `rows`; return the total number of rows it changed."""

    def cut(self, raw: Any) -> None:
        """End the wait for the server's answer, from another thread; does nothing if there is no server."""

    def fault(self, error: Exception) -> Conflict | Fault | None:
        """The meaning of a driver's error; None for wrong SQL."""


def _dataset_engine(url: str, engine_options: dict[str, Any], statements: list[str]) -> Engine:
    import dataset
    from sqlalchemy.pool import NullPool

    database = dataset.connect(
        url,
        engine_kwargs={"poolclass": NullPool, **engine_options},
        ensure_schema=False,
        on_connect_statements=statements,
    )
    assert database.engine is not None
    return database.engine


def _driver_connection(engine: Engine) -> Any:
    fairy = engine.raw_connection()
    raw = fairy.driver_connection
    fairy.detach()
    return raw


class Sqlite:
    """SQLite in a file: WAL, and a sync of the log before every COMMIT returns."""

    name = "sqlite"
    begin = "BEGIN IMMEDIATE"
    begin_snapshot: Sequence[str] = ("BEGIN",)
    tidy: ClassVar[str | None] = "PRAGMA wal_checkpoint(PASSIVE)"
    relax: ClassVar[str | None] = None
    types: Mapping[str, str] = {
        "text": "TEXT",
        "integer": "INTEGER",
        "bytes": "BLOB",
        "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "strict": " STRICT",
    }
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, file: Path, synchronous: str = "FULL") -> None:
        self.file = file
        self._synchronous = synchronous

    def engine(self) -> Engine:
        """An engine on the file, which is created, readable only by its owner, if it does not exist."""
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(self.file)
        pragmas = [
            f"PRAGMA synchronous={self._synchronous}",
            "PRAGMA wal_autocheckpoint=0",
            "PRAGMA foreign_keys=ON",
            "PRAGMA cache_size=-512",  # KiB for each of several connections; the system caches the file, too
        ]
        arguments = {"isolation_level": None, "timeout": _BUSY_SECONDS, "cached_statements": 256}
        return _dataset_engine(sqlite_url(self.file), {"connect_args": arguments}, pragmas)

    def raw(self, engine: Engine) -> Any:
        """An sqlite3 connection; only the calling thread may use it. Raises Fault if the file cannot be used."""
        from sqlalchemy.exc import DBAPIError

        try:
            return _driver_connection(engine)
        except (DBAPIError, sqlite3.Error) as error:
            fault = self.fault(getattr(error, "orig", error)) or Fault("lost", str(error))
            raise fault from error

    def text(self, sql: str) -> str:
        """SQLite takes `:name` as it is."""
        return sql

    def execute_many(self, raw: Any, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """sqlite3's own executemany."""
        changed: int = raw.executemany(sql, rows).rowcount
        return changed

    def cut(self, raw: Any) -> None:
        """There is no server to wait for."""

    def fault(self, error: Exception) -> Conflict | Fault | None:
        """By SQLite's result codes."""
        return sqlite_fault(error)


def sqlite_url(file: Path) -> str:
    """The URL of an SQLite file, for any path: `?` and `%`, which have a meaning in URLs, are escaped."""
    from sqlalchemy import URL

    return URL.create("sqlite", database=str(file)).render_as_string()


_TIMEOUTS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""libpq's settings, in seconds except the last (milliseconds): a server that vanished is noticed, not waited for."""

_DEFAULTS = (
    "idle_in_transaction_session_timeout=5s",
    "tcp_keepalives_idle=10",
    "tcp_keepalives_interval=3",
    "tcp_keepalives_count=3",
)
"""The server's settings, unless the URL's `options` override them: locks of a machine that froze or vanished end."""

_REQUIRED = (
    "synchronous_commit=on",
    "lock_timeout=250ms",
    "client_min_messages=warning",
    # Every statement reads a few rows by an index, whatever the tables' statistics say; it is planned once, for that.
    "plan_cache_mode=force_generic_plan",
    "enable_seqscan=off",
    "enable_hashjoin=off",
    "enable_mergejoin=off",
    "jit=off",
)
"""The server's settings, whatever the URL says."""


_KINDS: Mapping[str, Kind] = {
    "40": "busy",
    "55P03": "busy",
    "53": "full",
    "58": "full",
    "25006": "lost",  # read-only: a standby, after a failover; the next connection may find the primary
}
"""Faults by SQLSTATE or its class (PostgreSQL manual, appendix A)."""


class Postgres:
    """PostgreSQL through psycopg 3."""

    name = "postgresql"
    begin = "BEGIN"
    begin_snapshot: Sequence[str] = (
        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        "SET LOCAL idle_in_transaction_session_timeout = 0",  # it blocks nobody, and may take long
    )
    tidy: ClassVar[str | None] = None
    relax: ClassVar[str | None] = "SET synchronous_commit = off"
    types: Mapping[str, str] = {
        "text": "TEXT",
        "integer": "BIGINT",
        "bytes": "BYTEA",
        "serial": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        "strict": "",
    }

    def __init__(self, url: URL) -> None:
        import psycopg

        self.url = url
        self.errors: tuple[type[Exception], ...] = (psycopg.Error,)
        self._connection_errors = (psycopg.OperationalError, psycopg.InterfaceError)

    @property
    def place(self) -> str:
        """The URL without password and settings, for display."""
        return self.url._replace(password=None).difference_update_query([*self.url.query]).render_as_string()

    @property
    def conninfo(self) -> str:
        """The URL as libpq takes it."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def engine(self) -> Engine:
        """An engine whose every session commits to disk, whatever the server's default is.

        Transactions are short, so that one that waits long for a row is in a
        deadlock with another worker's: it gives way and is retried.
        """
        given = self.url.query.get("options", "")
        # Of two options for one setting, the later holds.
        options = f"{_as_options(_DEFAULTS)} {given} {_as_options(_REQUIRED)}"
        arguments = {"options": options, **_TIMEOUTS}
        url = self.url.difference_update_query(["options"]).render_as_string(hide_password=False)
        return _dataset_engine(url, {"connect_args": arguments}, [])

    def raw(self, engine: Engine) -> Any:
        """A psycopg connection in autocommit mode; raises Fault if there is no server."""
        import psycopg
        from sqlalchemy.exc import DBAPIError

        try:
            raw = _driver_connection(engine)
        except (DBAPIError, psycopg.Error) as error:
            raise Fault("lost", _message_of(getattr(error, "orig", error))) from error
        raw.autocommit = True
        raw.cursor_factory = _binary_cursor()
        with contextlib.suppress(psycopg.Error):  # servers before 14, or built without lz4, keep their default
            raw.execute("SET default_toast_compression = lz4")
        return raw

    def text(self, sql: str) -> str:
        """The SQL with `:name` as `%(name)b`, which psycopg sends in binary form."""
        return _PARAMETER.sub(r"%(\1)b", sql.replace("%", "%%"))

    def execute_many(self, raw: Any, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """psycopg's executemany, which sends all rows before it waits."""
        with raw.cursor() as cursor:
            cursor.executemany(sql, rows)
            changed: int = cursor.rowcount
        return changed

    def cut(self, raw: Any) -> None:
        """Shut the socket down: the thread that waits for it reads an end of file."""
        with contextlib.suppress(OSError, *self.errors), socket.socket(fileno=os.dup(raw.pgconn.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)

    def fault(self, error: Exception) -> Conflict | Fault | None:
        """By SQLSTATE, and by whether the session ended with it."""
        state = getattr(error, "sqlstate", None)
        if state is None or state[:2] in ("08", "57"):
            return Fault("lost", _message_of(error)) if isinstance(error, self._connection_errors) else None
        if state[:2] == "23":
            return Conflict(_message_of(error))
        kind = _KINDS.get(state) or _KINDS.get(state[:2])
        if kind is None and _ended_session(error):
            kind = "lost"
        return None if kind is None else Fault(kind, _message_of(error))


def _as_options(settings: Sequence[str]) -> str:
    return " ".join(f"-c {setting}" for setting in settings)


@cache
def _binary_cursor() -> type[Any]:
    """A cursor that gets its rows in binary form: a snapshot as text would be twice as long, and parsed twice."""
    import psycopg

    class BinaryCursor(psycopg.Cursor[Any]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.format = psycopg.pq.Format.BINARY

    return BinaryCursor


def _ended_session(error: Any) -> bool:
    """Whether the server closed the connection with this error (because it was idle for too long, 25P03, say)."""
    return error.diag.severity_nonlocalized in ("FATAL", "PANIC")


def _message_of(error: Any) -> str:
    """An error's message, without the details that the driver adds, in which the server may quote values."""
    diagnosis = getattr(error, "diag", None)
    if diagnosis is None or diagnosis.message_primary is None:
        return str(error)
    return f"{diagnosis.message_primary} (SQLSTATE {diagnosis.sqlstate})"


def dialect_of(url: str, project: Path, *, synchronous: str = "FULL") -> Dialect:
    """The dialect of a store URL; SQLite paths are relative to the project. Raises ConfigurationError for others."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is not a number
        raise ConfigurationError([_WRONG_URL]) from None
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        if "?" in url:
            raise ConfigurationError([_SETTINGS])
        return Sqlite(Path(os.path.realpath(project / str(parsed.database))), synchronous)
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        try:
            return Postgres(parsed.set(drivername="postgresql+psycopg"))
        except ImportError:
            raise ConfigurationError(["PostgreSQL needs psycopg: pip install 'CHECKOUT[postgres]'"]) from None
    raise ConfigurationError([_WRONG_URL])


_WRONG_URL = (
    "the store URL cannot be used; write sqlite:///.teller/teller.db (a file, relative to the project) "
    "or postgresql+psycopg://user:password@host/database"
)

_SETTINGS = "the store URL has a `?`: an SQLite file takes no settings; in the name of a file, write it as %3F"
