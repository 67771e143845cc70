"""The configuration: Teller's own keys of config.yml, as frozen values with their defaults.

`bot.reading` reads config.yml into these; the schema there has the same
defaults, and a test keeps the two in step. Durations are in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import Struct, field


class Server(Struct, frozen=True):
    """Where the server listens and what it accepts; a request with `metrics_token` may read the metrics."""

    host: str = "127.0.0.1"
    port: int = 5005
    trusted_proxies: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    max_body_bytes: int = 65_536
    max_message_characters: int = 4_096
    max_json_depth: int = 32
    metrics_token: str | None = None


class Limits(Struct, frozen=True):
    """How long things may take and how many may wait."""

    turn_seconds: float = 10.0
    action_seconds: float = 5.0
    shutdown_seconds: float = 12.0
    actions_per_turn: int = 10
    waiting_per_conversation: int = 16
    waiting: int = 1_000


class Sessions(Struct, frozen=True):
    """How long a customer's login lasts."""

    idle_seconds: float = 300.0
    absolute_seconds: float = 43_200.0
    rotation_grace_seconds: float = 10.0


class Login(Struct, frozen=True):
    """How many login attempts are allowed."""

    failures: int = 5
    lock_seconds: float = 30.0
    max_lock_seconds: float = 3_600.0
    window_seconds: float = 60.0
    attempts_per_address: int = 30
    attempts_in_all: int = 600


class Store(Struct, frozen=True):
    """Where turns are kept: an SQLAlchemy URL (SQLite paths are relative to the project)."""

    url: str = "sqlite:///.teller/teller.db"
    readers: int = 4
    idempotency_days: float = 30.0


class Logging(Struct, frozen=True):
    """What is logged and how (`json`, `console`, or `auto`: `console` on a terminal); message texts only on request."""

    level: str = "info"
    format: str = "auto"
    message_text: bool = False


class ActionEndpoint(Struct, frozen=True):
    """A Rasa action server; each call carries `headers` and at most the `tracker_events` latest events.

    It also carries the domain, or, with `enable_selective_domain`, only for actions that need it. `cafile`, `certfile`
    and `keyfile` are for its HTTPS (bot.http).
    """

    url: str
    timeout_seconds: float = 5.0
    tracker_events: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    enable_selective_domain: bool = False
    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None


class Callback(Struct, frozen=True):
    """Where the callback channel sends replies, the headers that each carries, and files for HTTPS (bot.http)."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 10.0
    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class RasaAuth:
    """Rasa's own credentials for its API; given on the command line or in the environment, never in config.yml."""

    auth_token: str | None = None
    jwt_secret: str | None = None
    jwt_method: str = "HS256"


class Settings(Struct, frozen=True):
    """The whole configuration of one bot.

    `title` is its display name. `plugins` name modules or folders of the project; `plugin_settings` are their own
    sections; `channels` are credentials.yml's entries as written, by channel; `workers` (processes that share port
    and store), `options` and `rasa_auth` come from the command line. `private`, if set, replaces the project's own
    folder for `data`.
    """

    project: Path = Path()
    private: Path | None = None
    title: str = "Teller"
    server: Server = Server()
    limits: Limits = Limits()
    sessions: Sessions = Sessions()
    login: Login = Login()
    store: Store = Store()
    logging: Logging = Logging()
    action_endpoint: ActionEndpoint | None = None
    callback: Callback | None = None
    plugins: tuple[str, ...] = ()
    plugin_settings: Mapping[str, Any] = field(default_factory=dict)
    workers: int = 1
    channels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    rasa_auth: RasaAuth = RasaAuth()

    @property
    def data(self) -> Path:
        """The project's private folder: store, pepper, keys, models. Never in git (it ignores itself)."""
        return self.private or self.project / ".teller"
