"""The log lines of turns and calls."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from bot.app.watching import Watcher
from bot.config import Logging
from bot.dialogue.events import EffectPrepared, EffectSettled
from bot.engine.record import TurnRecord
from bot.logs import make_logger
from bot.messages import Customer, Principal, UserMessage
from bot.server.metrics import Metrics
from bot.sources import Sources


def watching(level: str = "info") -> tuple[Watcher, io.StringIO]:
    stream = io.StringIO()
    return Watcher(Metrics(), make_logger(Logging(level=level), now=Sources().now, stream=stream), False), stream


def only_line(stream: io.StringIO) -> dict[str, Any]:
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert isinstance(line, dict)
    return line


def test_failed_call_is_logged_with_its_name_and_reason() -> None:
    watcher, stream = watching()
    watcher.call("bank", "ok", 0.1, 1, call="token")
    watcher.call("bank", "rejected", 0.1, 1, call="token", status=401, reason="the service refused it with 401")
    line = only_line(stream)
    assert (line["level"], line["call"], line["status"]) == ("warning", "token", 401)
    assert line["reason"] == "the service refused it with 401"


def test_successful_call_is_logged_at_debug_and_a_grave_failure_at_error() -> None:
    watcher, stream = watching("debug")
    watcher.call("bank", "ok", 0.1, 1, call="token")
    assert only_line(stream)["level"] == "debug"
    watcher, stream = watching()
    watcher.call("bank", "invalid", 0.1, 1, call="accounts", reason="an account is another's", is_grave=True)
    assert only_line(stream)["level"] == "error"


@pytest.mark.parametrize(
    ("principal", "by"),
    [(Principal("customer", "customer:1", Customer("1", "b")), None), (Principal("key", "key:3f2a"), "key:3f2a")],
)
def test_log_line_of_a_turn_names_the_key_but_no_customer(principal: Principal, by: str | None) -> None:
    watcher, stream = watching()
    now = Sources().now()
    watcher.turn(TurnRecord(1, UserMessage("hello", "c", "m", now, principal), (), (), now, 1, "content"))
    assert only_line(stream).get("by") == by


def test_effect_outcomes_are_logged_without_parameters() -> None:
    watcher, stream = watching()
    now, someone = Sources().now(), Principal("customer", "customer:1", Customer("1", "b"))
    message = UserMessage("yes", "c", "m", now, someone, correlation_id="c-7")
    events = (EffectSettled("k-1", "done"), EffectPrepared("transfer", "k-2", {"to": "Anna Schmidt", "minor": 5000}))
    watcher.turn(TurnRecord(4, message, events, (), now, 1, "content"))
    told = [line for line in map(json.loads, stream.getvalue().splitlines()) if line["event"] == "effect"]
    assert [(line["effect"], line["outcome"], line.get("kind")) for line in told] == [
        ("k-1", "done", None),
        ("k-2", "asked", "transfer"),
    ]
    assert {(line["conversation"], line["turn"], line["correlation_id"]) for line in told} == {("c", 4, "c-7")}
    assert "Anna" not in stream.getvalue()
