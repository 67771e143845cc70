"""`bot shell`: talk to the bot in the terminal."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from bot.cli import options, showing


@click.command(short_help="Talk to the bot in this terminal.")
@options.project
@options.store
@click.option("--as", "account", metavar="ACCOUNT", default=None, help="Talk as this customer, logged in.")
def shell(project: Path, store: str | None, account: str | None, **plugin_options: Any) -> None:
    """Talk to the bot in this terminal, without a server.

    Type a number to press a button. /why explains the last answer, /story shows the conversation as a test story to
    save, /stop or Ctrl-D ends it. Reminders fire and late outcomes are reported here, too. Conversations are stored
    apart from the server's (in .teller/shell.db); --store can name another SQLite store, but only while no server runs
    on it.
    """
    from bot.cli.talking import talk

    with suppress(KeyboardInterrupt), showing.progress("Starting") as progress:
        asyncio.run(talk(project, plugin_options, store=store, account=account, progress=progress))
