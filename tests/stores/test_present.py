"""Checking whether there is a store does not create one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.dialects import dialect_of
from bot.stores.present import check_is_store
from bot.stores.schema import migrate
from tests.stores.cluster import Cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        (tmp_path / "t.db").touch()
        return "sqlite:///t.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.new_database()


async def test_empty_database_is_not_a_store_and_stays_empty(url: str, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="there is no store in this database"):
            check_is_store(url, tmp_path)
    await Database.open(url, project=tmp_path).close()
    check_is_store(url, tmp_path, as_it_is=True)


async def test_older_schema_is_rejected_only_if_the_store_is_used_as_it_is(url: str, tmp_path: Path) -> None:
    dialect = dialect_of(url, tmp_path)
    connection = Connection(dialect.raw(dialect.engine()), dialect)
    migrate(connection, dialect, to=2)
    connection.close()
    check_is_store(url, tmp_path)
    with pytest.raises(ConfigurationError, match="has schema version 2"):
        check_is_store(url, tmp_path, as_it_is=True)


def test_missing_file_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no store at"):
        check_is_store("sqlite:///t.db", tmp_path)
    assert not list(tmp_path.iterdir())
