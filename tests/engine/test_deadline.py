"""The time limit of actions: those that wait are cancelled, as by `asyncio.timeout`."""

from __future__ import annotations

import asyncio

import pytest

from bot.engine.deadline import within

FOR_EVER = 60.0


async def test_action_without_waits_is_done_at_once() -> None:
    done: list[str] = []

    async def action() -> None:
        done.append("done")

    await within(FOR_EVER, action())
    assert done == ["done"]


async def test_action_continues_with_the_awaited_result() -> None:
    gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    heard: list[str] = []

    async def action() -> None:
        heard.append(await gate)
        await asyncio.sleep(0)
        heard.append("and on")

    waiting = asyncio.create_task(within(FOR_EVER, action()))
    await asyncio.sleep(0)
    gate.set_result("open")
    await waiting
    assert heard == ["open", "and on"]


@pytest.mark.parametrize("steps_before", [0, 1, 3])
async def test_action_that_waits_too_long_is_cancelled_where_it_waits(steps_before: int) -> None:
    heard: list[type[BaseException]] = []

    async def action() -> None:
        for _ in range(steps_before):
            await asyncio.sleep(0)
        try:
            await asyncio.Event().wait()
        except BaseException as error:
            heard.append(type(error))
            await asyncio.sleep(0)  # tidying up may wait, too
            raise

    with pytest.raises(TimeoutError):
        await within(0.001, action())
    assert heard == [asyncio.CancelledError]


@pytest.mark.parametrize("waits", [False, True])
async def test_error_of_the_action_is_raised(waits: bool) -> None:
    async def action() -> None:
        if waits:
            await asyncio.sleep(0)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await within(FOR_EVER, action())


async def test_cancelled_turn_cancels_its_action() -> None:
    heard: list[type[BaseException]] = []

    async def action() -> None:
        try:
            await asyncio.Event().wait()
        except BaseException as error:
            heard.append(type(error))
            raise

    waiting = asyncio.create_task(within(FOR_EVER, action()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert heard == [asyncio.CancelledError]


async def test_action_may_have_its_own_timeout() -> None:
    heard: list[str] = []

    async def action() -> None:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        except TimeoutError:
            heard.append("its own")

    await within(FOR_EVER, action())
    assert heard == ["its own"]
