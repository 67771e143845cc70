"""`bot run`: opens a project and serves it until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

import bot
from bot.app.checking import BUILT_IN_CHANNELS
from bot.app.jobs import EFFECTS_EVERY, running_in_background
from bot.app.memory import collect_garbage_rarely, freeze_long_lived_objects, return_large_blocks
from bot.app.opening import Bot, open_bot
from bot.app.projects import load_project
from bot.app.routes import channel_routes
from bot.app.stopping import HUNG_UP, best_effort, open_unless_stopped, stop_at_signals
from bot.app.workers import READY, STARTED, Workers, check_workers, reserve_port, run_worker, stop_without_parent
from bot.auth.rasa_tokens import LONG_SECRET, short_secrets
from bot.channels import plugged
from bot.channels.callback import addressing as callback_addressing
from bot.channels.delivery import Delivery
from bot.config import RasaAuth, Settings
from bot.engine.background import Job
from bot.errors import BotError, StoreUnavailable
from bot.logs import make_logger
from bot.progress import Progress, silent
from bot.server.app import make_app
from bot.server.listening import listening
from bot.server.parts import Parts
from bot.sources import Sources
from bot.stores.clocks import check_clock
from bot.stores.database import Wrap
from bot.stores.dialects import Postgres
from bot.stores.lock import noted
from bot.stores.schema import LATEST

PURGE_EVERY = 600.0
"""Seconds between two purges of expired records and ended sessions."""

Say = Callable[[str], None]


class Place(Struct, frozen=True):
    """Where to serve, as the command line says; None means that config.yml decides."""

    host: str | None = None
    port: int | None = None
    store: str | None = None
    workers: int = 1
    is_worker: bool = False
    rasa_auth: RasaAuth = field(default_factory=RasaAuth)

    def override(self, settings: Settings) -> Settings:
        """The settings, overridden by the command line."""
        server, store = settings.server, settings.store
        if self.host is not None:
            server = replace(server, host=self.host)
        if self.port is not None:
            server = replace(server, port=self.port)
        if self.store is not None:
            store = replace(store, url=self.store)
        return replace(settings, server=server, store=store, workers=self.workers, rasa_auth=self.rasa_auth)


async def run_bot(
    folder: Path,
    place: Place,
    options: dict[str, Any],
    arguments: Sequence[str],
    *,
    say: Say,
    progress: Progress = silent,
) -> int:
    """Serve the project in as many processes as `place` says; return the exit status.

    `arguments` start one worker, except for the port. Raises as `run_server` does.
    """
    if place.is_worker:
        return await run_worker(run_server(folder, place, options, say=say, progress=progress))
    if place.workers == 1:
        await run_server(folder, place, options, say=say, progress=progress)
        return 0
    settings = load_project(folder, options, place.override).settings
    check_workers(place.workers, settings.store.url)
    with reserve_port(settings.server.host, settings.server.port) as reserved:
        port = reserved.getsockname()[1]
        tell = make_logger(settings.logging, now=Sources().now).warning
        return await Workers([*arguments, "--worker", "--port", str(port)], place.workers, say, tell).run()


async def run_server(
    folder: Path, place: Place, options: dict[str, Any], *, say: Say, progress: Progress = silent
) -> None:
    """Serve the project until SIGTERM or SIGINT; raises ConfigurationError, ContentError or PluginError on failure."""
    return_large_blocks()
    collect_garbage_rarely()
    allow_many_connections()
    stop = asyncio.Event()
    say = best_effort(say)

    def say_unless_worker(line: str) -> None:
        if not place.is_worker:  # the parent of the workers says it once for all
            say(line)

    stop_at_signals(stop, lambda: say_unless_worker(HUNG_UP))
    if place.is_worker:
        stop_without_parent(stop)
    async with AsyncExitStack() as stack:
        opened = await open_unless_stopped(stop, stack, serving(folder, place, options, progress=progress))
        if opened is None:
            say_unless_worker("Stopped before it was ready.")
            return
        freeze_long_lived_objects()
        running, url = opened
        await announce(running, url, say)
        log_start(running, url)
        if place.is_worker:
            say(STARTED)
        await stop.wait()
        running.log.info("stopping")
        say_unless_worker("Stopping: turns under way are finished first.")


def allow_many_connections() -> None:
    """Raise the soft limit of open files, which include connections, to the hard limit."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # some systems say "unlimited" and do not mean it
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


