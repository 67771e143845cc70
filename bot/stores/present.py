"""Checks whether there is one of our stores behind a URL at all: opening it would create one."""

from __future__ import annotations

import contextlib
from pathlib import Path

from bot.errors import ConfigurationError
from bot.stores.connection import Connection
from bot.stores.dialects import Dialect, Sqlite, dialect_of
from bot.stores.faults import Fault
from bot.stores.schema import LATEST, version_of

_TABLE = {
    "sqlite": "SELECT name FROM sqlite_master WHERE name = 'schema'",
    "postgresql": "SELECT 1 AS name WHERE to_regclass('schema') IS NOT NULL",
}


def check_is_store(url: str, project: Path, *, as_it_is: bool = False) -> None:
    """Raise ConfigurationError if there is no store at `url` (SQLite paths are relative to `project`).

    `as_it_is`: also if opening it would migrate it. A database that cannot be reached now is left to whoever opens
    it, who reports why or waits.
    """
    dialect = dialect_of(url, project)
    if isinstance(dialect, Sqlite):
        check_exists(dialect.file)
    with contextlib.suppress(Fault, *dialect.errors):
        version = _version(dialect)
        if version is None:
            raise ConfigurationError([_NONE])
        if as_it_is and version < LATEST:
            raise ConfigurationError([_OLD.format(version=version, latest=LATEST)])


def check_exists(store: Path) -> None:
    """Raise ConfigurationError if there is no such SQLite file."""
    if not store.is_file():
        raise ConfigurationError([f"there is no store at {store}"])


def _version(dialect: Dialect) -> int | None:
    """The version of the store's schema; None if there is no store."""
    with contextlib.closing(Connection(dialect.raw(dialect.engine()), dialect)) as connection:
        if connection.one(_TABLE[dialect.name]) is None:
            return None
        return version_of(connection)


_NONE = "there is no store in this database: is its name right? The first start of a bot on it creates the tables"
_OLD = (
    "the store has schema version {version}, and this program checks version {latest}: "
    "use the program that wrote it, or start the bot, which brings it up to date"
)
