"""Listening: the socket, from open to drained."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.config import Settings
from bot.errors import ConfigurationError
from bot.logs import Log
from bot.server.app import PARTS, SERVING
from bot.server.shedding import Gate, Refusals, SheddingRunner


@asynccontextmanager
async def listening(app: web.Application, settings: Settings, *, shared_port: bool = False) -> AsyncIterator[str]:
    """Serve `app`; gives its URL. At the end nothing new is accepted, and requests under way are finished first.

    `shared_port` lets several workers listen on one port (SO_REUSEPORT).
    Raises ConfigurationError when the port is taken.
    """
    server, limits, parts, serving = settings.server, settings.limits, app[PARTS], app[SERVING]
    refusals = Refusals(parts.sources.new_id()[:22], parts.metrics.refused_unread)
    runner = SheddingRunner(
        app,
        Gate(serving.in_work, limits.waiting, refusals),
        logger=_forwarding(parts.log),
        access_log=None,
        handle_signals=False,
        shutdown_timeout=limits.shutdown_seconds,
        keepalive_timeout=75.0,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, server.host, server.port, reuse_port=shared_port or None)
        try:
            await site.start()
        except OSError as error:
            problem = f"cannot listen on {server.host}:{server.port}: {error.strerror}"
            raise ConfigurationError([f"{problem}; choose another with --host or --port"]) from error
        host, port = runner.addresses[0][:2]
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
    finally:
        await runner.cleanup()


def _forwarding(log: Log) -> logging.Logger:
    """A logger for aiohttp's own complaints (requests that are no HTTP, mostly): into our log, without their bytes."""

    class Forward(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = record.exc_info[1] if record.exc_info else None
            log.warning("http", reason=type(error).__name__ if error else record.msg)

    logger = logging.Logger("bot.http", logging.WARNING)  # ours alone: not in the process's registry
    logger.addHandler(Forward())
    return logger
