"""A turn's objects are freed with it: a cycle would wait for the garbage collector, which blocks all turns."""

from __future__ import annotations

import gc
import weakref

from bot.actions.turn import Turn
from bot.sources import Chance
from tests.engine.conftest import MakeBench


async def test_turn_leaves_no_reference_cycle(make_bench: MakeBench) -> None:
    seen: list[weakref.ref[Chance]] = []  # each turn has its own

    async def speak(turn: Turn) -> None:
        seen.append(weakref.ref(turn.context.random))
        await turn.run("action_inner")
        turn.say_text("hello")

    async def inner(turn: Turn) -> None:
        seen.append(weakref.ref(turn.context.random))
        turn.say_text("unsaid")

    async with make_bench(actions={"action_speak": speak, "action_inner": inner}) as bench:
        conversation = await bench.conversation()
        gc.disable()
        try:
            assert await bench.say(conversation, "speak") == ["hello"]
            assert [reference() for reference in seen] == [None, None]
        finally:
            gc.enable()
