"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

project = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The bot's folder (default: here).",
)
store = click.option("--store", metavar="URL", default=None, help="Where conversations are kept (an SQLAlchemy URL).")
