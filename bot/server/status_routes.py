"""Routes for health, readiness, version, status and metrics, and the channels' health."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from bot.errors import BotError
from bot.server import metrics, schemas
from bot.server.parts import Parts
from bot.server.routing import METRICS, OPERATOR, PUBLIC, Answers, Call, Route, json_response
from bot.stores.backlog import backlog_of

_STORE_SECONDS = 1.0
"""How long a scrape waits for the store: while that is down the other numbers matter most."""
_MINIMUM_COMPATIBLE = "3.0.0"
"""The oldest Rasa version whose clients work with this server."""


async def health(call: Call) -> web.Response:
    """GET /health, and the same for each channel: an answer means that it is up."""
    return json_response({"status": "ok"})


async def ready(call: Call) -> web.Response:
    """GET /health/ready: from memory, so that it costs nothing and cannot hang."""
    readiness = call.parts.readiness
    status = 200 if readiness.state in ("ready", "degraded") else 503
    response = json_response({"status": readiness.state, "checks": readiness.shown()}, status)
    if status == 503:
        response.headers["Retry-After"] = "1"
    return response


async def version(call: Call) -> web.Response:
    """GET /version: ours, in Rasa's format."""
    return json_response({"version": call.parts.version, "minimum_compatible_version": _MINIMUM_COMPATIBLE})


async def status(call: Call) -> web.Response:
    """GET /status."""
    parts = call.parts
    uptime = (parts.sources.now() - parts.started).total_seconds()
    fingerprint = parts.engine.agent.fingerprint
    return json_response(
        {
            "version": parts.version,
            "contentFingerprint": fingerprint,
            "uptimeSeconds": round(uptime, 3),
            "activeSessions": await parts.auth.sessions.active(),
            "messagesWaiting": parts.engine.waiting,
            "turns": parts.metrics.turns,
            "readiness": parts.readiness.state,
            # Rasa's own keys, for its clients.
            "model_file": fingerprint,
            "model_id": fingerprint,
            "num_active_training_jobs": 0,
        }
    )


async def prometheus(call: Call) -> web.Response:
    """GET /metrics; values that the store does not return in time keep their last value."""
    parts = call.parts
    with contextlib.suppress(BotError, TimeoutError):
        async with asyncio.timeout(_STORE_SECONDS):
            await _ask_store(parts)
    store = parts.database.statistics()
    parts.metrics.ready(parts.readiness.results)
    parts.metrics.gauges(
        waiting=parts.engine.waiting, store_reads=store.waiting_reads, store_writes=store.waiting_writes
    )
    return web.Response(body=parts.metrics.text(), headers={"Content-Type": metrics.CONTENT_TYPE})


async def _ask_store(parts: Parts) -> None:
    """Read what is counted in the store, for all workers and machines."""
    sessions = await parts.auth.sessions.active()
    backlog = await parts.database.read(backlog_of)
    oldest = 0.0
    if backlog.oldest_effect is not None:
        oldest = max((parts.sources.now() - backlog.oldest_effect).total_seconds(), 0.0)
    parts.metrics.stored(
        sessions=sessions, deliveries=backlog.deliveries, effects=backlog.effects, oldest_effect=oldest
    )


_CHECK = {"type": "string", "description": "`ok`, `failing`, or the note of a check that works (`simulated`)"}
_READY = schemas.complete(
    {
        "status": {"enum": ["starting", "ready", "degraded", "unavailable"]},
        "checks": {"type": "object", "additionalProperties": _CHECK},
    }
)
_STATUS = schemas.complete(
    {
        "version": schemas.TEXT,
        "contentFingerprint": schemas.TEXT,
        "uptimeSeconds": schemas.SECONDS,
        "activeSessions": schemas.COUNT,
        "messagesWaiting": schemas.COUNT,
        "turns": schemas.COUNT,
        "readiness": schemas.TEXT,
        "model_file": {"type": "string", "description": "`contentFingerprint`, as Rasa calls it"},
        "model_id": {"type": "string", "description": "the same"},
        "num_active_training_jobs": {"const": 0, "description": "Rasa's; nothing is trained while the bot runs"},
    }
)
_VERSION = schemas.complete({"version": schemas.TEXT, "minimum_compatible_version": schemas.TEXT})
_HEALTHY = schemas.complete({"status": {"const": "ok"}})


def channel_status(name: str) -> Route:
    """GET /webhooks/NAME/: whether the channel exists."""
    there = Answers(200, "the channel exists", _HEALTHY)
    return Route("GET", f"/webhooks/{name}/", health, PUBLIC, "Whether the channel exists", there, tag="rasa")


def routes() -> tuple[Route, ...]:
    """The routes of monitoring."""
    alive = Answers(200, "the process answers", _HEALTHY)
    ready_answer = Answers(200, "ready, or degraded: a service that the bot uses is down", _READY)
    version_answer = Answers(200, "the version", _VERSION)
    state = Answers(200, "the state", _STATUS)
    text = Answers(200, "Prometheus' text format", content_type="text/plain")
    return (
        Route("GET", "/health", health, PUBLIC, "Whether the process answers", alive, tag="monitoring"),
        Route(
            "GET",
            "/health/ready",
            ready,
            PUBLIC,
            "Whether the bot can do its work",
            ready_answer,
            tag="monitoring",
            other_answers=(Answers(503, "not ready", _READY),),
        ),
        Route("GET", "/version", version, PUBLIC, "The version", version_answer, tag="monitoring"),
        Route("GET", "/status", status, OPERATOR, "The state", state, problems=(503,), tag="monitoring"),
        Route("GET", "/metrics", prometheus, METRICS, "Metrics", text, tag="monitoring"),
    )
