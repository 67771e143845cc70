"""`bot interactive`: talk to the bot, correct what it gets wrong, and save that as content."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from bot.cli import options, showing


@click.command(short_help="Teach the bot by correcting it in a conversation.")
@options.project
@click.option("--as", "account", metavar="ACCOUNT", default=None, help="Talk as this customer, logged in.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="The folder for what was taught (default: the project's stories/, or its data/ if only that exists).",
)
def interactive(project: Path, account: str | None, out: Path | None, **plugin_options: Any) -> None:
    """Talk to the bot, confirm or correct each prediction, and save the conversation as training data.

    Each message is shown as it was understood, and each action before it runs: Enter confirms, anything else corrects.
    At the end, the conversation is written to a new file, as a training story and with the messages as examples of
    their intents. ? lists what can be chosen, /undo takes back the last message, /story shows what would be saved, and
    /stop, Ctrl-D or Ctrl-C ends. Nothing happens on its own: no reminder fires, and no late outcome is reported.
    """
    from bot.cli.correcting import teach

    with suppress(KeyboardInterrupt), showing.progress("Starting") as progress:
        folder = _default_folder(project) if out is None else out
        asyncio.run(teach(project, plugin_options, account=account, out=folder, progress=progress))


def _default_folder(project: Path) -> Path:
    stories, data = project / "stories", project / "data"
    return data if data.is_dir() and not stories.is_dir() else stories
