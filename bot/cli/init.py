"""`bot init`: a new bot of one's own."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write a small bot into FOLDER: it runs, and its tests pass."""
    from bot.reading.template import write_template

    for file in write_template(folder):
        click.echo(f"  {file}")
    click.echo(f"\nNext:\n  bot test --project {folder}\n  bot shell --project {folder}\n  bot run --project {folder}")
