"""Readiness is checked in the background and answered from memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from bot.server.app import make_app
from bot.server.metrics import Metrics
from bot.server.readiness import Check, Readiness

from .conftest import Running


async def fine() -> None:
    return None


async def broken() -> None:
    raise ConnectionError


async def hanging() -> None:
    await asyncio.Event().wait()


async def awaiting_a_cancelled_task() -> None:
    part = asyncio.create_task(hanging())
    part.cancel()
    await part


async def cancelling_its_own_task() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await hanging()


async def exiting() -> None:
    raise SystemExit(3)


async def exiting_in_a_group() -> None:
    raise BaseExceptionGroup("both", [SystemExit(3), ConnectionError()])


@pytest.mark.parametrize(
    ("store", "bank", "state"),
    [
        (fine, fine, "ready"),
        (fine, broken, "degraded"),
        (fine, hanging, "degraded"),
        (broken, fine, "unavailable"),
        (hanging, broken, "unavailable"),
    ],
)
async def test_state_depends_on_which_checks_fail(store: Check, bank: Check, state: str) -> None:
    readiness = Readiness({"store": store}, {"bank": bank}, timeout_seconds=0.05)
    assert readiness.state == "starting"
    await readiness.check()
    assert readiness.state == state


@pytest.mark.parametrize(
    ("bank", "told"),
    [
        (broken, ConnectionError),
        (hanging, TimeoutError),
        (awaiting_a_cancelled_task, asyncio.CancelledError),
        (cancelling_its_own_task, asyncio.CancelledError),
        (exiting, SystemExit),
        (exiting_in_a_group, BaseExceptionGroup),
    ],
)
async def test_failing_check_is_reported_once_and_run_again(bank: Check, told: type[BaseException]) -> None:
    heard: list[tuple[str, type[BaseException]]] = []
    readiness = Readiness(
        {"store": fine},
        {"bank": bank},
        timeout_seconds=0.05,
        tell=lambda name, error: heard.append((name, type(error))),
    )
    for _ in range(2):
        await readiness.check()
        assert readiness.results == {"store": True, "bank": False}
    assert heard == [("bank", told)]
    readiness.others["bank"] = fine
    await readiness.check()
    assert readiness.state == "ready"


async def test_check_needed_does_not_wait_for_other_checks() -> None:
    readiness = Readiness({"store": fine}, {"bank": hanging}, timeout_seconds=60)
    await readiness.check_needed()
    assert (readiness.state, readiness.results) == ("ready", {"store": True})
    readiness.needed["store"] = broken
    await readiness.check_needed()
    assert readiness.state == "unavailable"


@asynccontextmanager
async def checking(readiness: Readiness) -> AsyncIterator[None]:
    """Checks in the background, after a first check."""
    await readiness.check_needed()
    running = asyncio.create_task(readiness.run())
    try:
        async with asyncio.timeout(20):
            yield
    finally:
        running.cancel()
        await asyncio.wait([running])


async def becomes(readiness: Readiness, state: str) -> None:
    while readiness.state != state:
        await asyncio.sleep(0)


async def test_check_asked_for_by_a_thread_runs_at_once_and_again_until_it_works() -> None:
    checked = asyncio.Semaphore(0)
    works = True

    async def store() -> None:
        checked.release()
        if not works:
            raise ConnectionError

    readiness = Readiness(
        {"store": store}, {"bank": hanging}, first_seconds=0, every_seconds=3_600, soon_seconds=0, timeout_seconds=3_600
    )
    async with checking(readiness):
        for _ in range(2):  # the first and that of `run`
            await checked.acquire()
        works = False
        await asyncio.to_thread(readiness.check_soon)
        await becomes(readiness, "unavailable")
        works = True
        await becomes(readiness, "ready")


async def test_failure_counts_even_if_reporting_it_fails() -> None:
    def cannot(name: str, error: BaseException) -> None:
        raise OSError(28, "No space left on device")

    readiness = Readiness({"store": fine}, tell=cannot)
    await readiness.check()
    readiness.needed["store"] = broken
    await readiness.check()
    assert readiness.state == "unavailable"


async def test_older_run_does_not_overwrite_newer_results() -> None:
    began, gate = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        began.set()
        await gate.wait()

    readiness = Readiness({"store": slow}, timeout_seconds=60)
    earlier = asyncio.create_task(readiness.check())
    await began.wait()
    readiness.needed["store"] = broken
    later = asyncio.create_task(readiness.check())
    await asyncio.wait([later], timeout=0.05)
    gate.set()
    await asyncio.gather(earlier, later)
    assert readiness.state == "unavailable"


async def test_failing_bank_is_degraded_with_status_200(running: Running) -> None:
    running.parts.readiness.others["bank"] = broken
    await running.parts.readiness.check()
    answer = await running.client.get("/health/ready")
    assert (answer.status, await answer.json()) == (
        200,
        {"status": "degraded", "checks": {"store": "ok", "bank": "failing"}},
    )


async def test_failing_store_is_unavailable_with_status_503(running: Running) -> None:
    running.parts.readiness.needed["store"] = broken
    await running.parts.readiness.check()
    answer = await running.client.get("/health/ready")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert (await running.client.get("/health")).status == 200


async def test_readiness_request_runs_no_check(running: Running) -> None:
    asked = 0

    async def count() -> None:
        nonlocal asked
        asked += 1

    running.parts.readiness.others["bank"] = count
    for _ in range(20):
        await running.client.get("/health/ready")
    assert asked == 0


async def test_metrics_count_logins_sessions_and_requests_by_pattern(running: Running) -> None:
    await running.login()
    await running.client.post("/auth", json={"accountNumber": "1", "code": "1"})
    operator = await running.key("operator")
    for path in ("/nowhere", "/nowhere/else", "/auth/sessions/x"):
        await running.client.delete(path, headers=operator)
    text = await (await running.client.get("/metrics", headers=operator)).text()
    assert 'bot_logins_total{outcome="ok"} 1.0' in text
    assert 'bot_logins_total{outcome="refused"} 1.0' in text
    assert "bot_active_sessions 1.0" in text
    assert 'method="DELETE",route="/auth/sessions/{id}",status="404"' in text
    assert 'method="DELETE",route="none",status="404"' in text
    assert "nowhere" not in text


async def test_each_bot_has_its_own_metrics(running: Running) -> None:
    other = replace(running.parts, metrics=type(running.parts.metrics)())
    await running.login()
    assert b'bot_logins_total{outcome="ok"} 1.0' in running.parts.metrics.text()
    assert b'bot_logins_total{outcome="ok"} 0.0' in other.metrics.text()


def test_unknown_channel_names_are_counted_as_other() -> None:
    metrics = Metrics()
    metrics.know_channels(["pager"])
    for channel in ("rest", "pager", *(f"channel-{n}" for n in range(100))):
        metrics.turn(channel, 0.1)
    told = metrics.text()
    counts = [line for line in told.splitlines() if line.startswith(b"bot_turn_seconds_count{")]
    counts = [line for line in counts if not line.endswith(b" 0.0")]
    assert sorted(counts) == [
        b'bot_turn_seconds_count{channel="other"} 100.0',
        b'bot_turn_seconds_count{channel="pager"} 1.0',
        b'bot_turn_seconds_count{channel="rest"} 1.0',
    ]
    assert metrics.turns == 102


async def test_turns_of_a_plugin_channel_are_counted_under_its_name(running: Running) -> None:
    metrics = Metrics()
    make_app(replace(running.parts, channels={"pager": object()}, metrics=metrics))
    metrics.turn("pager", 0.1)
    assert b'bot_turn_seconds_count{channel="pager"} 1.0' in metrics.text()


async def test_recovered_check_is_reported_with_its_downtime_and_notes_are_shown() -> None:
    told: list[Any] = []
    readiness = Readiness(
        {"store": fine},
        {"bank": broken},
        tell_back=lambda *said: told.append(said),
        tell_note=lambda *said: told.append(said),
    )
    await readiness.check()
    assert readiness.shown() == {"store": "ok", "bank": "failing"}

    async def simulated() -> str:
        return "simulated"

    readiness.others["bank"] = simulated
    for _ in range(2):
        await readiness.check()
    assert (readiness.state, readiness.shown()) == ("ready", {"store": "ok", "bank": "simulated"})
    assert [name for name, *_ in told] == ["bank", "bank"]
    assert told[0] == ("bank", "simulated")
    assert 0 <= told[1][1] < 60
