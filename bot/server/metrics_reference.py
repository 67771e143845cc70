"""Writes the metrics reference from their table: `python -m bot.server.metrics_reference > FILE`."""

from __future__ import annotations

import sys

from bot.server.metric_table import TABLE, Metric

_HEAD = """# Metrics

Written by `python -m bot.server.metrics_reference`; a test keeps it in step with the table that defines the metrics.

`GET /metrics` returns them in Prometheus' text format for an operator's key, or for the token in `server:
metrics_token:` of config.yml, which is checked without the store and so works while the store is down. Each process has
its own numbers. Sum counters and buckets over processes; for values counted in the store (sessions, deliveries, outside
changes), which are the same in all processes, take the `max`. If the store does not answer within a second, these keep
their last values.

Beside these there are `process_start_time_seconds`, `process_resident_memory_bytes`,
`process_cpu_seconds_total`, `process_open_fds` and `process_max_fds`, as Prometheus' clients name them.

| name | kind | labels | what |
| --- | --- | --- | --- |
"""

_VALUES = """
## Values of labels

Series with the label values listed here exist from the start, with the value 0.

| name | label | values |
| --- | --- | --- |
"""

_TAIL = """
Other values appear as they occur. `outcome` of `bot_call_seconds` is `ok`, or why a call failed: `timeout`,
`refused` (not sent: too many calls wait, or the service failed too often), `unavailable`, `too_large`, `invalid`
(the answer does not match the schema, or is impossible), `rejected` (a status of 4xx), `unknown_outcome` (nobody knows
whether it changed something) and `cancelled` (its turn's time was over). `kind` of `bot_action_failures_total` is the
exception's name; `outcome` of `bot_turns_total` is `committed` or the error's name. `check` of `bot_ready` is
`store`, `action server`, or a plugin's, such as `bank`.

## Alerts

A starting point, in Prometheus' format; adjust the thresholds to your traffic.

```
groups:
- name: teller
  rules:
  - alert: StoreAway
    expr: bot_ready{check="store"} == 0
    for: 1m
  - alert: ServiceAway
    expr: bot_ready{check!="store"} == 0
    for: 5m
  - alert: TurnsFail
    expr: sum(rate(bot_turns_total{outcome!~"committed|MessageIdReused"}[5m])) / sum(rate(bot_turns_total[5m])) > 0.01
    for: 5m
  - alert: TurnsAreSlow
    expr: histogram_quantile(0.99, sum by (le) (rate(bot_turn_seconds_bucket[5m]))) > 2.5
    for: 10m
  - alert: BankSaysWhatCannotBe
    expr: increase(bot_call_seconds_count{service="bank",outcome="invalid"}[15m]) > 0
  - alert: PaymentOutcomeUnknown
    expr: max(bot_effects_oldest_seconds) > 3600
  - alert: RepliesPileUp
    expr: max(bot_deliveries_waiting) > 100
    for: 10m
  - alert: CredentialsAreGuessed
    expr: sum(rate(bot_credentials_refused_total{kind!="session"}[5m])) > 1
    for: 5m
```
"""

_KINDS = {"times": "histogram", "counts": "counter", "gauge": "gauge"}
_ENDINGS = {"times": "", "counts": "_total", "gauge": ""}


def reference() -> str:
    """The document."""
    rows = "".join(map(_row, TABLE.values()))
    values = "".join(map(_value_rows, TABLE.values()))
    return _HEAD + rows + _VALUES + values + _TAIL


def _row(metric: Metric) -> str:
    about = f"{metric.about}, in seconds" if metric.kind == "times" else metric.about
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{_name(metric)}` | {_KINDS[metric.kind]} | {labels} | {about} |\n"


def _value_rows(metric: Metric) -> str:
    """A row for each label whose values are known from the start."""
    rows = ""
    for label, values in zip(metric.labels, zip(*metric.known, strict=True), strict=False):
        shown = ", ".join(f"`{value}`" for value in values)
        rows += f"| `{_name(metric)}` | `{label}` | {shown} |\n"
    return rows


def _name(metric: Metric) -> str:
    return metric.name + _ENDINGS[metric.kind]


if __name__ == "__main__":
    sys.stdout.write(reference())
