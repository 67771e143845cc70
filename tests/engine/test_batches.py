"""Messages of one conversation that came together: one after the other, with nothing between them."""

from __future__ import annotations

import asyncio

import pytest

from bot.actions.turn import Turn
from bot.config import Limits
from bot.errors import Busy, MessageIdReused, TurnTimedOut
from tests.engine.conftest import Gate, MakeBench, all_of


async def test_batch_is_answered_without_other_messages_in_between(make_bench: MakeBench) -> None:
    gate = Gate()
    async with make_bench(actions={"action_gate": gate}) as bench:
        conversation = await bench.conversation()
        batch = [bench.message(conversation, "gate"), *(bench.message(conversation) for _ in range(30))]
        later = [bench.message(conversation) for _ in range(3)]
        together = asyncio.create_task(bench.engine.handle_all(batch))
        await gate.reached.wait()
        others = [asyncio.create_task(bench.engine.handle(message)) for message in later]
        await asyncio.sleep(0)
        assert bench.engine.waiting == 4, "a batch has one place"
        gate.go.set()
        await asyncio.gather(together, *others)
        assert await bench.answered(conversation) == [message.message_id for message in [*batch, *later]]
        assert bench.engine.waiting == 0


async def test_waiting_batch_times_out_or_is_busy_like_a_single_message(make_bench: MakeBench) -> None:
    async def slow(turn: Turn) -> None:
        await asyncio.sleep(0.4)

    limits = Limits(waiting_per_conversation=2, turn_seconds=0.8)
    async with make_bench(actions={"action_slow": slow}, limits=limits) as bench:
        conversation = await bench.conversation()
        batch = [bench.message(conversation, "slow") for _ in range(3)]
        first = asyncio.create_task(bench.engine.handle_all(batch))
        await asyncio.sleep(0)
        outcomes = await all_of(
            bench.engine.handle_all([bench.message(conversation)]),
            bench.engine.handle_all([bench.message(conversation)]),
        )
        assert [type(outcome) for outcome in outcomes] == [TurnTimedOut, Busy]
        assert len(await first) == 3
        assert bench.engine.waiting == 0


async def test_each_message_of_a_batch_has_a_full_turns_time(make_bench: MakeBench) -> None:
    async def slow(turn: Turn) -> None:
        await asyncio.sleep(0.3)

    async with make_bench(actions={"action_slow": slow}, limits=Limits(turn_seconds=1.0)) as bench:
        conversation = await bench.conversation()
        answers = await bench.engine.handle_all([bench.message(conversation, "slow") for _ in range(4)])
        assert len(answers) == len(await bench.answered(conversation)) == 4


async def test_failed_message_of_a_batch_is_not_overtaken_by_later_ones(make_bench: MakeBench) -> None:
    gate = Gate()
    async with make_bench(actions={"action_gate": gate}, limits=Limits(turn_seconds=0.1)) as bench:
        conversation = await bench.conversation()
        batch = [bench.message(conversation), bench.message(conversation, "gate"), bench.message(conversation)]
        with pytest.raises(TurnTimedOut):
            await bench.engine.handle_all(batch)
        assert await bench.answered(conversation) == [batch[0].message_id]
        gate.go.set()
        await bench.engine.handle_all(batch)
        assert await bench.answered(conversation) == [message.message_id for message in batch]


async def test_reused_message_id_in_a_batch_is_returned_and_the_rest_answered(make_bench: MakeBench) -> None:
    async with make_bench() as bench:
        conversation = await bench.conversation()
        await bench.engine.handle(bench.message(conversation, message_id="m"))
        batch = [bench.message(conversation, "other", message_id="m"), bench.message(conversation)]
        refused, answered = await bench.engine.handle_all(batch)
        assert isinstance(refused, MessageIdReused)
        assert answered.replies == [{"text": "2"}]


async def test_finish_waits_for_a_batch_whose_caller_was_cancelled(make_bench: MakeBench) -> None:
    gate = Gate()
    async with make_bench(actions={"action_gate": gate}) as bench:
        conversation = await bench.conversation()
        batch = [bench.message(conversation, "gate"), bench.message(conversation)]
        together = asyncio.create_task(bench.engine.handle_all(batch))
        await gate.reached.wait()
        together.cancel()
        stopping = asyncio.create_task(bench.engine.finish(5.0))
        await asyncio.sleep(0)
        assert not stopping.done()
        gate.go.set()
        await stopping
        assert await bench.answered(conversation) == [message.message_id for message in batch]
