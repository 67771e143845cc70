"""`bot store`: backup, verification, restore and copy of the store."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from bot.cli import options, showing
from bot.cli.opening import load_settings, with_database


@click.group(short_help="Back up, verify, restore or copy the store.")
def store() -> None:
    """Back the store up while the bot runs, verify it, restore it, copy it to another database."""


@store.command()
@click.argument("file", type=options.FileName())
@options.project
@options.store
def backup(file: Path, project: Path, store: str | None) -> None:
    """Write a consistent copy of the store to FILE; the bot may go on running."""
    from bot.stores.backup import backup as write_backup

    settings = load_settings(project, store)
    with showing.progress("Copying") as progress:
        write_backup(settings.store.url, file, project=settings.project, progress=progress)
    click.echo(f"Wrote {file}.")


@store.command()
@options.project
@options.store
def verify(project: Path, store: str | None) -> None:
    """Check turns, sequence numbers, snapshots (each must be the fold of its turns) and effects without outcome."""
    from bot.app.verifying import TurnFold
    from bot.stores.verifying import verify as find_problems

    settings = load_settings(project, store)
    with showing.progress("Checking") as progress:
        problems = with_database(settings, lambda opened: find_problems(opened, TurnFold, progress=progress))
    for problem in problems:
        click.echo(problem, err=True)
    click.echo("The store is sound." if not problems else f"{len(problems)} problems.")
    sys.exit(bool(problems))


@store.command()
@click.argument("file", type=options.FileName(exists=True))
@options.project
@options.store
def restore(file: Path, project: Path, store: str | None) -> None:
    """Put the backup FILE in the store's place; refused while a server runs on it."""
    from bot.stores.backup import restore as put_back

    settings = load_settings(project, store)
    with showing.progress("Copying") as progress:
        put_back(settings.store.url, file, project=settings.project, progress=progress)
    click.echo("Restored.")


@store.command()
@click.argument("source", type=options.PlainText())
@click.argument("target", type=options.PlainText())
@options.project
def copy(source: str, target: str, project: Path) -> None:
    """Copy everything from the store at SOURCE to the empty store at TARGET (both are SQLAlchemy URLs)."""
    from bot.stores.backup import copy as copy_all

    with showing.progress("Copying") as progress:
        rows = asyncio.run(copy_all(source, target, project=project, progress=progress))
    click.echo(f"Copied {rows} rows.")
