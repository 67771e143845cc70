"""Listening: the server's socket, from opening to draining."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bot.config import Settings
from bot.errors import ConfigurationError
from bot.logs import Log, correlation_id
from bot.server.app import PARTS, SERVING
from bot.server.problems import Problem
from bot.server.serving import CORRELATION
from bot.server.shedding import BusyAnswers, Gate, SheddingRunner


@asynccontextmanager
async def listening(app: web.Application, settings: Settings, *, shared_port: bool = False) -> AsyncIterator[str]:
    """Serve `app`; yields its URL. On exit nothing new is accepted, and requests in progress are finished first.

    `shared_port` lets several workers listen on one port (SO_REUSEPORT).
    Raises ConfigurationError if the port is taken.
    """
    server, limits = settings.server, settings.limits
    parts, serving = app[PARTS], app[SERVING]
    busy_answers = BusyAnswers(parts.sources.new_id()[:22], parts.metrics.refused_unread)
    runner = SheddingRunner(
        app,
        Gate(serving.in_work, limits.waiting, busy_answers),
        connect=lambda web_server: ClientConnection(web_server, parts.sources.new_id),
        auto_decompress=False,  # compressed bodies are not read: a small one could expand to a huge one
        logger=_forwarding(parts.log),
        access_log=None,
        handle_signals=False,
        shutdown_timeout=limits.shutdown_seconds,
        keepalive_timeout=75.0,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, server.host, server.port, reuse_port=shared_port or None, backlog=_BACKLOG)
        try:
            await site.start()
        except OSError as error:
            problem = f"cannot listen on {server.host}:{server.port}: {error.strerror}"
            raise ConfigurationError([f"{problem}; choose another with --host or --port"]) from error
        host, port = runner.addresses[0][:2]
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        await runner.cleanup()


class ClientConnection(web.RequestHandler):
    """aiohttp's protocol for one connection, with our own response to invalid HTTP: a problem like all the others."""

    __slots__ = ("_new_id",)

    def __init__(self, server: web.Server, new_id: Callable[[], str]) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **server._kwargs)
        self._new_id = new_id

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The response to a request that no route saw; raises ConnectionError if a response has begun."""
        identifier = self._new_id()
        correlation_id.set(identifier)  # in the request's own task
        super().handle_error(request, status, exc, message)  # which logs it
        code, detail = ("internal", "something went wrong here") if status >= 500 else ("no_http", _NO_HTTP)
        return _closing_response(Problem(status, code, detail), identifier)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the response; a 417 from aiohttp, which checks `Expect` if no route does, becomes a problem too."""
        if isinstance(resp, web.HTTPExpectationFailed):
            problem = Problem(417, "expectation_failed", "there is nothing here, whatever `Expect` says")
            resp = _closing_response(problem, self._new_id())
        return await super().finish_response(request, resp, start_time)


def _closing_response(problem: Problem, identifier: str) -> web.Response:
    """The problem with the headers that every response has; the connection is closed after it."""
    problem.headers |= {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Server": "Teller"}
    response = problem.response(identifier)
    response.headers[CORRELATION] = identifier
    response.force_close()
    return response


_BACKLOG = 4_096
"""Connections that the system queues until the server accepts them, up to its own limit; any more are reset."""

_NO_HTTP = "this is not a valid HTTP/1.1 request, or its head is too large"


def _forwarding(log: Log) -> logging.Logger:
    """A logger that forwards aiohttp's own warnings (mostly about invalid HTTP) to our log, without any bytes."""

    class Forward(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = record.exc_info[1] if record.exc_info else None
            log.warning("http", reason=type(error).__name__ if error else record.msg)

    logger = logging.Logger("bot.http", logging.WARNING)  # private: not in the process's registry
    logger.addHandler(Forward())
    return logger