@asynccontextmanager
async def serving(
    folder: Path, place: Place, options: dict[str, Any], *, wrap: Wrap | None = None, progress: Progress = silent
) -> AsyncIterator[tuple[Bot, str]]:
    """Serve a project's bot; yields the bot and its URL. At the end, turns are finished before anything closes.

    `wrap` goes around the store's connections (`Database.open`).
    """
    project = load_project(folder, options, place.override)
    callback = project.settings.callback
    addressing = {"callback": callback_addressing(callback.url)} if callback is not None else {}
    opened = open_bot(project, server=True, addressing=addressing, wrap=wrap, progress=progress)
    del project  # the bot keeps what it needs of it
    async with opened as running, AsyncExitStack() as stack:
        if isinstance(running.database.dialect, Postgres):
            stack.enter_context(noted(running.settings.data, running.database.dialect.place))
        for name in running.settings.channels.keys() - {*BUILT_IN_CHANNELS, *running.channels}:
            running.log.warning("channel not served", channel=name)
        await running.engine.drain()
        await running.readiness.check_needed()
        jobs: list[Job] = [
            *running.background.jobs(EFFECTS_EVERY),
            running.readiness.run,
            lambda: purge_periodically(running),
        ]
        senders = plugged.senders(running.channels)
        if addressing or senders:
            delivery = await stack.enter_async_context(_delivery(running, senders))
            jobs.append(delivery.run)
        async with running_in_background(running.log, *jobs):
            app = make_app(parts_of(running))
            async with listening(app, running.settings, shared_port=place.is_worker) as url:
                yield running, url
            await running.engine.finish(running.settings.limits.shutdown_seconds)


def _delivery(running: Bot, senders: Mapping[str, plugged.Send]) -> Delivery:
    """The job that sends the replies of the callback channel, and of plugins' channels that send."""
    engine = running.engine
    return Delivery(
        running.store,
        running.sources,
        callback=running.settings.callback,
        warn=running.log.warning,
        wake=engine.outbox_changed,
        outcome=running.metrics.delivery,
        senders=senders,
        tell=engine.watch.action_failed,
    )


def parts_of(running: Bot) -> Parts:
    """The parts that the HTTP server is built from."""
    settings, channels = running.settings, running.channels
    return Parts(
        settings=settings,
        engine=running.engine,
        auth=running.auth,
        database=running.database,
        metrics=running.metrics,
        readiness=running.readiness,
        log=running.log,
        sources=running.sources,
        version=bot.__version__,
        started=running.sources.now(),
        demo=tuple(running.shown_logins),
        channels=channels,
        channel_routes=channel_routes(settings, channels, callback=settings.callback is not None),
    )


async def announce(running: Bot, url: str, say: Say) -> None:
    """Announce that the bot is ready and where, the plugins' lines, and how to let somebody in if nobody can talk."""
    say(f"{READY}{url}")
    lines = list(running.announcements)
    if not await _can_anybody_talk(running):
        lines.append(_NOBODY_CAN_TALK)
    for line in lines:
        say(line.replace("{url}", url))


async def _can_anybody_talk(running: Bot) -> bool:
    """Whether a customer, a key, a Rasa credential or a plugin's channel exists; True if the store is unreachable."""
    rasa_auth = running.settings.rasa_auth
    if rasa_auth.auth_token or rasa_auth.jwt_secret or running.channels:
        return True
    with contextlib.suppress(StoreUnavailable):
        return await running.database.read(lambda connection: connection.one(_CUSTOMER_OR_KEY)) is not None
    return True


_CUSTOMER_OR_KEY = "SELECT 1 AS one FROM customers UNION ALL SELECT 1 AS one FROM keys LIMIT 1"
_NOBODY_CAN_TALK = (
    "Nobody can talk to it yet. `bot customers add ACCOUNT --bank-id ID` lets somebody log in at {url} "
    "(if there is no bank, any ID will do); `bot keys create --scope channel` creates a key for a backend."
)


def log_start(running: Bot, url: str) -> None:
    """Log what starts running, and what is weak in its configuration."""
    content = running.engine.agent.fingerprint
    store = running.database.dialect.name
    running.metrics.runs(bot.__version__, content)
    running.log.info(
        "started", version=bot.__version__, content=content, store=store, schema=LATEST, url=url, process=os.getpid()
    )
    for setting, size in short_secrets(running.settings):
        running.log.warning("short secret", setting=setting, bytes=size, least=LONG_SECRET)


async def purge_periodically(running: Bot) -> None:
    """Periodically delete expired idempotency records, deliveries and throttles, and ended sessions; never returns."""
    while True:
        try:
            await check_clock(running.database)
            await running.store.purge(running.sources.now() - timedelta(days=running.settings.store.idempotency_days))
            await running.auth.clear()
        except BotError as error:
            running.log.warning("forgetting failed", exc_info=error)
        await asyncio.sleep(PURGE_EVERY)
