"""Logs: JSON lines with what helps, without what must not be there."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.config import Logging
from bot.errors import Busy, StoreUnavailable
from bot.logs import LineWriter, Log, correlation_id, make_logger, mask
from bot.messages import Reply

from .conftest import ACCOUNT, CODE, Running

TOKEN = "tk_" + "A1b2-_" * 7


def logger(**settings: Any) -> tuple[Log, io.StringIO]:
    stream = io.StringIO()
    return make_logger(Logging(**settings), now=lambda: datetime(2026, 11, 22, tzinfo=UTC), stream=stream), stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_level_time_and_correlation_id() -> None:
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


def test_secrets_and_account_numbers_are_masked_wherever_they_stand() -> None:
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
    "plain", ["", "2026-11-22T12:00:00", "0.123456", "10.0.0.255:50051", "e2638e4209e15fff", "£1,234"]
)
def test_times_numbers_and_ids_stay_readable(plain: str) -> None:
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
    ],
)
def test_account_numbers_are_masked_whatever_stands_around_them(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_the_names_of_values_are_masked_too() -> None:
    log, stream = logger()
    log.info("x", balances={"12345678": 5, "token": "t"})
    assert lines(stream)[0]["balances"] == {"****78": 5, "token": "[hidden]"}


def test_ids_of_our_own_are_logged_whole() -> None:
    log, stream = logger()
    ours = {"session": "e263812345678fff", "by": "key:123456789012", "conversation": "0123456789abcdef"}
    log.info("x", **ours)
    assert lines(stream)[0].items() >= ours.items()


def test_message_text_is_logged_only_when_switched_on_and_masked_even_then() -> None:
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


def test_an_exception_is_its_type_and_places_without_what_it_quotes() -> None:
    quoting = ValueError("invalid literal for int() with base 10: 'my card number is lost'")
    line = failed(quoting)
    assert line["error"] == "ValueError"
    assert line["where"][0].startswith("tests/server/test_logs.py:")
    assert "lost" in failed(quoting, message_text=True)["error"]
    masked = failed(ValueError("customer 12345678 with token " + TOKEN), message_text=True)
    assert masked["error"] == "ValueError: customer ****78 with token [hidden]"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StoreUnavailable("the disk of 12345678 is full"), "StoreUnavailable: the disk of ****78 is full"),
        (FileNotFoundError(2, "No such file or directory"), "FileNotFoundError: [Errno 2] No such file or directory"),
        (OSError("a client's own, about 'my lost card'"), "OSError"),
    ],
)
def test_our_own_exceptions_and_the_system_s_say_what_they_say(error: Exception, told: str) -> None:
    assert failed(error)["error"] == told


def test_no_value_floods_the_log() -> None:
    log, stream = logger()
    log.info("x", value="y" * 1_000_000)
    assert len(stream.getvalue()) < 3_000


def test_a_flood_of_warnings_is_cut_and_counted() -> None:
    stream, second = io.StringIO(), [0]
    log = make_logger(Logging(), now=lambda: datetime.fromtimestamp(second[0], UTC), stream=stream)
    for _ in range(1_000):
        log.warning("login")
    log.error("something_else")
    assert len(lines(stream)) == 101
    second[0] += 1
    log.warning("login")
    assert lines(stream)[-1]["dropped_before"] == 900


def test_what_is_below_the_level_is_not_written() -> None:
    log, stream = logger(level="warning")
    log.info("x")
    log.warning("y")
    assert [line["event"] for line in lines(stream)] == ["y"]


async def test_lines_are_gathered_on_a_loop_and_a_fault_brings_all_out_in_order() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream)
    writer.info("one")
    writer.info("two")
    assert stream.getvalue() == ""
    writer.error("three")
    assert stream.getvalue() == "one\ntwo\nthree\n"
    writer.info("four")
    while "four" not in stream.getvalue():
        await asyncio.sleep(0.01)


def test_lines_are_written_when_the_writer_goes() -> None:
    stream = io.StringIO()

    async def write() -> None:
        LineWriter(stream).info("last")

    asyncio.run(write())
    assert stream.getvalue() == "last\n"


async def test_nothing_of_a_customer_is_in_the_log_of_a_whole_conversation(running: Running) -> None:
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


async def test_why_a_request_was_refused_is_logged(running: Running) -> None:
    running.engine.fail = StoreUnavailable("away")
    await running.client.post("/chat", json={"message": "hi"}, headers=await running.login())
    (line,) = (line for line in lines(running.log) if line["event"] == "request_refused")
    assert (line["route"], line["problem"]) == ("/chat", "unavailable")


@pytest.mark.parametrize("away", ["hasher", "store"])
async def test_a_login_that_could_not_be_looked_at_is_logged_too(running: Running, away: str) -> None:
    if away == "hasher":
        running.auth.hasher._free = 0
    else:
        await running.parts.database.close()  # type: ignore[attr-defined]
    answer = await running.client.post("/auth", json={"accountNumber": ACCOUNT, "code": CODE})
    assert answer.status == 503
    (line,) = (line for line in lines(running.log) if line["event"] == "login")
    outcome = Busy.__name__ if away == "hasher" else StoreUnavailable.__name__
    assert (line["outcome"], line["account"], line["address"]) == (outcome, "****56", "127.0.0.1")


async def test_a_good_correlation_id_is_kept_and_a_bad_one_replaced(running: Running) -> None:
    for given, kept in (("abc-1.2_X", True), ("a b", False), ("x" * 65, False), ("é", False)):
        answer = await running.client.get("/health", headers={"X-Correlation-ID": given})
        assert (answer.headers["X-Correlation-ID"] == given) == kept
