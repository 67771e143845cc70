from __future__ import annotations

import asyncio
import json
import math
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from bot.app.watching import Watcher
from bot.config import Logging
from bot.errors import CallFailed
from bot.http import ResponseSchema
from bot.http.retry import Retryable, waits
from bot.logs import make_logger
from bot.server.metrics import Metrics
from bot.sources import Chance, Sources, granted, granted_until
from tests.http.kit import NOW, Chunks, Clock, Script, client, forever, ok, status

REFUSED, BROKEN = httpx.ConnectError("no"), httpx.ReadError("broke")
SECRET = "tok-5f3a9-secret"


async def failure(script: Script, method: str = "GET", **options: Any) -> CallFailed:
    call = {key: options.pop(key) for key in ("idempotent", "effect", "schema", "json") if key in options}
    with pytest.raises(CallFailed) as raised:
        await client(script, **options).call(method, "/accounts/12345678", name="accounts", **call)
    return raised.value


async def test_call_sends_the_request_and_returns_the_parsed_answer() -> None:
    script = Script([ok(b'{"a": [1]}')])
    answer = await client(script).call(
        "POST", "/x", name="x", params={"q": "1 2"}, json={"b": 2}, headers={"X-A": "b"}, correlation_id="c-1"
    )
    assert (answer.status, answer.data) == (200, {"a": [1]})
    sent = script.requests[0]
    assert (str(sent.url), sent.content) == ("http://bank.test/x?q=1+2", b'{"b":2}')
    assert sent.headers["x-correlation-id"] == "c-1"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["host"] == "bank.test"


async def test_form_is_url_encoded() -> None:
    script = Script([ok()])
    await client(script).call("POST", "/x", name="x", form={"a": "1&2"})
    assert script.requests[0].content == b"a=1%262"


@pytest.mark.parametrize(
    "step", [REFUSED, BROKEN, status(500), status(503), status(429), httpx.RemoteProtocolError("x")]
)
async def test_idempotent_call_is_retried(step: Any) -> None:
    script = Script([step, step, ok(b"1")])
    assert (await client(script).call("GET", "/x", name="x")).data == 1
    assert len(script.requests) == 3


@pytest.mark.parametrize("step", [BROKEN, status(500), status(503), status(429)])
async def test_post_is_not_retried(step: Any) -> None:
    script = Script([step, ok()])
    await failure(script, "POST")
    assert len(script.requests) == 1


async def test_unsent_request_is_retried_even_if_it_is_a_post() -> None:
    script = Script([REFUSED, ok(b"1")])
    assert (await client(script).call("POST", "/x", name="x")).data == 1


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 422])
async def test_rejected_call_is_not_retried(code: int) -> None:
    script = Script([status(code), ok()])
    failed = await failure(script)
    assert (failed.kind, failed.status, failed.may_have_happened) == ("rejected", code, False)
    assert len(script.requests) == 1


async def test_accepted_error_status_is_returned_as_an_answer() -> None:
    answer = await client(Script([(400, b'{"why": 1}', {"Content-Type": "application/json"})])).call(
        "POST", "/x", name="x", accept=frozenset({400})
    )
    assert (answer.status, answer.data) == (400, {"why": 1})


async def test_failing_call_is_tried_as_often_as_the_limit_allows() -> None:
    script = Script([status(500)])
    assert (await failure(script, limits={"tries": 4})).kind == "unavailable"
    assert len(script.requests) == 4


@pytest.mark.parametrize(
    ("steps", "method", "options", "kind", "may_have_happened"),
    [
        ([REFUSED], "POST", {}, "unavailable", False),
        ([BROKEN], "POST", {}, "unknown_outcome", True),
        ([status(500)], "POST", {}, "unknown_outcome", True),
        ([status(429)], "POST", {}, "unavailable", False),
        ([status(400)], "POST", {}, "rejected", False),
        ([ok(b"{")], "POST", {}, "unknown_outcome", True),
        ([ok(b"{")], "GET", {}, "invalid", False),
        ([ok(b"{")], "POST", {"effect": False}, "invalid", False),
        ([BROKEN, status(400)], "POST", {"idempotent": True}, "unknown_outcome", True),
        ([BROKEN, status(429)], "POST", {"idempotent": True}, "unknown_outcome", True),
        ([BROKEN, REFUSED], "POST", {"idempotent": True}, "unknown_outcome", True),
        ([REFUSED, status(400)], "POST", {"idempotent": True}, "rejected", False),
        ([BROKEN], "GET", {}, "unavailable", False),
        ([httpx.ReadTimeout("slow")], "GET", {}, "timeout", False),
    ],
)
async def test_failure_says_whether_the_call_may_have_had_its_effect(
    steps: list[Any], method: str, options: dict[str, Any], kind: str, may_have_happened: bool
) -> None:
    failed = await failure(Script(steps), method, **options)
    assert (failed.kind, failed.may_have_happened) == (kind, may_have_happened)


