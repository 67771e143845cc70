"""`bot init`: create a new bot."""

from __future__ import annotations

import shlex
from pathlib import Path

import click


@click.command(short_help="Create a small bot in a folder.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Create a small bot in FOLDER that runs and whose tests pass."""
    from bot.reading.template import write_template

    for file in write_template(folder):
        click.echo(f"  {file}")
    name = shlex.quote(str(folder))
    click.echo(f"\nNext:\n  bot test --project {name}\n  bot shell --project {name}\n  bot run --project {name}")
