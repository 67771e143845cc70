"""The bank simulator: a small bank with a UK Open Banking API, run alone or inside the bot's process.

This module is also the plugin that adds the bank to the project: the command
`bot simulator`, the options `--bank-url` and `--demo` of `bot run` and `bot shell`,
and the resource `bank-endpoint` for the bank client.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from bot import Commands, Startup, hookimpl


@hookimpl
def register_commands(commands: Commands) -> None:
    """Add `bot simulator`, and to `bot run` and `bot shell` the options that choose the bank."""
    from .commands import add_commands

    add_commands(commands)


@hookimpl
def lifespan(startup: Startup) -> AbstractAsyncContextManager[None]:
    """Provide `bank-endpoint`: the bank of `--bank-url`, or one embedded here; with `--demo`, add its customers."""
    from .plugin import bank_lifespan

    return bank_lifespan(startup)