async def test_one_deadline_covers_all_tries() -> None:
    script = Script([forever])
    failed = await failure(script, limits={"deadline_seconds": 0.05, "try_seconds": 0.02, "tries": 1000})
    assert (failed.kind, failed.may_have_happened) == ("timeout", False)
    assert len(script.requests) >= 2


async def test_slowly_dripping_body_is_cut_off_at_the_deadline() -> None:
    async def drip() -> httpx.Response:
        pieces = Chunks([b" "] * 10_000, lambda: asyncio.sleep(0.001))
        return httpx.Response(200, headers={"Content-Type": "application/json"}, stream=pieces)

    failed = await failure(Script([drip]), limits={"deadline_seconds": 0.05, "tries": 1})
    assert failed.kind == "timeout"


async def test_reading_stops_when_a_body_exceeds_the_cap() -> None:
    pieces = Chunks([b"x" * 600, b"x" * 600, AssertionError("read on")])  # type: ignore[list-item]

    async def endless() -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": "application/json"}, stream=pieces)

    assert (await failure(Script([endless]), limits={"max_bytes": 1_000})).kind == "too_large"
    assert pieces.closed


async def test_body_announced_as_over_the_cap_is_rejected() -> None:
    script = Script([ok(b"1", **{"Content-Length": "1001"})])
    assert (await failure(script, limits={"max_bytes": 1_000})).kind == "too_large"


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (ok(b"{}", "text/html"), "not declared to be JSON"),
        ((200, b"{}", {}), "not declared to be JSON"),
        (ok(b'{"a": '), "not JSON"),
        (ok(b"\xff"), "not JSON"),
        (ok(b"NaN"), "not JSON"),
        (ok(b"[" * 40 + b"]" * 40), "deeper than 32"),
        (ok(b"[" * 100_000 + b"]" * 100_000), "not JSON"),
        (ok(b"{}", **{"Content-Encoding": "gzip"}), "compressed"),
        (status(302, Location="http://elsewhere.test/"), "redirects"),
    ],
)
async def test_unusable_answer_is_an_invalid_failure(step: Any, why: str) -> None:
    failed = await failure(Script([step]))
    assert failed.kind == "invalid"
    assert why in str(failed)


@pytest.mark.parametrize("size", [1, 30_000])
async def test_schema_failure_names_the_broken_rule_without_quoting_the_answer(size: int) -> None:
    schema = ResponseSchema({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})
    failed = await failure(Script([ok(json.dumps({"a": SECRET * size}).encode())]), schema=schema)
    assert failed.kind == "invalid"
    assert "properties/a/type" in str(failed)
    assert SECRET not in repr(vars(failed)) + str(failed)


@pytest.mark.parametrize(
    ("body", "good"),
    [(b"{}", True), (b'{"a": "x"}', True), (b'{"a": 1}', False), (b'{"b": null}', False), (b"[]", True)],
)
async def test_strings_keyword_requires_the_listed_properties_to_be_strings(body: bytes, good: bool) -> None:
    schema = ResponseSchema({"strings": ["a", "b"]})
    if good:
        await client(Script([ok(body)])).call("GET", "/x", name="x", schema=schema)
    else:
        assert "strings" in str(await failure(Script([ok(body)]), schema=schema))


