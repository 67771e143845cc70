"""Metrics: one Prometheus registry a bot, and one small function for each thing that is worth counting."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BOUNDS = (*map(str, _SECONDS), "+Inf")

_CHANNELS = ("rest", "chat", "callback", "background")
"""The channels that every bot has. Clients may name others: what they choose must not make time series."""


class _Timed:
    """How many of a series' times fell into which bucket (the last: none), and their sum in seconds."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(_SECONDS) + 1)
        self.total = 0.0


class Times(Collector):
    """A histogram of seconds by labels, for one thread.

    prometheus_client's takes a lock for each of its counts, some of which every turn makes.
    """

    def __init__(self, registry: CollectorRegistry, name: str, about: str, *labels: str) -> None:
        self._about = (name, f"{about} (seconds)")
        self._labels = labels
        self._series: dict[tuple[object, ...], _Timed] = {} if labels else {(): _Timed()}
        registry.register(self)

    def add(self, seconds: float, *labels: object) -> None:
        """Something took so many seconds; its labels' values in the order of their names."""
        timed = self._series.get(labels)
        if timed is None:
            timed = self._series[labels] = _Timed()
        timed.buckets[bisect_left(_SECONDS, seconds)] += 1
        timed.total += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """As prometheus_client asks for it."""
        family = HistogramMetricFamily(*self._about, labels=self._labels)
        for labels, timed in self._series.items():
            counts = zip(_BOUNDS, accumulate(timed.buckets), strict=True)
            family.add_metric([str(label) for label in labels], list(counts), timed.total)
        yield family


class Counts(Collector):
    """A counter by labels, for one thread as `Times`."""

    def __init__(self, registry: CollectorRegistry, name: str, about: str, *labels: str) -> None:
        self._about = (name, about)
        self._labels = labels
        self._series: dict[tuple[object, ...], int] = {} if labels else {(): 0}
        registry.register(self)

    def add(self, *labels: object) -> None:
        """One more; its labels' values in the order of their names."""
        self._series[labels] = self._series.get(labels, 0) + 1

    def collect(self) -> Iterator[CounterMetricFamily]:
        """As prometheus_client asks for it."""
        family = CounterMetricFamily(*self._about, labels=self._labels)
        for labels, number in self._series.items():
            family.add_metric([str(label) for label in labels], number)
        yield family


class Metrics:
    """What a bot measures. With several workers each has a registry: sum the counters and buckets over them."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.turns = 0
        self._channels = set(_CHANNELS)
        self._http = Times(registry, "bot_http_request_seconds", "HTTP requests", "method", "route", "status")
        self._turn = Times(registry, "bot_turn_seconds", "Turns, from their arrival to the commit", "channel")
        self._matcher = Times(registry, "bot_matcher_seconds", "Understanding one message")
        self._action = Times(registry, "bot_action_seconds", "Running one action", "action")
        self._call = Times(registry, "bot_call_seconds", "Calls to outside services", "service", "outcome")
        self._commit = Times(registry, "bot_store_commit_seconds", "Making one turn durable")
        self._outcomes = Counts(registry, "bot_turns", "Turns by how they ended", "outcome")
        self._conflicts = Counts(registry, "bot_turn_conflicts", "Turns computed again: another was first")
        self._failures = Counts(registry, "bot_action_failures", "Actions that failed", "action", "kind")
        self._logins = Counts(registry, "bot_logins", "Login attempts by outcome", "outcome")
        self._deliveries = Counts(registry, "bot_deliveries", "Deliveries to callbacks by outcome", "outcome")
        self._unread = Counts(registry, "bot_messages_refused_unread", "Messages refused unread: the bot was full")
        self.refused_unread: Callable[[], None] = self._unread.add
        """A message was refused unread."""
        self._lines_lost = Counts(registry, "bot_log_lines_lost", "Lines of the log that could not be written")
        self.log_line_lost: Callable[[], None] = self._lines_lost.add
        """A line of the log could not be written."""
        self._sessions = Gauge("bot_active_sessions", "Customers' sessions that live", registry=registry)
        self._waiting = Gauge("bot_messages_waiting", "Messages in work or waiting for it", registry=registry)
        self._store_waiting = Gauge("bot_store_waiting", "Jobs waiting for the store", ["kind"], registry=registry)

    def http(self, method: str, route: str, status: int, seconds: float) -> None:
        """An HTTP request was answered; `route` is its pattern, never its path."""
        self._http.add(seconds, method, route, status)

    def know_channels(self, names: Iterable[str]) -> None:
        """Count the turns of these channels apart; those of channels that nobody makes known are `other`."""
        self._channels.update(names)

    def turn(self, channel: str, seconds: float) -> None:
        """A turn was committed."""
        self.turns += 1
        self._turn.add(seconds, channel if channel in self._channels else "other")
        self._outcomes.add("committed")

    def turn_failed(self, kind: str) -> None:
        """A message was not answered; `kind` is the error's name."""
        self._outcomes.add(kind)

    def turn_conflicted(self) -> None:
        """A turn is computed again, because another worker was first."""
        self._conflicts.add()

    def matcher(self, seconds: float) -> None:
        """A message was understood."""
        self._matcher.add(seconds)

    def action(self, name: str, seconds: float) -> None:
        """An action ran."""
        self._action.add(seconds, name)

    def action_failed(self, name: str, kind: str) -> None:
        """An action failed."""
        self._failures.add(name, kind)

    def call(self, service: str, outcome: str, seconds: float) -> None:
        """An outside service was called."""
        self._call.add(seconds, service, outcome)

    def commit(self, seconds: float) -> None:
        """A turn was made durable."""
        self._commit.add(seconds)

    def login(self, outcome: str) -> None:
        """Somebody tried to log in: `ok`, `refused`, `throttled` or `all_throttled`."""
        self._logins.add(outcome)

    def delivery(self, outcome: str) -> None:
        """A reply went out to a callback, or did not."""
        self._deliveries.add(outcome)

    def gauges(self, *, sessions: int | None, waiting: int, store_reads: int, store_writes: int) -> None:
        """What is looked up when somebody asks; None keeps the last value."""
        if sessions is not None:
            self._sessions.set(sessions)
        self._waiting.set(waiting)
        self._store_waiting.labels("read").set(store_reads)
        self._store_waiting.labels("write").set(store_writes)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
