"""The server's parts; `bot.app` assembles them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from bot.auth.opening import Auth
from bot.config import Settings
from bot.engine.engine import Engine
from bot.logs import Log
from bot.server.metrics import Metrics
from bot.server.readiness import Readiness
from bot.sources import Sources
from bot.stores.database import Database

if TYPE_CHECKING:
    from bot.server.routing import Route


class DemoLogin(Struct, frozen=True):
    """A login that the page may show, because the bot runs with made-up customers only."""

    account_number: str
    code: str
    name: str = ""


class Parts(Struct, frozen=True):
    """The server's parts. `version` is the framework's, `started` the bot's start time (UTC).

    `channels` are the plugins' (bot.channels.channel), by name, and `channel_routes` the routes of all channels.
    """

    settings: Settings
    engine: Engine
    auth: Auth
    database: Database
    metrics: Metrics
    readiness: Readiness
    log: Log
    sources: Sources
    version: str
    started: datetime
    demo: Sequence[DemoLogin] = ()
    channels: Mapping[str, Any] = field(default_factory=dict)
    channel_routes: Sequence[Route] = ()
