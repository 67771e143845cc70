"""`bot conversations`: list them, show what was not understood, archive old turns, delete old conversations."""

from __future__ import annotations

import re
from collections.abc import Mapping
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


@click.group(short_help="List, archive and delete conversations; what was unclear.")
def conversations() -> None:
    """List, archive and delete stored conversations, and show what the bot did not understand."""


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
@click.option(
    "--since", type=Age(), default="7d", show_default=True, help="The maximum age of a message: 12h, 90d, 6w."
)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Show at most so many.")
@options.as_json
@options.project
@options.store
def unclear(since: timedelta, limit: int, as_json: bool, project: Path, store: str | None) -> None:
    """Show messages that the bot did not understand. The most frequent first, with the intents that came nearest.

    They are what customers wrote, so treat them accordingly; account numbers are masked.
    """
    from bot.app.unclear import unclear_messages

    settings = load_settings(project, store)
    with showing.progress("Reading") as progress:
        found = with_database(
            settings, lambda opened: unclear_messages(opened, datetime.now(UTC) - since, progress=progress)
        )
    rows = [
        {
            "times": message.times,
            "message": message.text,
            "nearest": message.nearest if as_json else _readable(message.nearest),
            "lastSaidAt": message.last_said_at,
        }
        for message in found[:limit]
    ]
    showing.listing(("times", "message", "nearest intents", "last said"), rows, for_programs=as_json)
    if len(found) > limit:
        click.echo(f"{len(found) - limit} more; show them with --limit {len(found)}.", err=True)


def _readable(nearest: Mapping[str, float]) -> str:
    return ", ".join(f"{intent} {confidence:.2f}" for intent, confidence in nearest.items())


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
