"""A real store in a temporary folder, and a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.auth.opening import Auth, open_auth
from bot.config import Settings
from bot.sources import Sources
from bot.stores.database import Database
from tests.stores.cluster import Cluster, running_cluster

BOTH = pytest.mark.parametrize("store_kind", ["sqlite", "postgresql"])


@dataclass
class Clock:
    at: datetime = field(default=datetime(2026, 11, 22, 12, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sources(clock: Clock) -> Sources:
    return Sources(now=clock.now)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(project=tmp_path)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture
def store_kind() -> str:
    """Tests of state that several workers share are parametrised by BOTH."""
    return "sqlite"


@pytest.fixture
async def database(request: pytest.FixtureRequest, settings: Settings, store_kind: str) -> AsyncIterator[Database]:
    url = settings.store.url
    if store_kind == "postgresql":
        url = request.getfixturevalue("cluster").new_database()
    database = Database.open(url, project=settings.project)
    yield database
    await database.close()


@pytest.fixture
async def auth(database: Database, settings: Settings, sources: Sources) -> AsyncIterator[Auth]:
    auth = await open_auth(database, settings, sources)
    yield auth
    auth.close()
