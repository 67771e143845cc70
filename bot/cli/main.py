"""The command `bot`: its built-in commands, and those that a project's plugins add."""

from __future__ import annotations

import os
import sys
from copy import copy
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import bot
from bot.cli.rasa import counterpart_of_command, counterpart_of_option
from bot.errors import BotError

if TYPE_CHECKING:
    from bot.errors import PluginError
    from bot.plugins import Commands

BUILT_IN = {
    "run": "run",
    "shell": "shell",
    "interactive": "interactive",
    "train": "train",
    "validate": "validate",
    "test": "test",
    "parse": "parse",
    "visualize": "visualize",
    "customers": "customers",
    "sessions": "sessions",
    "keys": "keys",
    "conversations": "conversations",
    "store": "store",
    "init": "init",
}


OPEN_TO_PLUGINS = {"run": "run", "shell": "shell", "interactive": "shell"}
"""The commands that open a whole bot, with the name under which plugins add options to them."""


_WARNED = "bot.cli.warned"
_ANY_OPTION = {"ignore_unknown_options": True, "allow_extra_args": True}


class BotGroup(click.Group):
    """Loads a command when it is called, and the project's plugins if they may add to it.

    Plugins that cannot be loaded stop only the opening of a whole bot: the other commands are needed to fix things.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = Path()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the built-in commands in their usual order of use, then the plugins'."""
        return [*BUILT_IN, *(command.name or "" for command in self._plugin_commands(ctx).commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command with this name, including the options that plugins add to it."""
        if cmd_name not in BUILT_IN:
            return next((c for c in self._plugin_commands(ctx).commands if c.name == cmd_name), None)
        command: click.Command = getattr(import_module(f"bot.cli.{BUILT_IN[cmd_name]}"), cmd_name)
        if cmd_name in OPEN_TO_PLUGINS:
            command = copy(command)
            named = OPEN_TO_PLUGINS[cmd_name]
            commands, problems = self._of_plugins()
            added = [o.option for o in commands.options if o.command == named]
            command.params = [*command.params, *added]
            if problems:  # an unknown option may be theirs; opening the bot reports them, with everything else
                command.context_settings = {**command.context_settings, **_ANY_OPTION}
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the called command; raises UsageError for a command that only Rasa has, with its equivalent here."""
        ours = args[0] not in BUILT_IN and self.get_command(ctx, args[0]) is not None
        instead = None if ours else counterpart_of_command(args)
        if instead:
            raise click.UsageError(instead, ctx)
        if args[0] in OPEN_TO_PLUGINS and not {"--help", "-h"}.isdisjoint(args):
            self._plugin_commands(ctx)
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchOption:
            raise
        except click.UsageError as error:
            from bot.content.suggest import did_you_mean

            hint = did_you_mean(args[0], self.list_commands(ctx))
            raise click.UsageError(f"{error.message} {hint}".rstrip(), ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; raises UsageError for an option that only Rasa has, with its equivalent here."""
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            instead = counterpart_of_option(error.option_name)
            if instead is None:
                raise
            raise click.UsageError(instead, error.ctx) from error

    def _of_plugins(self) -> tuple[Commands, list[PluginError]]:
        from bot.cli.plugins import project_commands

        return project_commands(self.project)

    def _plugin_commands(self, ctx: click.Context) -> Commands:
        """Return what plugins add; what cannot be loaded of it is left out, with one warning each."""
        commands, problems = self._of_plugins()
        if _WARNED not in ctx.meta:
            for problem in problems:
                click.secho(f"bot: {problem} (continuing without it)", fg="yellow", err=True)
        ctx.meta[_WARNED] = True
        return commands


@click.group(cls=BotGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(bot.__version__, prog_name="Teller")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an unexpected error.")
def cli() -> None:
    """Teller: a conversational bot framework that runs Rasa 3 projects, with a bank assistant as its reference bot.

    To start your own bot, run `bot init my-bot`, then `bot run --project my-bot`.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; errors are shown as sentences, not tracebacks."""
    _fill_standard_streams()
    # Before numpy is loaded: small products are faster on one thread, and yield the same bytes everywhere.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = sys.argv[1:] if arguments is None else arguments
    cli.project = project_of(words)
    try:
        cli(words, prog_name="bot", color=_colours())
    except BotError as error:
        _complain(str(error))
        sys.exit(1)
    except Exception as error:  # people who edit YAML should not have to read tracebacks
        if "--debug" in words:
            raise
        if isinstance(error, OSError) and error.strerror:
            where = f"{error.filename}: " if error.filename is not None else ""
            _complain(f"{where}{error.strerror}; check the path, its permissions and the free disk space")
            sys.exit(1)
        what = f"unexpected error ({type(error).__name__}: {error})"
        _complain(f"{what}; `bot --debug …` shows the traceback")
        sys.exit(70)


def _complain(text: str) -> None:
    click.secho(f"bot: {text}", fg="red", err=True, color=_colours())


def _colours() -> bool | None:
    """Return None for colours in a terminal, or False if the environment disables them (https://no-color.org)."""
    return False if os.environ.get("NO_COLOR") else None


def _fill_standard_streams() -> None:
    """Open /dev/null in place of each standard stream that is closed.

    Otherwise the next file or socket would get its number, and event loops end a process that closes one of those.
    What is written to a closed stream is discarded; `sys.stdin` remains None.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")  # noqa: SIM115 - for the process's whole life
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")  # noqa: SIM115


def project_of(words: list[str]) -> Path:
    """Return the project folder named in the arguments, before they are parsed: plugins add commands and options.

    If there are several, the last one counts, as in click.
    """
    found = Path()
    for word, after in pairwise([*words, ""]):
        if word == "--project" and after:
            found = Path(after)
        elif word.startswith("--project="):
            found = Path(word.partition("=")[2])
    return found
