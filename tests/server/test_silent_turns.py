"""The history goes on past many turns in a row that say nothing (slots set, reminders refused)."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from bot.dialogue.events import SlotSet
from bot.engine.codec import read_record, record_to_json
from bot.engine.outside import EventsWork
from bot.messages import Principal, UserMessage

from .conftest import Running

SYSTEM = Principal("key", "system")


async def test_history_pages_skip_silent_turns(real: Running) -> None:
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


async def test_page_after_very_many_silent_turns_is_empty_but_has_a_cursor(real: Running) -> None:
    customer = await real.login()
    first = await (await real.client.post("/chat", json={"message": "hello"}, headers=customer)).json()
    conversation, turns = first["conversationId"], 2_150
    sql = """
        INSERT INTO turns (conversation, seq, at, record)
        WITH RECURSIVE n (seq) AS (VALUES (2) UNION ALL SELECT seq + 1 FROM n WHERE seq < :turns)
        SELECT :conversation, n.seq, t.at, :record
        FROM n JOIN turns t ON t.conversation = :conversation AND t.seq = 1"""
    [turn] = await real.parts.engine.store.turns(conversation)
    said = read_record(turn.record)
    record = record_to_json(replace(said, events=()))
    database: Any = real.parts.database
    await database.write(lambda c: c.run(sql, conversation=conversation, turns=turns, record=record))

    empty = await (await real.client.get("/chat/history?after=1.1&limit=10", headers=customer)).json()
    assert empty["messages"] == []
    assert int(empty["after"]) > 1_000
    end = await (await real.client.get(f"/chat/history?after={empty['after']}&limit=10", headers=customer)).json()
    assert (end["messages"], end["after"]) == ([], str(turns))
    older = await (await real.client.get("/chat/history?limit=10", headers=customer)).json()
    assert older["messages"] == []
    more = await (await real.client.get(f"/chat/history?before={older['before']}&limit=10", headers=customer)).json()
    assert {m["turn"] for m in more["messages"]} == {1}
    assert more["before"] is None
