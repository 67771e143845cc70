"""What several commands open: the project's settings, and authentication on its store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bot.config import Settings
from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from bot.auth.opening import Auth
    from bot.stores.database import Database

T = TypeVar("T")


def load_settings(project: Path, store: str | None = None) -> Settings:
    """The project's settings, its store replaced when one is given; ConfigurationError lists every problem."""
    from bot.reading import read_settings

    settings, diagnostics = read_settings(project)
    errors = [str(found) for found in diagnostics if found.severity == "error"]
    if errors:
        raise ConfigurationError(errors)
    return replace(settings, store=replace(settings.store, url=store)) if store else settings


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The project's store, beside a server that may be running on it."""
    from bot.app.projects import private_folder
    from bot.stores.database import Database

    private_folder(settings)
    database = Database.open(settings.store.url, project=settings.project, readers=1)
    try:
        yield database
    finally:
        await database.close()


def with_auth(settings: Settings, work: Callable[[Auth], Awaitable[T]]) -> T:
    """Run `work` on the project's customers, sessions and keys."""
    from bot.auth.opening import open_auth
    from bot.sources import Sources

    async def run() -> T:
        async with open_database(settings) as database:
            auth = await open_auth(database, settings, Sources())
            try:
                return await work(auth)
            finally:
                auth.close()

    return asyncio.run(run())


def with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` on the project's store."""

    async def run() -> T:
        async with open_database(settings) as database:
            return await work(database)

    return asyncio.run(run())
