"""The background loops are woken by a turn that leaves work for them, and by no other."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.actions.turn import Turn
from bot.config import Settings
from bot.dialogue.events import ReminderScheduled
from bot.engine.engine import Engine
from bot.engine.protocols import Outgoing
from bot.engine.record import TurnRecord
from bot.messages import UserMessage
from bot.sources import Sources
from tests.engine.conftest import MakeBench


def addressed(message: UserMessage, record: TurnRecord) -> tuple[Outgoing, ...]:
    """Each reply goes to whoever sent the message."""
    replies = enumerate(record.replies)
    return tuple(Outgoing(f"{record.seq}.{n}", "pigeon", message.sender, b"") for n, _ in replies)


async def remind(turn: Turn) -> None:
    turn.emit(ReminderScheduled("add", (turn.now + timedelta(hours=1)).isoformat(), "nudge"))


async def silent(turn: Turn) -> None:
    """Leaves nothing to do."""


@pytest.mark.parametrize(
    ("text", "channel", "outgoing", "reminders"),
    [
        ("add", "pigeon", True, False),
        ("add", "rest", False, False),
        ("silent", "pigeon", False, False),
        ("remind", "pigeon", False, True),
    ],
)
async def test_turn_wakes_only_the_loops_it_leaves_work_for(
    make_bench: MakeBench, text: str, channel: str, outgoing: bool, reminders: bool
) -> None:
    async with make_bench(actions={"action_remind": remind, "action_silent": silent}) as bench:
        now = Sources(now=lambda: bench.clock.now)
        engine = Engine(
            bench.engine.agent, bench.store, bench.engine.effects, Settings(), now, addressing={"pigeon": addressed}
        )
        async with asyncio.timeout(10):
            await engine.handle(bench.message(await bench.conversation(), text, channel=channel, sender="bob"))
        assert (engine.outbox_changed.is_set(), engine.reminders_changed.is_set()) == (outgoing, reminders)
        assert [due.outgoing.target for due in await bench.store.due_outgoing()] == ["bob"] * outgoing
