"""Replies of background turns (a reminder, a late outcome) are worded for the channel that the user is on."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from bot.actions.turn import Action, Turn
from bot.content import Content, Domain, Variation
from bot.dialogue.events import ReminderScheduled
from bot.engine.background import Background
from bot.engine.record import Answer
from bot.messages import Principal
from bot.sources import Sources
from tests.engine.conftest import MakeBench
from tests.engine.test_effects import ACTIONS, Till

VARIATIONS = {
    "utter_nudge": (Variation(text="Time!"), Variation(text="Coo, time!", channel="pigeon")),
    "utter_coo": (Variation(text="Coo.", channel="pigeon"),),
    "utter_action_failed": (Variation(text="Sorry."), Variation(text="Coo, sorry.", channel="pigeon")),
}


async def remind(turn: Turn) -> None:
    turn.emit(ReminderScheduled("nudge", turn.now.isoformat(), "nudge", kill_on_user_message=False))


async def nudge(turn: Turn) -> None:
    assert (turn.message.channel, turn.customer) == ("background", None)
    turn.say("utter_nudge")
    turn.say("utter_coo")
    turn.say_text(turn.channel)


async def fail(turn: Turn) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("action", "channel", "said"),
    [
        (nudge, "pigeon", ["Coo, time!", "Coo.", "pigeon"]),
        (nudge, "rest", ["Time!", "rest"]),
        (fail, "pigeon", ["Coo, sorry."]),
    ],
)
@pytest.mark.parametrize("is_late_outcome", [False, True])
async def test_background_replies_are_worded_for_the_last_used_channel(
    make_bench: MakeBench, action: Action, channel: str, said: list[str], is_late_outcome: bool
) -> None:
    till = Till()
    till.fails = "unknown, done"
    actions = {**ACTIONS, "action_remind": remind, "action_nudge": action, "action_settled": action}
    async with make_bench(actions=actions, effects={"transfer": till}) as bench:
        content = Content(Domain(responses=VARIATIONS))
        bench.engine.agent = replace(bench.engine.agent, content=content)
        conversation, later = await bench.conversation(), Background(bench.engine, Sources(now=lambda: bench.clock.now))
        for text in ("ask", "yes") if is_late_outcome else ("remind",):
            await bench.say(conversation, text, channel=channel)
        till.fails = ""
        assert await (later.settle_effects() if is_late_outcome else later.fire_reminders()) == 1
        assert [reply.text for reply in bench.records[-1].replies] == said
        assert bench.records[-1].message.channel == "background"


@pytest.mark.parametrize(
    ("principal", "seen"), [(Principal("key", "key:a"), "+4477"), (Principal("customer", "customer:a", login="l"), "")]
)
async def test_background_action_sees_the_sender_of_a_key_but_not_of_a_customer(
    make_bench: MakeBench, principal: Principal, seen: str
) -> None:
    async def whose(turn: Turn) -> None:
        turn.say_text(f"to {turn.message.sender}")

    async with make_bench(actions={**ACTIONS, "action_remind": remind, "action_nudge": whose}) as bench:
        conversation, later = await bench.conversation(), Background(bench.engine, Sources(now=lambda: bench.clock.now))
        await bench.say(conversation, "remind", sender="+4477", principal=principal)
        assert await later.fire_reminders() == 1
        assert [reply.text for reply in bench.records[-1].replies] == [f"to {seen}"]


@pytest.mark.parametrize("is_late_outcome", [False, True])
async def test_background_of_one_conversation_leaves_the_others_alone(
    make_bench: MakeBench, is_late_outcome: bool
) -> None:
    till = Till()
    till.fails = "unknown, done"
    actions = {**ACTIONS, "action_remind": remind, "action_nudge": say_here, "action_settled": say_here}
    async with make_bench(actions=actions, effects={"transfer": till}) as bench:
        conversation, other = await bench.conversation("ann"), await bench.conversation("bob")
        for talking in (conversation, other):
            for text in ("ask", "yes") if is_late_outcome else ("remind",):
                await bench.say(talking, text)
        till.fails = ""
        said: list[Answer] = []
        later = Background(bench.engine, Sources(now=lambda: bench.clock.now), only=conversation, say=said.append)
        poll = later.settle_effects if is_late_outcome else later.fire_reminders
        assert [await poll(), await poll()] == [1, 0]
        assert [(answer.conversation, answer.replies) for answer in said] == [(conversation, [{"text": "here"}])]


async def say_here(turn: Turn) -> None:
    turn.say_text("here")
