"""Metrics: one Prometheus registry per bot, and one small method for each thing worth measuring."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from threading import RLock

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from bot.server.metric_table import CHANNELS, TABLE, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BOUNDS = (*map(str, _SECONDS), "+Inf")


class _Timed:
    """How many of a series' times fell into each bucket (the last is unbounded), and their sum in seconds."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(_SECONDS) + 1)
        self.total = 0.0


class Times(Collector):
    """A histogram of seconds by labels, for any thread.

    The one in prometheus_client takes six times as long for a labelled count, and every turn makes several.
    """

    def __init__(self, registry: CollectorRegistry, metric: Metric) -> None:
        self._about = (metric.name, f"{metric.about} (seconds)")
        self._labels = metric.labels
        known = metric.known if metric.labels else ((),)
        self._series: dict[tuple[object, ...], _Timed] = {values: _Timed() for values in known}
        self._lock = RLock()  # a count may come while garbage is collected within another one, or within `collect`
        registry.register(self)

    def add(self, seconds: float, *labels: object) -> None:
        """Record a duration; `labels` are the labels' values, in the order of their names."""
        with self._lock:
            timed = self._series.get(labels)
            if timed is None:
                timed = self._series[labels] = _Timed()
            timed.buckets[bisect_left(_SECONDS, seconds)] += 1
            timed.total += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """As prometheus_client asks for it."""
        family = HistogramMetricFamily(*self._about, labels=self._labels)
        with self._lock:
            for labels, timed in self._series.copy().items():
                counts = zip(_BOUNDS, accumulate(timed.buckets), strict=True)
                family.add_metric([str(label) for label in labels], list(counts), timed.total)
        yield family


class Counts(Collector):
    """A counter by labels, for any thread like `Times`."""

    def __init__(self, registry: CollectorRegistry, metric: Metric) -> None:
        self._about = (metric.name, metric.about)
        self._labels = metric.labels
        known = metric.known if metric.labels else ((),)
        self._series: dict[tuple[object, ...], int] = dict.fromkeys(known, 0)
        self._lock = RLock()  # as in `Times`
        registry.register(self)

    def add(self, *labels: object) -> None:
        """Count one more; `labels` are the labels' values, in the order of their names."""
        with self._lock:
            self._series[labels] = self._series.get(labels, 0) + 1

    def collect(self) -> Iterator[CounterMetricFamily]:
        """As prometheus_client asks for it."""
        family = CounterMetricFamily(*self._about, labels=self._labels)
        with self._lock:
            for labels, number in self._series.copy().items():
                family.add_metric([str(label) for label in labels], number)
        yield family


class Metrics:
    """What a bot measures. With several workers each has a registry: sum the counters and buckets over them."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.turns = 0
        self._channels = set(CHANNELS)
        self._times = {key: Times(registry, metric) for key, metric in TABLE.items() if metric.kind == "times"}
        self._counts = {key: Counts(registry, metric) for key, metric in TABLE.items() if metric.kind == "counts"}
        self._gauges = {key: _gauge(registry, metric) for key, metric in TABLE.items() if metric.kind == "gauge"}
        ProcessCollector(registry=registry)
        self._turn, self._commit, self._action = self._times["turn"], self._times["commit"], self._times["action"]
        self._outcomes = self._counts["outcomes"]
        self.refused_unread: Callable[[], None] = self._counts["unread"].add
        """A message was refused unread."""
        self.log_line_lost: Callable[[], None] = self._counts["lines_lost"].add
        """A line of the log could not be written."""

    def http(self, method: str, route: str, status: int, seconds: float) -> None:
        """An HTTP request was answered; `route` is its pattern, never its path."""
        self._times["http"].add(seconds, method, route, status)

    def know_channels(self, names: Iterable[str]) -> None:
        """Count the turns of these channels separately; those of unknown channels count as `other`."""
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
        """A turn is computed again because another worker was first."""
        self._counts["conflicts"].add()

    def matcher(self, seconds: float) -> None:
        """A message was understood."""
        self._times["matcher"].add(seconds)

    def action(self, name: str, seconds: float) -> None:
        """An action ran."""
        self._action.add(seconds, name)

    def action_failed(self, name: str, kind: str) -> None:
        """An action failed."""
        self._counts["failures"].add(name, kind)

    def call(self, service: str, outcome: str, seconds: float) -> None:
        """An outside service was called."""
        self._times["call"].add(seconds, service, outcome)

    def commit(self, seconds: float) -> None:
        """A turn was made durable."""
        self._commit.add(seconds)

    def login(self, outcome: str) -> None:
        """Somebody tried to log in: `ok`, `refused`, `throttled` or `all_throttled`."""
        self._counts["logins"].add(outcome)

    def delivery(self, outcome: str) -> None:
        """A delivery was attempted: `sent`, `failed` or `refused`."""
        self._counts["deliveries"].add(outcome)

    def credentials_refused(self, kind: str) -> None:
        """A request had credentials that are not valid: `session`, `key`, `jwt`, `query` or `other`."""
        self._counts["refused"].add(kind)

    def runs(self, version: str, content: str) -> None:
        """Set the version and content fingerprint that run."""
        self._gauges["info"].labels(version, content).set(1)

    def ready(self, results: Mapping[str, bool]) -> None:
        """Set the latest results of the readiness checks."""
        for name, works in results.items():
            self._gauges["ready"].labels(name).set(works)

    def gauges(self, *, waiting: int, store_reads: int, store_writes: int) -> None:
        """Set this process's own gauges, when the metrics are read."""
        self._gauges["waiting"].set(waiting)
        self._gauges["store_waiting"].labels("read").set(store_reads)
        self._gauges["store_waiting"].labels("write").set(store_writes)

    def stored(self, *, sessions: int, deliveries: int, effects: int, oldest_effect: float) -> None:
        """Set the gauges from the store (`oldest_effect` in seconds); they keep their values until the next read."""
        self._gauges["sessions"].set(sessions)
        self._gauges["deliveries_waiting"].set(deliveries)
        self._gauges["effects_open"].set(effects)
        self._gauges["effects_oldest"].set(oldest_effect)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)


def _gauge(registry: CollectorRegistry, metric: Metric) -> Gauge:
    gauge = Gauge(metric.name, metric.about, metric.labels, registry=registry)
    for values in metric.known:
        gauge.labels(*values)
    return gauge
