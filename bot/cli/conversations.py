"""`bot conversations`: list conversations, archive old turns, delete old conversations."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bot.cli import options, showing
from bot.cli.opening import load_settings, with_both, with_database

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


class Age(click.ParamType[timedelta]):
    """An age such as `90d`, `12h` or `6w`."""

    name = "age"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the age as a timedelta; fail with what to write instead."""
        match = re.fullmatch(r"(\d+)([hdw])", str(value))
        if match is None:
            self.fail(f"{value!r} is not an age; write for example 12h, 90d or 6w", param, ctx)
        try:
            age = timedelta(**{_UNITS[match[2]]: int(match[1])})
            datetime.now(UTC) - age
        except OverflowError:
            self.fail(f"{value!r} is too long ago", param, ctx)
        return age


@click.group(short_help="List, archive and delete conversations.")
def conversations() -> None:
    """List, archive and delete stored conversations."""


@conversations.command("list")
@click.option(
    "--account", type=options.PlainText(), help="Only the conversations of the customer with this account number."
)
@options.as_json
@options.project
@options.store
def list_(account: str | None, as_json: bool, project: Path, store: str | None) -> None:
    """List the conversations by their ids. Each with its owner, number of turns and time of the last turn."""
    from bot.app.leaving import conversations_of
    from bot.auth.opening import Auth
    from bot.stores.database import Database

    async def find(database: Database, auth: Auth) -> list[dict[str, object]]:
        return [
            {
                "id": row.id,
                "principal": row.principal,
                "channel": row.channel,
                "sender": row.sender,
                "turns": row.turns,
                "createdAt": row.created_at,
                "lastTurnAt": row.last_turn_at,
            }
            async for row in conversations_of(database, auth, account)
        ]

    rows = with_both(load_settings(project, store), find, new=False)
    columns = ("id", "owner", "channel", "sender", "turns", "begun", "last turn")
    showing.listing(columns, rows, for_programs=as_json)


@conversations.command()
@click.option("--older-than", type=Age(), required=True, help="The minimum age of a turn: 12h, 90d, 6w.")
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
    click.echo(f"Archived {showing.counted(moved, 'turn')}.")


@conversations.command()
@click.option("--older-than", type=Age(), required=True, help="The minimum age of the last turn: 12h, 90d, 6w.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.project
@options.store
def delete(older_than: timedelta, yes: bool, project: Path, store: str | None) -> None:
    """Permanently delete whole conversations whose last turn is old. The bot may keep running.

    Conversations with something still to do are kept: an unanswered message, an undelivered reply, a reminder, a
    transfer whose outcome is not known. Backups are not changed.
    """
    from bot.stores.erasing import delete_old

    before = datetime.now(UTC) - older_than
    settings = load_settings(project, store)
    if not yes:
        click.confirm(
            f"Delete all conversations without a turn since {before:%Y-%m-%d %H:%M} UTC?", abort=True, err=True
        )
    with showing.progress("Deleting") as progress:
        gone = with_database(settings, lambda opened: delete_old(opened, before, progress=progress))
    click.echo(f"Deleted {showing.counted(gone, 'conversation')}.")
