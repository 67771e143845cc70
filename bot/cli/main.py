"""The command `bot`: its built-in commands, and those that a project's plugins add."""

from __future__ import annotations

import os
import sys
from copy import copy
from importlib import import_module
from pathlib import Path
from typing import Any

import click

import bot
from bot.errors import BotError

BUILT_IN = {
    "run": "run",
    "shell": "shell",
    "train": "train",
    "validate": "validate",
    "test": "test",
    "parse": "parse",
    "customers": "customers",
    "sessions": "sessions",
    "keys": "keys",
    "conversations": "conversations",
    "store": "store",
    "init": "init",
}


OPEN_TO_PLUGINS = ("run", "shell")
"""The commands that open a whole bot, to which plugins may add options."""


class BotGroup(click.Group):
    """Loads a command when it is called, and the project's plugins when they may add to it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = Path()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The built-in commands in the order of a bot's life, then the plugins'."""
        return [*BUILT_IN, *(command.name or "" for command in self._plugin_commands().commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, with the options that plugins add to it."""
        if cmd_name not in BUILT_IN:
            return next((c for c in self._plugin_commands().commands if c.name == cmd_name), None)
        command: click.Command = getattr(import_module(f"bot.cli.{BUILT_IN[cmd_name]}"), cmd_name)
        if cmd_name in OPEN_TO_PLUGINS:
            command = copy(command)
            added = [o.option for o in self._plugin_commands().options if o.command == cmd_name]
            command.params = [*command.params, *added]
        return command

    def _plugin_commands(self) -> Any:
        from bot.cli.plugins import project_commands

        return project_commands(self.project)


@click.group(cls=BotGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(bot.__version__, prog_name="Teller")
@click.option("--debug", is_flag=True, expose_value=False, help="Show where an unexpected error came from.")
def cli() -> None:
    """Teller: a conversational bot framework that tells stories, and minds the bank's counter.

    Start a bot of your own with `bot init my-bot`, then `bot run --project my-bot`.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; problems are told in sentences, never as tracebacks."""
    # Before numpy is loaded: small products on one thread are quicker, and give the same bytes everywhere.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = sys.argv[1:] if arguments is None else arguments
    cli.project = project_of(words)
    try:
        cli(words, prog_name="bot")
    except BotError as error:
        click.secho(f"bot: {error}", fg="red", err=True)
        sys.exit(1)
    except Exception as error:  # nobody who edits YAML should have to read a traceback
        if "--debug" in words:
            raise
        if isinstance(error, OSError) and error.strerror:
            where = f"{error.filename}: " if error.filename is not None else ""
            cure = "check the path, its permissions and the disk's space"
            click.secho(f"bot: {where}{error.strerror}; {cure}", fg="red", err=True)
            sys.exit(1)
        told = f"bot: this should not have happened ({type(error).__name__}: {error}); "
        click.secho(told + "`bot --debug …` shows where", fg="red", err=True)
        sys.exit(70)


def project_of(words: list[str]) -> Path:
    """The project folder that the words name, found before parsing because plugins add commands and options."""
    for index, word in enumerate(words):
        if word == "--project" and index + 1 < len(words):
            return Path(words[index + 1])
        if word.startswith("--project="):
            return Path(word.partition("=")[2])
    return Path()
