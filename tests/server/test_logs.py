"""Logs: JSON lines with what helps, and without secrets or customers' data."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

import bot
from bot.app.opening import open_bot
from bot.app.projects import load_project
from bot.auth.opening import open_auth
from bot.config import Logging, Login, Settings, Store
from bot.errors import Busy, PluginError, StoreUnavailable
from bot.logs import LineWriter, Log, correlation_id, make_logger, mask
from bot.messages import Reply
from bot.server.app import make_app
from bot.server.metrics import Metrics

from .conftest import ACCOUNT, CODE, Running

TOKEN = "tk_" + "A1b2-_" * 7


def logger(**settings: Any) -> tuple[Log, io.StringIO]:
    stream = io.StringIO()
    return make_logger(Logging(**settings), now=lambda: datetime(2026, 11, 22, tzinfo=UTC), stream=stream), stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_log_line_is_json_with_level_time_and_correlation_id() -> None:
    log, stream = logger()
    token = correlation_id.set("c-1")
    log.info("turn", seconds=0.25)
    correlation_id.reset(token)
    assert lines(stream) == [
        {
            "seconds": 0.25,
            "event": "turn",
            "level": "info",
            "time": "2026-11-22T00:00:00.000+00:00",
            "correlation_id": "c-1",
        }
    ]


def test_secrets_and_account_numbers_are_masked_at_any_depth() -> None:
    log, stream = logger()
    log.info(
        "x",
        account="00123456",
        token="t",
        nested={"code": "000042", "list": ["account 87654321, please"]},
        header=f"Bearer {TOKEN}",
        key_in_text=f"used {TOKEN}!",
    )
    (line,) = lines(stream)
    assert (line["account"], line["token"]) == ("****56", "[hidden]")
    assert line["nested"] == {"code": "[hidden]", "list": ["account ****21, please"]}
    assert (line["header"], line["key_in_text"]) == ("Bearer [hidden]", "used [hidden]!")


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "2026-11-22T12:00:00",
        "from 2026-11-22 12:30 to 2026-11-23",
        "0.123456",
        "10.0.0.255:50051",
        "e2638e4209e15fff",
        "£1,234",
        "20-11-26",
    ],
)
def test_times_short_numbers_and_ids_are_not_masked(plain: str) -> None:
    assert mask(plain) == plain


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("account 60161331926819.", "account ****19."),
        ("acct:12345678", "acct:****78"),
        ("ref-12345678", "ref-****78"),
        ("GB29NWBK60161331926819", "GB29NWBK****19"),
        ("No.12345678x, 00123456: 12345678.50", "No.****78x, ****56: ****78.50"),
        ("12345", "12345"),
        ("card 4929 1234 5678 9012.", "card ****12."),
        ("4929-1234-5678-9012", "****12"),
        ("ref-1234 5678, 20-00-00 55779911", "ref-****78, ****11"),
        ("07700 900123", "****23"),
    ],
)
def test_account_number_inside_a_text_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "value", [b"12345678", {"12345678"}, frozenset({b"12345678"}), Path("12345678"), [{"at": {b"12345678"}}]], ids=str
)
def test_value_of_any_type_is_masked(value: object) -> None:
    log, stream = logger()
    log.info("odd", value=value)
    assert "123456" not in stream.getvalue()
    assert "****78" in stream.getvalue()


def test_mapping_keys_are_masked() -> None:
    log, stream = logger()
    log.info("x", balances={"12345678": 5, "token": "t"})
    assert lines(stream)[0]["balances"] == {"****78": 5, "token": "[hidden]"}


def test_internal_ids_are_not_masked() -> None:
    log, stream = logger()
    ours = {"session": "e263812345678fff", "by": "key:123456789012", "conversation": "0123456789abcdef"}
    ours |= {"content": "f71812345678c48c", "sender": "312de123456f", "effect": "ab1234567890"}
    log.info("x", **ours)
    assert lines(stream)[0].items() >= ours.items()


def test_message_text_is_logged_only_when_enabled_and_then_masked() -> None:
    off, off_stream = logger()
    off.info("message", text="pay 12345678")
    on, on_stream = logger(message_text=True)
    on.info("message", text="pay 12345678")
    assert lines(off_stream)[0]["text"] == "[not logged]"
    assert lines(on_stream)[0]["text"] == "pay ****78"


def failed(error: BaseException, **settings: Any) -> dict[str, Any]:
    log, stream = logger(**settings)
    try:
        raise error
    except BaseException as raised:
        log.error("failed", exc_info=raised)
    (line,) = lines(stream)
    return line


def test_exception_is_logged_with_type_and_places_but_no_message() -> None:
    quoting = ValueError("invalid literal for int() with base 10: 'my card number is lost'")
    line = failed(quoting)
    assert line["error"] == "ValueError"
    assert line["where"][0].startswith("tests/server/test_logs.py:")
    assert "lost" in failed(quoting, message_text=True)["error"]
    masked = failed(ValueError("customer 12345678 with token " + TOKEN), message_text=True)
    assert masked["error"] == "ValueError: customer ****78 with token [hidden]"


@pytest.mark.parametrize("calls", [1, 30])
def test_traceback_starts_at_the_first_frame_of_the_project(calls: int) -> None:
    ours = compile("def run(action):\n    action()\n", f"{Path(bot.__file__).parent}/engine/running.py", "exec")
    namespace: dict[str, Any] = {}
    exec(ours, namespace)
    called = compile("def call(n):\n    return call(n - 1) if n else 1 // n\n", "/venv/site-packages/shop.py", "exec")
    exec(called, namespace)

    def pay() -> None:
        namespace["call"](calls)

    try:
        namespace["run"](pay)
    except ZeroDivisionError as error:
        log, stream = logger()
        log.error("failed", exc_info=error.with_traceback(error.__traceback__ and error.__traceback__.tb_next))
    where = lines(stream)[0]["where"]
    assert where[0].endswith("pay")
    assert where[-1].endswith("site-packages/shop.py:2 call")
    assert len(where) <= 12


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StoreUnavailable("the disk of 12345678 is full"), "StoreUnavailable: the disk of ****78 is full"),
        (FileNotFoundError(2, "No such file or directory"), "FileNotFoundError: [Errno 2] No such file or directory"),
        (FileNotFoundError(2, "No such file", "/srv/my lost card.json"), "FileNotFoundError: [Errno 2] No such file"),
        (OSError("a client's own, about 'my lost card'"), "OSError"),
    ],
)
def test_only_known_safe_exceptions_are_logged_with_their_message(error: Exception, told: str) -> None:
    assert failed(error)["error"] == told


def test_plugin_error_is_logged_with_its_cause_but_not_the_causes_message() -> None:
    def raising(message_text: bool) -> dict[str, Any]:
        try:
            {}["my password is swordfish"]
        except KeyError as quoting:
            error = PluginError("the channel 'pager': receive raised KeyError")
            error.__cause__ = quoting
        return failed(error, message_text=message_text)

    line = raising(False)
    assert (line["error"], line["cause"]) == ("PluginError: the channel 'pager': receive raised KeyError", "KeyError")
    assert line["where"][-1].endswith("raising")
    assert raising(True)["cause"] == "KeyError: 'my password is swordfish'"


@pytest.mark.parametrize("value", ["half of a pair: \ud83d", {"n": 2**70}, 1j])
def test_value_that_json_cannot_hold_is_logged_as_ascii(value: Any) -> None:
    log, stream = logger()
    log.error("action failed", action="pay", about=value)
    (line,) = lines(stream)
    assert (line["event"], line["action"]) == ("action failed", "pay")
    assert line["about"] == ascii(value)


def test_long_value_is_truncated() -> None:
    log, stream = logger()
    log.info("x", value="y" * 1_000_000)
    assert len(stream.getvalue()) < 3_000


def test_flood_of_warnings_is_limited_and_counted() -> None:
    stream, second = io.StringIO(), [0]
    log = make_logger(Logging(), now=lambda: datetime.fromtimestamp(second[0], UTC), stream=stream)
    for _ in range(1_000):
        log.warning("login")
    log.error("something_else")
    assert len(lines(stream)) == 101
    second[0] += 1
    log.warning("login")
    assert lines(stream)[-1]["dropped_before"] == 900


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_format_is_console_on_a_terminal_and_json_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def written(stream: io.StringIO, **settings: Any) -> str:
        log = make_logger(Logging(**settings), now=lambda: datetime(2026, 11, 22, tzinfo=UTC), stream=stream)
        log.warning("call", service="bank", account="00123456")
        return stream.getvalue()

    for stream, settings in ((io.StringIO(), {}), (Terminal(), {"format": "json"})):
        assert json.loads(written(stream, **settings))["event"] == "call"
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = written(Terminal())
    assert "\x1b[" in shown
    assert "****56" in shown
    plain = written(io.StringIO(), format="console")
    assert plain.split() == ["00:00:00", "[warning", "]", "call", "account=****56", "service=bank"]
    assert "\x1b[" not in plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in written(Terminal())


def test_line_below_the_level_is_not_written() -> None:
    log, stream = logger(level="warning")
    log.info("x")
    log.warning("y")
    assert [line["event"] for line in lines(stream)] == ["y"]


async def test_info_lines_are_buffered_until_an_error_or_a_pause() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream)
    writer.info("one")
    writer.info("two")
    assert stream.getvalue() == ""
    writer.error("three")
    assert stream.getvalue() == "one\ntwo\nthree\n"
    writer.info("four")
    async with asyncio.timeout(20):
        while "four" not in stream.getvalue():
            await asyncio.sleep(0.01)


def test_buffered_lines_are_written_when_the_loop_ends() -> None:
    stream = io.StringIO()

    async def write() -> None:
        LineWriter(stream).info("last")

    asyncio.run(write())
    assert stream.getvalue() == "last\n"


def full_disk() -> TextIO:
    return Path("/dev/full").open("w")


def pipe_without_reader() -> TextIO:
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


def closed_stream() -> TextIO:
    stream = io.StringIO()
    stream.close()
    return stream


UNWRITABLE = pytest.mark.parametrize("make", [full_disk, pipe_without_reader, closed_stream])


@UNWRITABLE
def test_unwritable_line_is_counted_and_raises_nothing(make: Callable[[], TextIO]) -> None:
    metrics, stream = Metrics(), make()
    log = make_logger(
        Logging(), now=lambda: datetime(2026, 11, 22, tzinfo=UTC), stream=stream, lost=metrics.log_line_lost
    )
    log.error("one")
    log.info("two")
    assert b"bot_log_lines_lost_total 2.0" in metrics.text()
    with contextlib.suppress(OSError):
        stream.close()


def test_log_recovers_when_the_disk_has_room_again(tmp_path: Path) -> None:
    lost: list[None] = []
    with (tmp_path / "log").open("w") as stream:
        room, full = os.dup(stream.fileno()), os.open("/dev/full", os.O_WRONLY)
        writer = LineWriter(stream, lambda: lost.append(None))
        os.dup2(full, stream.fileno())
        writer.error("lost")
        os.dup2(room, stream.fileno())
        writer.error("written")
        os.close(room)
        os.close(full)
    assert len(lost) == 1
    assert (tmp_path / "log").read_text().endswith("written\n")


@UNWRITABLE
async def test_requests_are_answered_when_the_log_is_unwritable(running: Running, make: Callable[[], TextIO]) -> None:
    stream = make()
    log = make_logger(Logging(), now=running.clock.now, stream=stream, lost=running.parts.metrics.log_line_lost)
    async with TestClient(TestServer(make_app(replace(running.parts, log=log)))) as client:
        wrong = await client.post("/auth", json={"accountNumber": ACCOUNT, "code": "999999"})
        running.engine.fail = RuntimeError("a bug")
        failed = await client.post("/chat", json={"message": "hi"}, headers=await running.login())
    assert (wrong.status, failed.status) == (401, 500)
    with contextlib.suppress(OSError):
        stream.close()


async def test_bot_metrics_count_lost_log_lines(
    small_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(url=f"sqlite:///{tmp_path}/teller.db")
    project = load_project(small_project, override=lambda settings: replace(settings, store=store))
    stream = full_disk()
    monkeypatch.setattr(sys, "stderr", stream)
    async with open_bot(project) as bot:
        bot.log.error("one")
        assert b"bot_log_lines_lost_total 1.0" in bot.metrics.text()
    with contextlib.suppress(OSError):
        stream.close()


async def test_conversation_log_contains_no_customer_data(running: Running) -> None:
    running.engine.replies = (Reply(text="the secret balance"),)
    customer = await running.login()
    await running.client.post("/auth", json={"accountNumber": ACCOUNT, "code": "999999"})
    await running.client.post("/chat", json={"message": "a private question"}, headers=customer)
    running.engine.fail = RuntimeError(f"about {ACCOUNT}")
    failed = await running.client.post("/chat", json={"message": "again"}, headers=customer)
    assert failed.status == 500
    log = running.log.getvalue()
    token = customer["Authorization"].removeprefix("Bearer ")
    for secret in (ACCOUNT, CODE, "999999", token, "private question", "secret balance"):
        assert secret not in log
    events = [json.loads(line) for line in log.splitlines()]
    assert {"login", "request_failed"} <= {event["event"] for event in events}
    failure = next(event for event in events if event["event"] == "request_failed")
    assert failure["correlation_id"] == failed.headers["X-Correlation-ID"]


async def test_refused_request_is_logged_with_its_problem(running: Running) -> None:
    running.engine.fail = StoreUnavailable("away")
    await running.client.post("/chat", json={"message": "hi"}, headers=await running.login())
    (line,) = (line for line in lines(running.log) if line["event"] == "request_refused")
    assert (line["route"], line["problem"]) == ("/chat", "unavailable")


@pytest.mark.parametrize("away", ["hasher", "store"])
async def test_login_that_could_not_be_checked_is_logged(running: Running, away: str) -> None:
    if away == "hasher":
        running.auth.hasher._free = 0
    else:
        await running.parts.database.close()  # type: ignore[attr-defined]
    answer = await running.client.post("/auth", json={"accountNumber": ACCOUNT, "code": CODE})
    assert answer.status == 503
    (line,) = (line for line in lines(running.log) if line["event"] == "login")
    outcome = Busy.__name__ if away == "hasher" else StoreUnavailable.__name__
    assert (line["outcome"], line["account"], line["address"]) == (outcome, "****56", "127.0.0.1")


async def test_throttling_of_all_logins_is_an_error_and_a_metric(running: Running, settings: Settings) -> None:
    limited, sources = replace(settings, login=Login(attempts_in_all=1)), running.parts.sources
    database: Any = running.parts.database
    auth = await open_auth(database, limited, sources, outcome=running.parts.metrics.login)
    async with TestClient(TestServer(make_app(replace(running.parts, auth=auth)))) as client:
        for _ in range(2):
            answer = await client.post("/auth", json={"accountNumber": ACCOUNT, "code": "999999"})
    auth.close()
    assert answer.status == 429
    told = [(line["level"], line["outcome"]) for line in lines(running.log) if line["event"] == "login"]
    assert told == [("warning", "LoginRefused"), ("error", "LoginsThrottled")]
    assert b'bot_logins_total{outcome="all_throttled"} 1.0' in running.parts.metrics.text()


async def test_valid_correlation_id_is_kept_and_an_invalid_one_replaced(running: Running) -> None:
    for given, kept in (("abc-1.2_X", True), ("a b", False), ("x" * 65, False), ("é", False)):
        answer = await running.client.get("/health", headers={"X-Correlation-ID": given})
        assert (answer.headers["X-Correlation-ID"] == given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("00123456", False),
        ("payment-00123456.a", False),
        ("1234-5678-9012-3456", False),
        ("tk_" + "Ab3-" * 5, False),
        ("Ab3-" * 11, False),
        ("00000000-0000-0000-0000-000012345678", False),
        ("order-12345", True),
        ("0af7651916cd43dd8448eb211c80319c", True),
        ("req-c1234567-89ab-4def-8123-456789abcdef", True),
        ("c1234567-89ab-4def-8123-456789abcdef-00123456", False),
    ],
)
async def test_correlation_id_with_an_account_number_or_a_token_is_replaced(
    running: Running, given: str, kept: bool
) -> None:
    headers = {"X-Correlation-ID": given, "Authorization": "Bearer wrong"}
    answer = await running.client.get("/status", headers=headers)
    used = answer.headers["X-Correlation-ID"]
    assert (used == given) == kept
    assert [line["correlation_id"] for line in lines(running.log)][-1] == used
    assert (given in running.log.getvalue()) == kept