async def test_failure_quotes_neither_the_request_nor_the_answer() -> None:
    script = Script([(418, SECRET.encode(), {"X-Token": SECRET})])
    with pytest.raises(CallFailed) as raised:
        await client(script).call("GET", f"/{SECRET}", name="x", headers={"Authorization": SECRET})
    chain = [raised.value, raised.value.__cause__, raised.value.__context__ if raised.value.__cause__ else None]
    assert SECRET not in "".join(f"{error!r}{vars(error)}" for error in chain if error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("9" * 400, 3600.0),
        ("-1", None),
        ("soon", None),
        ("Tue, 03 Nov 99999 12:00:00 GMT", None),
        ("Tue, 03 Nov 99999999999999999999 12:00:00 GMT", None),
        ("²", None),
    ],
)
async def test_retry_after_is_parsed_into_seconds(header: str, seconds: float | None) -> None:
    failed = await failure(Script([(503, b"", {"Retry-After": header.encode()})]), "POST")
    assert failed.retry_after == seconds


async def test_call_is_retried_when_retry_after_fits_the_deadline() -> None:
    script = Script([status(429, **{"Retry-After": "0"}), ok(b"1")])
    assert (await client(script).call("GET", "/x", name="x")).data == 1


async def test_retry_after_beyond_the_deadline_ends_the_call_at_once() -> None:
    script = Script([status(503, **{"Retry-After": "60"}), ok()])
    failed = await failure(script)
    assert (failed.kind, failed.retry_after) == ("unavailable", 60.0)
    assert len(script.requests) == 1


def test_pauses_have_full_jitter_unless_retry_after_is_given() -> None:
    unasked = Retryable(CallFailed("unavailable", service="x", call="x", reason="x"))
    asked = Retryable(CallFailed("unavailable", service="x", call="x", reason="x", retry_after=0.7))
    pauses = waits(Chance(1), 0.1, 0.3)
    next(pauses)
    chance = Chance(1)
    drawn = [bound * chance.share() for bound in (0.1, 0.2, 0.3, 0.3)]
    assert [pauses.send(unasked) for _ in range(4)] == drawn
    assert pauses.send(asked) == 0.7


async def test_breaker_opens_probes_and_closes() -> None:
    clock = Clock()
    script = Script([BROKEN, BROKEN, BROKEN, ok(b"1")])
    http = client(script, clock=clock, limits={"breaker_failures": 2, "breaker_seconds": 5.0, "tries": 1})
    for _ in range(2):
        with pytest.raises(CallFailed):
            await http.call("GET", "/x", name="x")
    with pytest.raises(CallFailed) as refused:
        await http.call("GET", "/x", name="x")
    assert (refused.value.kind, refused.value.may_have_happened, refused.value.retry_after) == ("refused", False, 5.0)
    assert len(script.requests) == 2
    clock.seconds = 5.0
    with pytest.raises(CallFailed):  # the probe fails: open again
        await http.call("GET", "/x", name="x")
    with pytest.raises(CallFailed):
        await http.call("GET", "/x", name="x")
    assert len(script.requests) == 3
    clock.seconds = 10.0
    assert (await http.call("GET", "/x", name="x")).data == 1
    assert (await http.call("GET", "/x", name="x")).data == 1


async def test_breaker_allows_one_probe_and_another_after_it_is_cancelled() -> None:
    clock = Clock()
    script = Script([BROKEN, forever, ok(b"1")])
    http = client(script, clock=clock, limits={"breaker_failures": 1, "breaker_seconds": 5.0, "tries": 1})
    with pytest.raises(CallFailed):
        await http.call("GET", "/x", name="x")
    clock.seconds = 5.0
    probe = asyncio.create_task(http.call("GET", "/x", name="x"))
    while len(script.requests) < 2:
        await asyncio.sleep(0)
    with pytest.raises(CallFailed) as refused:
        await http.call("GET", "/x", name="x")
    assert refused.value.kind == "refused"
    probe.cancel()
    await asyncio.wait([probe])
    assert (await http.call("GET", "/x", name="x")).data == 1


async def test_cancelling_a_call_from_before_the_break_allows_no_second_probe() -> None:
    clock = Clock()
    script = Script([forever, BROKEN, forever])
    http = client(script, clock=clock, limits={"breaker_failures": 1, "breaker_seconds": 5.0, "tries": 1})
    earlier = asyncio.create_task(http.call("GET", "/x", name="x"))
    while not script.requests:
        await asyncio.sleep(0)
    with pytest.raises(CallFailed):
        await http.call("GET", "/x", name="x")
    clock.seconds = 5.0
    probe = asyncio.create_task(http.call("GET", "/x", name="x"))
    while len(script.requests) < 3:
        await asyncio.sleep(0)
    earlier.cancel()
    await asyncio.wait([earlier])
    with pytest.raises(CallFailed) as refused:
        await http.call("GET", "/x", name="x")
    assert refused.value.kind == "refused"
    probe.cancel()
    await asyncio.wait([probe])


