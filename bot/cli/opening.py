"""What several commands open: the project's settings, and authentication on its store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from msgspec.structs import replace

from bot.config import Settings, Store
from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from bot.auth.opening import Auth
    from bot.stores.database import Database

T = TypeVar("T")


def load_settings(project: Path, store: str | None = None) -> Settings:
    """The project's settings, its store replaced when one is given; ConfigurationError lists every problem.

    Where neither the command nor config.yml names a store, it is that of the
    server that runs in the project: a demo has one of its own. One on
    PostgreSQL has to be named, since its password is in no file.
    """
    from bot.reading import content_files, read_settings

    if not (project / "config.yml").is_file() and not content_files(project):
        raise ConfigurationError(
            [f"there is no project in {project.resolve()}: go to one, or begin with `bot init DIR`"]
        )
    settings, diagnostics = read_settings(project)
    errors = [str(found) for found in diagnostics if found.severity == "error"]
    if errors:
        raise ConfigurationError(errors)
    url = store or _store_in_use(settings)
    return replace(settings, store=replace(settings.store, url=url)) if url else settings


def _store_in_use(settings: Settings) -> str | None:
    from bot.stores.dialects import sqlite_url
    from bot.stores.lock import held_files, noted_store

    default = Store().url
    if settings.store.url != default:
        return None
    if served := noted_store(settings.data):
        raise ConfigurationError([f"the server that runs here works on {served}: name this store with --store"])
    held = [sqlite_url(file.relative_to(settings.project)) for file in held_files(settings.data)]
    if len(held) != 1 or held == [default]:
        return None
    click.echo(f"Working on {held[0]}, the store of the server that runs here; --store names another.", err=True)
    return held[0]


@asynccontextmanager
async def open_database(settings: Settings, *, new: bool = True, as_it_is: bool = False) -> AsyncIterator[Database]:
    """The project's store, beside a server that may be running on it; made where there is none, unless not `new`.

    `as_it_is`: an earlier version's is not brought up to date, but refused (ConfigurationError).
    """
    from bot.app.projects import private_folder
    from bot.cli import showing
    from bot.stores.database import Database
    from bot.stores.present import check_is_store

    private_folder(settings)
    if not new:
        check_is_store(settings.store.url, settings.project, as_it_is=as_it_is)
    with showing.progress("Opening the store") as progress:
        database = Database.open(settings.store.url, project=settings.project, readers=1, progress=progress)
    try:
        yield database
    finally:
        await database.close()


def with_auth(settings: Settings, work: Callable[[Auth], Awaitable[T]]) -> T:
    """Run `work` on the project's customers, sessions and keys."""
    return with_both(settings, lambda _, auth: work(auth))


def with_both(settings: Settings, work: Callable[[Database, Auth], Awaitable[T]], *, new: bool = True) -> T:
    """Run `work` on the project's store and its customers, sessions and keys."""
    from bot.auth.opening import open_auth
    from bot.sources import Sources

    async def run() -> T:
        async with open_database(settings, new=new) as database:
            auth = await open_auth(database, settings, Sources())
            try:
                return await work(database, auth)
            finally:
                auth.close()

    return asyncio.run(run())


def with_database(settings: Settings, work: Callable[[Database], Awaitable[T]], *, as_it_is: bool = False) -> T:
    """Run `work` on the project's store; raises ConfigurationError where there is none.

    `as_it_is`: or where it is an earlier version's.
    """

    async def run() -> T:
        async with open_database(settings, new=False, as_it_is=as_it_is) as database:
            return await work(database)

    return asyncio.run(run())
