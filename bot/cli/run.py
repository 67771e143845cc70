"""`bot run`: serve the bot."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click

from bot.cli import options, showing


@click.command(short_help="Serve the bot over HTTP.")
@options.project
@click.option(
    "-i",
    "--interface",
    "--host",
    "host",
    type=options.PlainText(),
    default=None,
    help="Address to listen on (default: that in config.yml, or 127.0.0.1).",
)
@click.option(
    "-p",
    "--port",
    type=click.IntRange(0, 65535),
    default=None,
    help="Port; 0 picks a free one (default: that in config.yml, or 5005).",
)
@options.store
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Number of processes (PostgreSQL only)."
)
@click.option(
    "-t",
    "--auth-token",
    type=options.PlainText(may_be_empty=True),
    envvar="AUTH_TOKEN",
    help="Rasa's: requests with ?token=… and this value may use the whole API.",
)
@click.option(
    "--jwt-secret",
    type=options.PlainText(may_be_empty=True),
    envvar="JWT_SECRET",
    help="Rasa's: the secret of the JSON Web Tokens to accept.",
)
@click.option(
    "--jwt-method", envvar="JWT_METHOD", default="HS256", show_default=True, help="The algorithm that signs them."
)
@click.option("--worker", is_flag=True, hidden=True, help="Run as one of several processes.")
def run(
    project: Path,
    host: str | None,
    port: int | None,
    store: str | None,
    workers: int,
    auth_token: str | None,
    jwt_secret: str | None,
    jwt_method: str,
    worker: bool,
    **plugin_options: Any,
) -> None:
    """Serve the bot over HTTP until SIGTERM or Ctrl-C, then finish running turns and exit."""
    from bot.app.running import Place, run_bot
    from bot.config import RasaAuth

    place = Place(host, port, store, workers, worker, RasaAuth(auth_token, jwt_secret, jwt_method))
    with showing.progress("Starting") as progress:
        main = run_bot(project, place, plugin_options, sys.argv[1:], say=click.echo, progress=progress)
        sys.exit(_with_uvloop(main))


def _with_uvloop(main: Coroutine[Any, Any, int]) -> int:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)
