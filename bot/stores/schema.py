"""The tables, as migrations from one version to the next; a new database runs all of them.

`{text}`, `{integer}` and so on are the dialect's types. Times are integer microseconds since 1970 in UTC; money appears
only in turn records, in minor units. Account numbers are text, since `007` is not `7`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot.errors import ConfigurationError
from bot.progress import Progress, silent
from bot.stores.connection import Connection
from bot.stores.dialects import Dialect, Sqlite
from bot.stores.faults import Fault
from bot.stores.lock import check_not_served
from bot.stores.rewriting import rewrite

VERSION_1 = (
    """CREATE TABLE conversations (
        id {text} PRIMARY KEY, principal {text} NOT NULL, channel {text} NOT NULL, sender {text} NOT NULL,
        created_at {integer} NOT NULL, seq {integer} NOT NULL DEFAULT 0, snapshot {bytes}, last_turn_at {integer},
        fence {integer} NOT NULL DEFAULT 0, lease_owner {text}, lease_until {integer} NOT NULL DEFAULT 0,
        lease_wanted {integer} NOT NULL DEFAULT 0,
        UNIQUE (principal, channel, sender)){strict}""",
    """CREATE TABLE turns (
        conversation {text} NOT NULL, seq {integer} NOT NULL, at {integer} NOT NULL, record {bytes} NOT NULL,
        PRIMARY KEY (conversation, seq)){strict}""",
    """CREATE TABLE inbox (
        number {serial}, conversation {text} NOT NULL, message_id {text} NOT NULL, fingerprint {text} NOT NULL,
        payload {bytes}, arrived_at {integer} NOT NULL, status {text} NOT NULL, seq {integer}, reply {bytes},
        UNIQUE (conversation, message_id)){strict}""",
    "CREATE INDEX inbox_accepted ON inbox (number) WHERE status = 'accepted'",
    """CREATE TABLE outbox (
        number {serial}, id {text} NOT NULL UNIQUE, conversation {text} NOT NULL, channel {text} NOT NULL,
        target {text} NOT NULL, body {bytes} NOT NULL, status {text} NOT NULL, attempts {integer} NOT NULL DEFAULT 0,
        next_at {integer} NOT NULL, created_at {integer} NOT NULL, sent_at {integer}){strict}""",
    "CREATE INDEX outbox_due ON outbox (conversation, number) WHERE status = 'due'",
    """CREATE TABLE effects (
        key {text} PRIMARY KEY, conversation {text} NOT NULL, kind {text} NOT NULL, parameters {bytes} NOT NULL,
        status {text} NOT NULL, at {integer} NOT NULL, result {bytes}){strict}""",
    "CREATE INDEX effects_unsettled ON effects (at) WHERE status IN ('spending', 'unknown')",
    """CREATE TABLE reminders (
        conversation {text} NOT NULL, name {text} NOT NULL, intent {text} NOT NULL, reminder {bytes} NOT NULL,
        due_at {integer} NOT NULL, kill_on_user_message {integer} NOT NULL,
        PRIMARY KEY (conversation, name)){strict}""",
    "CREATE INDEX reminders_due ON reminders (due_at)",
    """CREATE TABLE customers (
        id {text} PRIMARY KEY, account_number {text} NOT NULL UNIQUE, bank_customer_id {text} NOT NULL,
        code_hash {text} NOT NULL, disabled {integer} NOT NULL DEFAULT 0,
        created_at {integer} NOT NULL){strict}""",
    """CREATE TABLE sessions (
        token_hash {text} PRIMARY KEY, id {text} NOT NULL, customer {text} NOT NULL REFERENCES customers (id),
        created_at {integer} NOT NULL, idle_until {integer} NOT NULL,
        absolute_until {integer} NOT NULL, replaces {text}, dies_at {integer}){strict}""",
    "CREATE INDEX sessions_id ON sessions (id)",
    "CREATE INDEX sessions_customer ON sessions (customer)",
    "CREATE INDEX sessions_replaces ON sessions (replaces) WHERE replaces IS NOT NULL",
    """CREATE TABLE keys (
        id {text} PRIMARY KEY, name {text} NOT NULL, hash {text} NOT NULL UNIQUE, scopes {text} NOT NULL,
        created_at {integer} NOT NULL, revoked_at {integer}){strict}""",
    """CREATE TABLE throttles (
        name {text} PRIMARY KEY, failures {integer} NOT NULL, locked_until {integer} NOT NULL,
        pending {integer} NOT NULL, pending_until {integer} NOT NULL,
        attempts {integer} NOT NULL, window_until {integer} NOT NULL, updated_at {integer} NOT NULL){strict}""",
    "CREATE INDEX throttles_updated ON throttles (updated_at)",
    "CREATE TABLE peppers (id {text} PRIMARY KEY, check_value {text} NOT NULL, created_at {integer} NOT NULL){strict}",
)

VERSION_2 = (
    # Old turns leave the table that every turn writes to; they stay readable.
    """CREATE TABLE archive (
        conversation {text} NOT NULL, seq {integer} NOT NULL, at {integer} NOT NULL, record {bytes} NOT NULL,
        PRIMARY KEY (conversation, seq)){strict}""",
)

VERSION_3 = (rewrite,)

MIGRATIONS: Sequence[Sequence[str | Callable[[Connection, Progress], None]]] = (VERSION_1, VERSION_2, VERSION_3)
"""The steps to each version: SQL, or a function to call."""

LATEST = len(MIGRATIONS)

TABLES: Mapping[str, tuple[str, ...]] = {
    "customers": ("id",),
    "sessions": ("token_hash",),
    "keys": ("id",),
    "throttles": ("name",),
    "peppers": ("id",),
    "conversations": ("id",),
    "turns": ("conversation", "seq"),
    "archive": ("conversation", "seq"),
    "inbox": ("number",),
    "outbox": ("number",),
    "effects": ("key",),
    "reminders": ("conversation", "name"),
}
"""Every table except `schema`, with its key, in an order that satisfies references."""


def migrate(
    connection: Connection, dialect: Dialect, *, to: int = LATEST, progress: Progress = silent, locked: bool = False
) -> None:
    """Migrate the schema to version `to` in one transaction, one process at a time.

    `locked`: the caller has the lock of an SQLite file, so that no server uses it.
    Raises ConfigurationError if the database is newer than this program, and if it is older and in use: a server of
    the earlier version would keep writing what nobody reads any more.
    """
    connection.begin()
    try:
        if dialect.name == "postgresql":
            connection.run("SET LOCAL lock_timeout = 0")
            connection.run("SELECT pg_advisory_xact_lock(7355608)")
        present = version(connection, dialect)
        if present > LATEST:
            raise ConfigurationError([_TOO_NEW.format(present=present, latest=LATEST)])
        if present < to and not locked:
            _check_unused(connection, dialect, present)
        for number in range(present + 1, to + 1):
            for step in MIGRATIONS[number - 1]:
                _run_step(step, connection, dialect, progress)
            connection.run("DELETE FROM schema")
            connection.run("INSERT INTO schema (version) VALUES (:version)", version=number)
        connection.run("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def share(connection: Connection, dialect: Dialect) -> None:
    """Keep the store at this program's version while the connection lasts; on SQLite the file's lock does so.

    Raises Fault if it has another version by now.
    """
    if dialect.name == "postgresql":
        connection.all(f"SELECT pg_advisory_lock_shared({_USED})")
        (present,) = connection.one("SELECT version FROM schema") or (0,)
        if present != LATEST:
            raise Fault("broken", f"it has schema version {present} by now, and this program writes version {LATEST}")


def _check_unused(connection: Connection, dialect: Dialect, present: int) -> None:
    if isinstance(dialect, Sqlite):
        check_not_served(dialect.file)
        return
    (row,) = connection.all(f"SELECT pg_try_advisory_xact_lock({_USED}) AS is_unused")
    if not row.is_unused:
        raise ConfigurationError([_USED_BY_OTHERS.format(present=present)])


def _run_step(
    step: str | Callable[[Connection, Progress], None], connection: Connection, dialect: Dialect, progress: Progress
) -> None:
    if isinstance(step, str):
        connection.run(step.format_map(dialect.types))
    else:
        step(connection, progress)


def version(connection: Connection, dialect: Dialect) -> int:
    """The database's version, 0 for an empty one; creates the `schema` table if it does not exist."""
    connection.run("CREATE TABLE IF NOT EXISTS schema (version {integer} NOT NULL){strict}".format_map(dialect.types))
    return version_of(connection) or 0


def version_of(connection: Connection) -> int | None:
    """The version in the `schema` table; raises ConfigurationError if it is another program's table."""
    row = connection.one("SELECT version FROM schema")
    if row is not None and not isinstance(row.version, int):
        raise ConfigurationError(["the database has another program's table `schema`; name another database"])
    return row.version if row is not None else None


_USED = "7355609, 'schema'::regclass::oid::int4"
"""PostgreSQL's advisory lock of all who use the store: one database may have several stores, each in its own schema."""

_USED_BY_OTHERS = (
    "the store has schema version {present}, and servers of that version are using it; "
    "stop all of them first, on every machine, then start this one, which brings the store up to date"
)

_TOO_NEW = (
    "the store has schema version {present}, and this program knows versions up to {latest}; "
    "run the newer program that wrote it, or restore an older backup"
)
