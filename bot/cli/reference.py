"""The reference of the command line, written from the commands themselves: `python -m bot.cli.reference > FILE`."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from pathlib import Path

import click

from bot.cli.main import BUILT_IN, BotGroup, cli

_HEAD = """# Command line

Written by `python -m bot.cli.reference`; a test holds it to the commands.

`bot` (or `python -m bot`) takes one of these commands. All of them take
`--help`; those that work on a project take `--project DIR` (default: here).
A project's plugins may add commands, and options of `bot run` and `bot shell`:
`bot --help` in the project shows them.
"""


def reference() -> str:
    """The document, wherever it is written: without what the plugins of the project at hand add."""
    assert isinstance(cli, BotGroup)
    built_in = copy(cli)
    built_in.project = Path(__file__)  # no project's folder
    context = click.Context(built_in, info_name="bot")
    parts = [_HEAD]
    for name in BUILT_IN:
        command = built_in.get_command(context, name)
        assert command is not None
        parts += _sections(command, f"bot {name}")
    return "\n".join(parts)


def _sections(command: click.Command, called: str) -> Iterator[str]:
    yield f"## `{called}{_arguments(command)}`\n\n{_prose(command)}\n"
    rows = [_row(parameter) for parameter in command.params if isinstance(parameter, click.Option)]
    shown = [row for row in rows if row]
    if shown:
        yield "\n".join(["| option | meaning |", "| --- | --- |", *shown, ""])
    if isinstance(command, click.Group):
        for name, part in command.commands.items():
            yield from _sections(part, f"{called} {name}")


def _arguments(command: click.Command) -> str:
    return "".join(f" {p.make_metavar(_context(command))}" for p in command.params if isinstance(p, click.Argument))


def _context(command: click.Command) -> click.Context:
    return click.Context(command, info_name=command.name)


def _prose(command: click.Command) -> str:
    paragraphs = (command.help or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _row(option: click.Option) -> str:
    if option.hidden or option.name == "help":
        return ""
    return f"| `{', '.join(option.opts)}` | {option.help or ''} |"


if __name__ == "__main__":
    click.echo(reference(), nl=False)
