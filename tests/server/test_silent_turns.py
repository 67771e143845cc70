"""The history goes on where many turns in a row say nothing: slots that were set, reminders that were refused."""

from __future__ import annotations

from bot.dialogue.events import SlotSet
from bot.engine.outside import EventsWork
from bot.messages import Principal, UserMessage

from .conftest import Running

SYSTEM = Principal("key", "system")


async def test_the_history_goes_on_behind_and_before_turns_that_say_nothing(real: Running) -> None:
    customer = await real.login()
    first = await (await real.client.post("/chat", json={"message": "hello"}, headers=customer)).json()
    store = real.parts.engine.store
    conversation = first["conversationId"]
    for number in range(60):
        message = UserMessage("", conversation, f"silent-{number}", real.parts.sources.now(), SYSTEM, "background")
        await real.parts.engine.perform(EventsWork(message, [SlotSet("colour", str(number))]))
    last = await (await real.client.post("/chat", json={"message": "hello again"}, headers=customer)).json()
    assert last["turn"] == 62
    assert len(await store.turns(conversation, limit=100)) == 62

    polled = await (await real.client.get("/chat/history?after=1.1&limit=10", headers=customer)).json()
    assert [m["turn"] for m in polled["messages"]] == [62] * len(polled["messages"]) != []
    older = await (await real.client.get("/chat/history?before=62.0&limit=10", headers=customer)).json()
    assert {m["turn"] for m in older["messages"]} == {1}
    assert older["before"] is None
