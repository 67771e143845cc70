"""Our counts and times say in Prometheus' text what prometheus_client's own would."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from bot.server.metrics import _SECONDS, Counts, Times

observed = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.floats(0, 20) | st.sampled_from(_SECONDS)))


def told(registry: CollectorRegistry) -> list[str]:
    """The text without when each series began, which ours leave out."""
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


@given(observed)
def test_times_and_counts_by_label(given_times: list[tuple[str, float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    times, counts = Times(ours, "t", "Times", "kind"), Counts(ours, "c", "Counts", "kind")
    histogram = Histogram("t", "Times (seconds)", ["kind"], buckets=_SECONDS, registry=theirs)
    counter = Counter("c", "Counts", ["kind"], registry=theirs)
    for kind, seconds in given_times:
        times.add(seconds, kind)
        counts.add(kind)
        histogram.labels(kind).observe(seconds)
        counter.labels(kind).inc()
    assert told(ours) == told(theirs)


@given(observed)
def test_times_and_counts_without_labels(given_times: list[tuple[str, float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    times, counts = Times(ours, "t", "Times"), Counts(ours, "c", "Counts")
    histogram = Histogram("t", "Times (seconds)", buckets=_SECONDS, registry=theirs)
    counter = Counter("c", "Counts", registry=theirs)
    for _, seconds in given_times:
        times.add(seconds)
        counts.add()
        histogram.observe(seconds)
        counter.inc()
    assert told(ours) == told(theirs)
