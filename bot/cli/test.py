"""`bot test`: test stories and the matcher, with Rasa's meaning."""

from __future__ import annotations

import click


@click.command()
def test() -> None:
    """Run the project's tests."""
