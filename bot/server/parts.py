"""What the server is made of; `bot.app` composes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct, field

from bot.auth.opening import Auth
from bot.config import Settings
from bot.engine.agent import Agent
from bot.engine.protocols import TurnStore
from bot.engine.record import Answer
from bot.engine.work import Work
from bot.logs import Log
from bot.messages import UserMessage
from bot.server.metrics import Metrics
from bot.server.readiness import Readiness
from bot.sources import Sources


class Engine(Protocol):
    """What answers messages (bot.engine)."""

    agent: Agent
    store: TurnStore

    @property
    def waiting(self) -> int:
        """How many messages are in work or wait."""

    async def handle(self, message: UserMessage) -> Answer:
        """Answer a message; raises the TurnErrors."""

    async def perform(self, work: Work) -> Answer:
        """Answer any work; raises the TurnErrors."""

    async def accept(self, message: UserMessage) -> None:
        """Make a message durable and answer it in the background; raises the TurnErrors."""


class StoreStatistics(Protocol):
    """Queue lengths of the store."""

    @property
    def waiting_reads(self) -> int:
        """Reads that wait for a thread."""

    @property
    def waiting_writes(self) -> int:
        """Writes that wait for a commit."""


class HasStatistics(Protocol):
    """A store that counts (bot.stores.Database)."""

    def statistics(self) -> StoreStatistics:
        """The counts now."""


class DemoLogin(Struct, frozen=True):
    """A login that the page may show, because the bot runs with made-up customers only."""

    account_number: str
    code: str
    name: str = ""


class Parts(Struct, frozen=True):
    """The server's parts. `version` is the framework's, `started` when the bot did (UTC).

    `callback` says whether replies can be delivered, and so whether the callback channel is served.
    `channels` are the plugins' (bot.channels.plugged.Channel), by name.
    """

    settings: Settings
    engine: Engine
    auth: Auth
    database: HasStatistics
    metrics: Metrics
    readiness: Readiness
    log: Log
    sources: Sources
    version: str
    started: datetime
    demo: Sequence[DemoLogin] = ()
    callback: bool = False
    channels: Mapping[str, Any] = field(default_factory=dict)
