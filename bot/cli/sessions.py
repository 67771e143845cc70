"""`bot sessions`: who is logged in now."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli import options
from bot.cli.opening import load_settings, with_auth
from bot.errors import BotError


@click.group()
def sessions() -> None:
    """List and end customers' sessions."""


@sessions.command("list")
@options.project
@options.store
def list_(project: Path, store: str | None) -> None:
    """List the sessions that are alive."""
    from bot.cli import showing

    rows = with_auth(load_settings(project, store), lambda auth: auth.sessions.list())
    showing.table(
        ("id", "since", "idle until", "ends by"),
        [(r.id, *(str(t)[:19] for t in (r.created_at, r.idle_until, r.absolute_until))) for r in rows],
    )


@sessions.command()
@click.argument("session_id")
@options.project
@options.store
def end(session_id: str, project: Path, store: str | None) -> None:
    """End the session SESSION_ID; the conversation and its history stay."""
    if not with_auth(load_settings(project, store), lambda auth: auth.sessions.end(session_id)):
        raise BotError(f"there is no live session {session_id}; `bot sessions list` shows them")
    click.echo("Ended the session.")