async def test_calls_that_reach_their_deadline_open_the_breaker() -> None:
    script = Script([forever])
    limits = {"deadline_seconds": 0.01, "try_seconds": 60.0, "breaker_failures": 2}
    http = client(script, limits=limits)
    outcomes = []
    for _ in range(3):
        with pytest.raises(CallFailed) as failed:
            await http.call("GET", "/x", name="x")
        outcomes.append(failed.value.kind)
    assert outcomes == ["timeout", "timeout", "refused"]


@pytest.mark.parametrize("code", [400, 404, 429])
async def test_client_error_statuses_do_not_open_the_breaker(code: int) -> None:
    http = client(Script([status(code)]), limits={"breaker_failures": 1, "tries": 1})
    for _ in range(3):
        with pytest.raises(CallFailed) as failed:
            await http.call("GET", "/x", name="x")
        assert failed.value.status == code


async def test_call_fails_at_once_when_too_many_are_waiting() -> None:
    script = Script([forever])
    http = client(script, limits={"connections": 2, "waiting": 1})
    tasks = [asyncio.create_task(http.call("GET", "/x", name="x")) for _ in range(3)]
    while len(script.requests) < 2:
        await asyncio.sleep(0)
    with pytest.raises(CallFailed) as refused:
        await http.call("POST", "/x", name="x")
    assert (refused.value.kind, refused.value.may_have_happened) == ("refused", False)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    script.steps = [ok(b"1")]
    assert (await http.call("GET", "/x", name="x")).data == 1


async def test_on_call_is_called_after_every_call() -> None:
    seen: list[tuple[str, str, str, int, int | None]] = []

    def see(
        service: str, outcome: str, seconds: float, tries: int, *, call: str, status: int | None, reason: str
    ) -> None:
        seen.append((service, call, outcome, tries, status))

    script = Script([BROKEN, ok(), status(404), forever])
    http = client(script, on_call=see)
    await http.call("GET", "/x", name="first")
    with pytest.raises(CallFailed):
        await http.call("GET", "/x", name="second")
    hanging = asyncio.create_task(http.call("GET", "/x", name="third"))
    while len(script.requests) < 4:
        await asyncio.sleep(0)
    hanging.cancel()
    await asyncio.wait([hanging])
    assert seen == [
        ("bank", "first", "ok", 2, None),
        ("bank", "second", "rejected", 1, 404),
        ("bank", "third", "cancelled", 1, None),
    ]


async def test_call_metrics_are_labelled_by_service_not_by_call() -> None:
    metrics = Metrics()
    watcher = Watcher(metrics, make_logger(Logging(level="error"), now=Sources().now), message_text=False)
    await client(Script([ok()]), on_call=watcher.call).call("GET", "/x", name="loans")
    assert 'service="bank"' in metrics.text().decode()
    assert "loans" not in metrics.text().decode()


async def test_call_fails_shortly_before_its_action_runs_out_of_time() -> None:
    now = asyncio.get_running_loop().time
    http, told = client(Script([forever]), limits={"breaker_failures": 1}), []
    for method in ("GET", "POST"):
        with granted(now() + 1.0):
            with pytest.raises(CallFailed) as raised:
                await http.call(method, "/x", name="x")
            assert now() < granted_until()
        told.append((raised.value.kind, raised.value.reason))
    cut_short = "no answer in what was left of the action's time (`limits.action_seconds`)"
    assert told == [("timeout", cut_short), ("unknown_outcome", cut_short)], "and the service is not blamed for it"
    assert granted_until() == math.inf


async def test_background_task_may_call_after_its_action_has_ended() -> None:
    done = asyncio.Event()

    async def later() -> Any:
        await done.wait()
        return (await client(Script([ok(b"1")])).call("GET", "/x", name="x")).data

    with granted(asyncio.get_running_loop().time()):
        task = asyncio.create_task(later())
        await asyncio.sleep(0)
    done.set()
    assert await task == 1


async def test_post_that_reaches_the_deadline_has_an_unknown_outcome() -> None:
    failed = await failure(Script([forever]), "POST", limits={"deadline_seconds": 0.02})
    assert failed.kind == "unknown_outcome"
