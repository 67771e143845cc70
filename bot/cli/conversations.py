"""`bot conversations`: moving old turns out of the way."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bot.cli import options, showing
from bot.cli.opening import load_settings, with_database

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


class Age(click.ParamType[timedelta]):
    """An age such as `90d`, `12h` or `6w`."""

    name = "age"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The age as a timedelta; fails with what to write instead."""
        match = re.fullmatch(r"(\d+)([hdw])", str(value))
        if match is None:
            self.fail(f"{value!r} is no age; write for example 12h, 90d or 6w", param, ctx)
        try:
            age = timedelta(**{_UNITS[match[2]]: int(match[1])})
            datetime.now(UTC) - age
        except OverflowError:
            self.fail(f"{value!r} is longer ago than there are dates", param, ctx)
        return age


@click.group(short_help="Archive old conversations.")
def conversations() -> None:
    """Look after the stored conversations."""


@conversations.command()
@click.option("--older-than", type=Age(), required=True, help="How old a turn must be: 12h, 90d, 6w.")
@options.project
@options.store
def archive(older_than: timedelta, project: Path, store: str | None) -> None:
    """Move old turns to the archive; the history still shows them."""
    from bot.sources import Sources
    from bot.stores.turns import SqlTurns

    before = datetime.now(UTC) - older_than
    settings = load_settings(project, store)
    with showing.progress("Archiving") as progress:
        moved = with_database(settings, lambda opened: SqlTurns(opened, Sources()).archive(before, progress=progress))
    click.echo(f"Archived {moved} turns.")
