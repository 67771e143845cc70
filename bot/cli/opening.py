"""What several commands open: the project's settings, its store, and authentication."""

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

_USED = frozenset({"limits", "login", "sessions", "store"})
"""The sections of config.yml that the store, authentication and these commands use."""


def load_settings(project: Path, store: str | None = None) -> Settings:
    """Return the project's settings, with the given store, if any; ConfigurationError lists every problem.

    Environment variables of the settings that these commands do not use may be unset: those may be the server's alone.
    If neither the command nor config.yml names a store, use that of the server
    running in the project, which may be a demo with its own store. A PostgreSQL
    store must be named, because its password is not in any file.
    """
    from bot.reading import content_files, read_settings

    if not (project / "config.yml").is_file() and not content_files(project):
        raise ConfigurationError(
            [f"there is no project in {project.resolve()}: change to one, or create one with `bot init DIR`"]
        )
    settings, diagnostics = read_settings(project)
    used = _USED - {"store"} if store else _USED
    errors = [str(d) for d in diagnostics if d.severity == "error" and (d.code != "unset-variable" or d.name in used)]
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
        raise ConfigurationError([f"the server running here uses {served}: pass this store with --store"])
    held = [sqlite_url(file.relative_to(settings.project)) for file in held_files(settings.data)]
    if len(held) != 1 or held == [default]:
        return None
    click.echo(f"Using {held[0]}, the store of the server running here; --store names another.", err=True)
    return held[0]


@asynccontextmanager
async def open_database(settings: Settings, *, new: bool = True, as_it_is: bool = False) -> AsyncIterator[Database]:
    """Open the project's store, on which a server may be running; with `new`, create it if it does not exist.

    With `as_it_is`, a store of an earlier version is not migrated, but refused (ConfigurationError).
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
    """Run `work` on the project's store; raises ConfigurationError if it does not exist.

    With `as_it_is`, also if it is of an earlier version.
    """

    async def run() -> T:
        async with open_database(settings, new=False, as_it_is=as_it_is) as database:
            return await work(database)

    return asyncio.run(run())
