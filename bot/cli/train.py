"""`bot train`: train on the content, before the first start."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli import options


@click.command(short_help="Train, and show what was learned.")
@options.project
@click.option("--force", is_flag=True, help="Train even if a model of this content is cached.")
def train(project: Path, force: bool) -> None:
    """Train the matcher and the policies, and show what was learned. `bot run` trains by itself if needed."""
    from bot.app.training import train_project
    from bot.cli import showing

    with showing.progress("Training") as progress:
        report = train_project(project, force=force, progress=progress)
    for line in report:
        click.echo(line)
