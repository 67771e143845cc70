"""The bank as a separate process."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from .embedded import serving
from .keys import ADMIN_KEY_FILE, CLIENT_ID, KEY_FILE, read_or_make_key
from .settings import SimulatorSettings


def run(data: Path, *, host: str, port: int, seed: int) -> None:
    """Serve the bank until SIGTERM or SIGINT; its file and keys are in `data`. Raises ConfigurationError on failure."""
    settings = SimulatorSettings(
        client_id=CLIENT_ID,
        client_secret=read_or_make_key(data / KEY_FILE),
        admin_key=read_or_make_key(data / ADMIN_KEY_FILE),
        database=data / "bank.db",
        seed=seed,
    )
    asyncio.run(_serve(settings, host, port))


async def _serve(settings: SimulatorSettings, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serving(settings, host, port) as url:
        click.echo(f"bank ready {url}")
        await stop.wait()
