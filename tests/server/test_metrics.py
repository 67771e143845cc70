"""Our counters and histograms produce the same Prometheus text as prometheus_client's own."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from bot.server.metric_table import TABLE, Metric
from bot.server.metrics import _SECONDS, Counts, Metrics, Times

TIMES, COUNTS = Metric("times", "t", "Times"), Metric("counts", "c", "Counts")
TIMES_BY_KIND, COUNTS_BY_KIND = replace(TIMES, labels=("kind",)), replace(COUNTS, labels=("kind",))

observed = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.floats(0, 20) | st.sampled_from(_SECONDS)))


def exposition(registry: CollectorRegistry) -> list[str]:
    """The text without the creation time of each series, which ours leave out."""
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


@given(observed)
def test_labelled_metrics_match_prometheus_client(given_times: list[tuple[str, float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    times, counts = Times(ours, TIMES_BY_KIND), Counts(ours, COUNTS_BY_KIND)
    histogram = Histogram("t", "Times (seconds)", ["kind"], buckets=_SECONDS, registry=theirs)
    counter = Counter("c", "Counts", ["kind"], registry=theirs)
    for kind, seconds in given_times:
        times.add(seconds, kind)
        counts.add(kind)
        histogram.labels(kind).observe(seconds)
        counter.labels(kind).inc()
    assert exposition(ours) == exposition(theirs)


@given(observed)
def test_unlabelled_metrics_match_prometheus_client(given_times: list[tuple[str, float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    times, counts = Times(ours, TIMES), Counts(ours, COUNTS)
    histogram = Histogram("t", "Times (seconds)", buckets=_SECONDS, registry=theirs)
    counter = Counter("c", "Counts", registry=theirs)
    for _, seconds in given_times:
        times.add(seconds)
        counts.add()
        histogram.observe(seconds)
        counter.inc()
    assert exposition(ours) == exposition(theirs)


def test_known_series_start_at_zero_beside_the_process_metrics() -> None:
    text = Metrics().text().decode()
    for line in (
        'bot_turns_total{outcome="StoreUnavailable"} 0.0',
        'bot_turn_seconds_count{channel="chat"} 0.0',
        'bot_deliveries_total{outcome="failed"} 0.0',
        "bot_effects_open 0.0",
    ):
        assert line in text
    assert "process_start_time_seconds" in text
    assert all(f"# HELP {metric.name}" in text for metric in TABLE.values())


class Interrupting(str):
    """A label's value; when it is rendered, another thread counts, and is given a moment to do it."""

    act: Callable[[], None]
    thread: Thread

    def __str__(self) -> str:
        if not hasattr(self, "thread"):
            self.thread = Thread(target=self.act)
            self.thread.start()
            self.thread.join(0.2)
        return super().__str__()


class Collected(str):
    """A label's value; when it is rendered, this thread counts, as a finalizer may whenever garbage is collected."""

    act: Callable[[], None]
    has_acted = False

    def __str__(self) -> str:
        if not self.has_acted:
            self.has_acted = True
            self.act()
        return super().__str__()


both_kinds = pytest.mark.parametrize(
    ("count", "line"),
    [
        (
            lambda metrics, label: metrics.call(label, "ok", 0.1),
            'bot_call_seconds_count{outcome="ok",service="%s"} 1.0',
        ),
        (lambda metrics, label: metrics.login(label), 'bot_logins_total{outcome="%s"} 1.0'),
    ],
)


@both_kinds
def test_thread_may_count_a_new_series_while_metrics_are_rendered(
    count: Callable[[Metrics, str], None], line: str
) -> None:
    metrics, label = Metrics(), Interrupting("first")
    label.act = lambda: count(metrics, "second")
    count(metrics, label)
    assert (line % "first").encode() in metrics.text()
    label.thread.join()
    assert (line % "second").encode() in metrics.text()


@both_kinds
def test_finalizer_may_count_a_new_series_while_metrics_are_rendered(
    count: Callable[[Metrics, str], None], line: str
) -> None:
    metrics, label = Metrics(), Collected("first")
    label.act = lambda: count(metrics, "second")
    count(metrics, label)
    assert (line % "first").encode() in metrics.text()
    assert (line % "second").encode() in metrics.text()


def test_counts_of_concurrent_threads_add_up_while_metrics_are_rendered() -> None:
    metrics, barrier = Metrics(), Barrier(9)

    def count(thread: int) -> None:
        barrier.wait()
        for number in range(1_000):
            metrics.call(f"service {number % 10} of {thread % 2}", "ok", 0.5)
            metrics.log_line_lost()

    threads = [Thread(target=count, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    barrier.wait()
    while any(thread.is_alive() for thread in threads):
        metrics.text()
    text = metrics.text().decode()
    assert "bot_log_lines_lost_total 8000.0" in text
    assert text.count('_sum{outcome="ok",service="service') == 20
    assert text.count("bot_call_seconds_count") == 20
    for name in range(2):
        assert f'bot_call_seconds_count{{outcome="ok",service="service 3 of {name}"}} 400.0' in text
        assert f'bot_call_seconds_sum{{outcome="ok",service="service 3 of {name}"}} 200.0' in text


def test_info_and_ready_gauges_show_version_and_checks() -> None:
    metrics = Metrics()
    metrics.runs("1.0", "abc")
    metrics.ready({"store": True, "bank": False})
    text = metrics.text().decode()
    assert 'bot_info{content="abc",version="1.0"} 1.0' in text
    assert 'bot_ready{check="store"} 1.0' in text
    assert 'bot_ready{check="bank"} 0.0' in text
