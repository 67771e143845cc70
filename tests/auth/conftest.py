"""A real store in a temporary folder, and a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.auth.opening import Auth, open_auth
from bot.config import Settings
from bot.sources import Sources
from bot.stores.database import Database


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


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database.open(settings.store.url, project=settings.project)
    yield database
    await database.close()


@pytest.fixture
async def auth(database: Database, settings: Settings, sources: Sources) -> AsyncIterator[Auth]:
    auth = await open_auth(database, settings, sources)
    yield auth
    auth.close()
