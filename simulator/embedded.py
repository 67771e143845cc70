"""The bank inside another process: on loopback, on a free port, with its own credentials."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from aiohttp import web

from bot import ConfigurationError

from .app import make_app
from .keys import CLIENT_ID
from .settings import Endpoint, SimulatorSettings, utc_now


@asynccontextmanager
async def embedded(data_dir: Path, *, now: Callable[[], datetime] = utc_now, seed: int = 7) -> AsyncIterator[Endpoint]:
    """Serve a bank while the block runs; it accepts requests before the block is entered.

    `now` is the bank's clock (aware UTC); the bank keeps its file in `data_dir`.
    """
    settings = SimulatorSettings(
        client_id=CLIENT_ID,
        client_secret=secrets.token_urlsafe(32),
        admin_key=secrets.token_urlsafe(32),
        database=data_dir / "bank.db",
        seed=seed,
        now=now,
    )
    async with serving(settings, "127.0.0.1", 0) as url:
        yield Endpoint(url, settings.client_id, settings.client_secret, settings.admin_key)


@asynccontextmanager
async def serving(settings: SimulatorSettings, host: str, port: int) -> AsyncIterator[str]:
    """Serve the bank on an address (port 0: a free one) while the block runs; yields its URL.

    Raises ConfigurationError if the port is in use or the address does not exist.
    """
    runner = web.AppRunner(make_app(settings), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            problem = f"cannot listen on {host}:{port} ({error.strerror}); choose another --port"
            raise ConfigurationError([problem]) from error
        address, bound, *_ = runner.addresses[0]
        yield f"http://{f'[{address}]' if ':' in address else address}:{bound}"
    finally:
        await runner.cleanup()
