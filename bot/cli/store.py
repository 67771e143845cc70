"""`bot store`: backup, verification, restore and copy of the store."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli import options, showing
from bot.cli.opening import load_settings, with_database

if TYPE_CHECKING:
    from bot.stores.restoring import Restored

_UNDER_WAY = timedelta(hours=1)
"""How long an effect may be without an outcome, as the bank may be unavailable."""


@click.group(short_help="Back up, verify, restore or copy the store.")
def store() -> None:
    """Back up the store while the bot runs, verify it, restore it, copy it to another database."""


@store.command()
@click.argument("file", type=options.FileName())
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
@options.project
@options.store
def backup(file: Path, force: bool, project: Path, store: str | None) -> None:
    """Write a consistent copy of the store to the new file FILE. The bot may keep running."""
    from bot.stores.backup import backup as write_backup

    settings = load_settings(project, store)
    with showing.progress("Copying") as progress:
        write_backup(settings.store.url, file, project=settings.project, overwrite=force, progress=progress)
    click.echo(f"Wrote {file}.")


@store.command()
@options.as_json
@options.project
@options.store
def verify(as_json: bool, project: Path, store: str | None) -> None:
    """Check turns, sequence numbers, snapshots and effects.

    Each snapshot must be the fold of its turns. Effects without an outcome are listed; only those older than an hour
    count as problems.

    The store is not changed; a missing store, or one of an earlier version, is refused.
    """
    from bot.app.verifying import TurnFold
    from bot.stores.verifying import verify as find_problems

    settings = load_settings(project, store)
    with showing.progress("Checking") as progress:
        report = with_database(
            settings, lambda opened: find_problems(opened, TurnFold, progress=progress), as_it_is=True
        )
    overdue_before = datetime.now(UTC) - _UNDER_WAY
    overdue = [str(effect) for effect in report.open_effects if effect.since < overdue_before]
    under_way = [str(effect) for effect in report.open_effects if effect.since >= overdue_before]
    problems = [*report.problems, *overdue]
    if as_json:
        showing.as_json({"problems": problems, "openEffects": report.open_effects, "rows": report.counts})
    else:
        for line in [*problems, *under_way]:
            click.echo(line, err=True)
        click.echo(_counts(report.counts))
        click.echo(f"{showing.counted(len(problems), 'problem')}." if problems else "The store is sound.")
    sys.exit(bool(problems))


def _counts(rows: Mapping[str, int]) -> str:
    turns = rows["turns"] + rows["archive"]
    archived = f" ({rows['archive']} archived)" if rows["archive"] else ""
    conversations = showing.counted(rows["conversations"], "conversation")
    customers = showing.counted(rows["customers"], "customer")
    return f"{conversations}, {showing.counted(turns, 'turn')}{archived}, {customers}."


@store.command()
@click.argument("file", type=options.FileName(exists=True))
@options.project
@options.store
def restore(file: Path, project: Path, store: str | None) -> None:
    """Replace the store by the backup FILE. The old one is kept beside it. Refused while a server runs on it.

    All sessions end. Keys revoked and customers disabled since the backup stay so, and codes changed since then stay
    valid.
    """
    from bot.stores.backup import restore as put_back

    settings = load_settings(project, store)
    with showing.progress("Copying") as progress:
        done = put_back(settings.store.url, file, project=settings.project, progress=progress)
    click.echo(f"Restored. Sessions in the backup, which have ended: {done.sessions}.")
    for line in _summary(done):
        click.echo(line)


def _summary(done: Restored) -> Iterator[str]:
    """Yield what an operator has to know about a restore."""
    if done.aside is not None:
        yield f"The previous store is in {done.aside}; delete it when you no longer need it."
    if done.unknown:
        yield "The previous store could not be read: keys, codes and customers are as in the backup."
    if done.keys or done.disabled or done.codes:
        keys, customers = showing.counted(done.keys, "key"), showing.counted(done.disabled, "customer")
        yield f"Still revoked: {keys}. Still disabled: {customers}."
        yield f"Newer codes kept: {done.codes}."
    if done.gone:
        yield f"Customers deleted since the backup that are back, but disabled: {done.gone}. Erase them again."
    if done.lost_keys or done.lost_customers:
        keys, customers = showing.counted(done.lost_keys, "key"), showing.counted(done.lost_customers, "customer")
        yield f"Created after the backup, so lost: {keys}, {customers}."


@store.command()
@click.argument("source", type=options.PlainText())
@click.argument("target", type=options.PlainText())
@options.project
def copy(source: str, target: str, project: Path) -> None:
    """Copy everything from SOURCE to the empty store TARGET. Both are SQLAlchemy URLs."""
    from bot.stores.backup import copy as copy_all

    with showing.progress("Copying") as progress:
        rows = asyncio.run(copy_all(source, target, project=project, progress=progress))
    click.echo(f"Copied {rows} rows.")
