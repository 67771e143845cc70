"""Metrics: one Prometheus registry a bot, and one small function for each thing that is worth counting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_MOST_CHANNELS = 32
"""Clients name their channels; what clients choose must not multiply time series."""


M = TypeVar("M", Counter, Gauge, Histogram)


class Series(Generic[M]):
    """A metric with labels, each combination looked up once: `series("GET", "/chat").observe(0.1)`."""

    def __init__(self, metric: M) -> None:
        self._metric: M = metric
        self._children: dict[tuple[object, ...], M] = {}

    def __call__(self, *labels: object) -> M:
        """The metric of these labels' values, in the order of their names."""
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._metric.labels(*labels) if labels else self._metric
        return child


class Metrics:
    """What a bot measures. With several workers each has a registry: sum the counters and buckets over them."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.turns = 0
        self._channels: set[str] = set()
        self._http = _histogram(registry, "bot_http_request_seconds", "HTTP requests", "method", "route", "status")
        self._turn = _histogram(registry, "bot_turn_seconds", "Turns, from their arrival to the commit", "channel")
        self._matcher = _histogram(registry, "bot_matcher_seconds", "Understanding one message")
        self._action = _histogram(registry, "bot_action_seconds", "Running one action", "action")
        self._call = _histogram(registry, "bot_call_seconds", "Calls to outside services", "service", "outcome")
        self._commit = _histogram(registry, "bot_store_commit_seconds", "Making one turn durable")
        self._outcomes = _counter(registry, "bot_turns", "Turns by how they ended", "outcome")
        self._conflicts = Counter("bot_turn_conflicts", "Turns computed again: another was first", registry=registry)
        self._failures = _counter(registry, "bot_action_failures", "Actions that failed", "action", "kind")
        self._logins = _counter(registry, "bot_logins", "Login attempts by outcome", "outcome")
        self._deliveries = _counter(registry, "bot_deliveries", "Deliveries to callbacks by outcome", "outcome")
        unread = Counter("bot_messages_refused_unread", "Messages refused unread: the bot was full", registry=registry)
        self.refused_unread: Callable[[], None] = unread.inc
        """A message was refused unread."""
        self._sessions = Gauge("bot_active_sessions", "Customers' sessions that live", registry=registry)
        self._waiting = Gauge("bot_messages_waiting", "Messages in work or waiting for it", registry=registry)
        waiting = Gauge("bot_store_waiting", "Jobs waiting for the store", ["kind"], registry=registry)
        self._store_waiting = Series(waiting)

    def http(self, method: str, route: str, status: int, seconds: float) -> None:
        """An HTTP request was answered; `route` is its pattern, never its path."""
        self._http(method, route, status).observe(seconds)

    def turn(self, channel: str, seconds: float) -> None:
        """A turn was committed."""
        self.turns += 1
        if channel not in self._channels:
            channel = "other" if len(self._channels) >= _MOST_CHANNELS else channel
            self._channels.add(channel)
        self._turn(channel).observe(seconds)
        self._outcomes("committed").inc()

    def turn_failed(self, kind: str) -> None:
        """A message was not answered; `kind` is the error's name."""
        self._outcomes(kind).inc()

    def turn_conflicted(self) -> None:
        """A turn is computed again, because another worker was first."""
        self._conflicts.inc()

    def matcher(self, seconds: float) -> None:
        """A message was understood."""
        self._matcher().observe(seconds)

    def action(self, name: str, seconds: float) -> None:
        """An action ran."""
        self._action(name).observe(seconds)

    def action_failed(self, name: str, kind: str) -> None:
        """An action failed."""
        self._failures(name, kind).inc()

    def call(self, service: str, outcome: str, seconds: float) -> None:
        """An outside service was called."""
        self._call(service, outcome).observe(seconds)

    def commit(self, seconds: float) -> None:
        """A turn was made durable."""
        self._commit().observe(seconds)

    def login(self, outcome: str) -> None:
        """Somebody tried to log in: `ok`, `refused` or `throttled`."""
        self._logins(outcome).inc()

    def delivery(self, outcome: str) -> None:
        """A reply went out to a callback, or did not."""
        self._deliveries(outcome).inc()

    def gauges(self, *, sessions: int | None, waiting: int, store_reads: int, store_writes: int) -> None:
        """What is looked up when somebody asks; None keeps the last value."""
        if sessions is not None:
            self._sessions.set(sessions)
        self._waiting.set(waiting)
        self._store_waiting("read").set(store_reads)
        self._store_waiting("write").set(store_writes)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)


def _histogram(registry: CollectorRegistry, name: str, about: str, *labels: str) -> Series[Histogram]:
    return Series(Histogram(name, f"{about} (seconds)", labels, buckets=_SECONDS, registry=registry))


def _counter(registry: CollectorRegistry, name: str, about: str, *labels: str) -> Series[Counter]:
    return Series(Counter(name, about, labels, registry=registry))
