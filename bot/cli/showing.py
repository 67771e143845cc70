"""Output of commands: tables in a terminal, plain lines for programs, diagnostics with their places, progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

from bot.progress import Progress, silent

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from bot.content import Diagnostic

_COLOURS = {"error": "red", "warning": "yellow", "note": "blue"}


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Show rows: a table in a terminal, tab-separated lines with a heading elsewhere."""
    if not sys.stdout.isatty():
        for row in [columns, *rows]:
            click.echo("\t".join(str(cell) for cell in row))
        return
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    # Wrapped in a narrow terminal: a place or a value that is cut off is of no use.
    styled = Table(*(Column(name, overflow="fold") for name in columns), header_style="bold")
    for row in rows:
        styled.add_row(*(Text(str(cell)) for cell in row))  # plain: brackets are not markup
    Console().print(styled)


def as_json(value: Any) -> None:
    """Show a value as JSON."""
    click.echo(json.dumps(value, indent=2, default=_plain, ensure_ascii=False))


def listing(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, for_programs: bool) -> None:
    """Show rows (mappings in the order of the columns): as a table with times to the minute, or in full as JSON."""
    if for_programs:
        as_json(rows)
    else:
        table(columns, [[_short(value) for value in row.values()] for row in rows])


def diagnostics(found: Iterable[Diagnostic]) -> None:
    """Show diagnostics in the order of their places: file:line:column, what, and what to write instead."""
    for diagnostic in sorted(found, key=lambda d: d.place):
        severity = click.style(diagnostic.severity, fg=_COLOURS[diagnostic.severity], bold=True)
        code = click.style(f" [{diagnostic.code}]", dim=True) if diagnostic.code else ""
        click.echo(f"{diagnostic.place}: {severity}: {diagnostic.message}{code}")
        if diagnostic.cure:
            click.echo(click.style(f"    {diagnostic.cure}", dim=True))


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """In a terminal, show progress on stderr, from the first report until it is done."""
    if not sys.stderr.isatty():
        yield silent
        return
    bar: Bar | None = None

    def show(stage: str, share: float) -> None:
        nonlocal bar
        if bar is None and share < 1.0:
            bar = _bar(what)
        if bar is None:
            return
        bar.update(bar.task_ids[0], description=f"{what}: {stage}", completed=share)
        if share < 1.0:
            bar.start()
        else:
            bar.stop()

    try:
        yield show
    finally:
        if bar is not None:
            bar.stop()


def _bar(what: str) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(what, total=1.0)
    return bar


def counted(number: int, noun: str, plural: str = "") -> str:
    """The number with its noun, in the plural (with an s, if not given) unless it is one."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def _short(value: Any) -> str:
    if isinstance(value, datetime):
        return str(value)[:16]
    if isinstance(value, list | tuple):
        return " ".join(value)
    return "" if value is None else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else str(value)
