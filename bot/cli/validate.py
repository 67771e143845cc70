"""`bot validate`: report every problem of a project in one run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bot.cli import options


@click.command(short_help="Check everything, and suggest how to fix it.")
@options.project
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--quiet", is_flag=True, help="Omit notes.")
def validate(project: Path, as_json: bool, quiet: bool) -> None:
    """Check content, configuration and plugins; report every problem with file:line:column and how to fix it.

    The exit status is 1 if there are errors.
    """
    from bot.app.checking import check_project
    from bot.cli import showing

    found = [d for d in check_project(project) if not (quiet and d.severity == "note")]
    if as_json:
        showing.as_json(found)
    else:
        showing.diagnostics(found)
        severities = [d.severity for d in found]
        click.echo(", ".join(showing.counted(severities.count(name), name) for name in ("error", "warning", "note")))
    sys.exit(any(d.severity == "error" for d in found))
