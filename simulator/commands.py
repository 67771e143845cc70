"""The command and the options that the bank adds to the command line."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

import click
from msgspec.structs import replace

from bot import Commands, ConfigurationError, Settings

DEMO_STORE = "sqlite:///.teller/demo.db"


def add_commands(commands: Commands) -> None:
    """Add `bot simulator`, and `--bank-url` and `--demo` to the commands that open the bot."""
    commands.add(simulator)
    bank = "Use the bank at URL (`bot simulator` serves one) instead of an embedded simulator."
    demo = "Add the demo customers, in a separate store unless --store names one; loopback only."
    for command in ("run", "shell"):
        commands.option(command, click.Option(["--bank-url"], metavar="URL", help=bank), _configure_bank)
        commands.option(command, click.Option(["--demo"], is_flag=True, help=demo), _configure_demo)


def bank_url(settings: Settings) -> str | None:
    """The bank to use instead of an embedded one: `--bank-url`, or `plugin_settings: bank: url:` of config.yml."""
    url = settings.options.get("bank_url")
    configured = settings.plugin_settings.get("bank")
    if not url and isinstance(configured, Mapping):
        url = configured.get("url")
    return str(url) if url else None


def _configure_bank(settings: Settings, url: object) -> Settings:
    """The settings; raises ConfigurationError if several workers would each embed their own bank."""
    if settings.workers > 1 and not url and bank_url(settings) is None:
        raise ConfigurationError(
            ["several workers need one bank: run `bot simulator` and name it with --bank-url, or run one worker"]
        )
    return settings


def _configure_demo(settings: Settings, demo: object) -> Settings:
    """The settings with the demo's own store, not the one in config.yml, which holds the bank's real customers.

    Raises ConfigurationError if other machines could use the demo's logins, which are public.
    """
    if not demo and settings.store.url != DEMO_STORE:
        return settings
    if not is_loopback(settings.server.host):
        reason = "--demo serves" if demo else f"{DEMO_STORE} holds the demo's"
        raise ConfigurationError(
            [f"{reason} well-known logins: it is served on 127.0.0.1 only, not on {settings.server.host}"]
        )
    return replace(settings, store=replace(settings.store, url=DEMO_STORE))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server on that host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=5010,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--seed", default=7, show_default=True, help="Which past the bank invents.")
@click.option(
    "--project",
    default=".",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The project whose private folder (.teller) holds the bank's file and keys.",
)
def simulator(host: str, port: int, seed: int, project: Path) -> None:
    """Run the bank simulator alone.

    At the first start it creates .teller/bank.key (the bot's secret) and
    .teller/bank-admin.key (for injecting faults). Then: `bot run --bank-url URL`.
    """
    from .standalone import run

    run(project / ".teller", host=host, port=port, seed=seed)
