"""The hooks that a plugin may implement: plain functions that register things, or open a resource."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from bot.plugins.registry import (
        Commands,
        RegisterAction,
        RegisterChannel,
        RegisterComponent,
        RegisterObserver,
        RegisterPolicy,
        RegisterSettings,
        Startup,
    )

hookspec = pluggy.HookspecMarker("bot")
hookimpl = pluggy.HookimplMarker("bot")


@hookspec
def register_actions(register: RegisterAction) -> None:
    """Offer actions: `register("action_balance", run)`, `run` being `async def run(turn: Turn) -> None`. New in 0.1."""


@hookspec
def register_nlu_components(register: RegisterComponent) -> None:
    """Offer pipeline components: `register("Name", factory)`; config.yml names them under `pipeline`. New in 0.1."""


@hookspec
def register_policies(register: RegisterPolicy) -> None:
    """Offer policies: `register("Name", factory)`; config.yml names them under `policies`. New in 0.1."""


@hookspec
def register_channels(register: RegisterChannel) -> None:
    """Offer channels: `register("name", channel)`, or a class; each is served under `/webhooks/name/`. New in 0.1."""


@hookspec
def register_commands(commands: Commands) -> None:
    """Add to the command line: `commands.add(command)`, and `commands.option("run", option)`. New in 0.1."""


@hookspec
def register_observers(register: RegisterObserver) -> None:
    """Observe committed turns: `register("name", observe)`, called with each turn's `TurnRecord`. New in 0.1."""


@hookspec
def register_settings(register: RegisterSettings) -> None:
    """Declare sections of `plugin_settings` in config.yml: `register("section", schema)`, a JSON schema. New in 0.1."""


@hookspec
def lifespan(startup: Startup) -> AbstractAsyncContextManager[None] | None:
    """Open what the plugin's actions need while the bot runs, and close it after the last turn. New in 0.1."""
