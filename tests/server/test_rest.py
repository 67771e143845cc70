"""Rasa's rest channel: a customer's own conversation, or a backend's users."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

from bot.server.app import make_app
from bot.server.rasa_replies import rasa_replies
from bot.stores.database import Database
from bot.stores.erasing import delete_old

from .conftest import OTHER_ACCOUNT, OTHER_CODE, Running

PATH = "/webhooks/rest/webhook"


async def test_customers_sender_is_ignored(running: Running) -> None:
    customer = await running.login()
    await running.client.post("/chat", json={"message": "one"}, headers=customer)
    answer = await running.client.post(PATH, json={"sender": "somebody-else", "message": "two"}, headers=customer)
    assert (await answer.json())[0] == {
        "recipient_id": "somebody-else",
        "text": "you said: two",
        "buttons": [{"title": "More", "payload": "/more"}],
    }
    other = await running.login(OTHER_ACCOUNT, OTHER_CODE)
    await running.client.post(PATH, json={"sender": "somebody-else", "message": "three"}, headers=other)
    assert {message.sender for message in running.engine.seen} == {""}
    conversations = [message.conversation for message in running.engine.seen]
    assert conversations[0] == conversations[1] != conversations[2]
    history = await (await running.client.get("/chat/history", headers=customer)).json()
    assert [m["text"] for m in history["messages"] if m["role"] == "user"] == ["one", "two"]


async def test_message_repeated_on_another_channel_is_answered_once(running: Running) -> None:
    customer = await running.login()
    await running.client.post("/chat", json={"message": "hi", "messageId": "m"}, headers=customer)
    await running.client.post(PATH, json={"sender": "x", "message": "hi", "message_id": "m"}, headers=customer)
    history = await (await running.client.get("/chat/history", headers=customer)).json()
    assert {m["turn"] for m in history["messages"]} == {1}


async def test_each_sender_of_each_key_has_its_own_anonymous_conversation(running: Running) -> None:
    key, other_key = await running.key("channel"), await running.key("channel")
    for headers, sender in ((key, "u1"), (key, "u1"), (key, "u2"), (other_key, "u1")):
        answer = await running.client.post(PATH, json={"sender": sender, "message": "hi"}, headers=headers)
        assert answer.status == 200
    first, same, user, backend = (message.conversation for message in running.engine.seen)
    assert first == same
    assert len({first, user, backend}) == 3
    assert all(message.customer is None for message in running.engine.seen)


async def test_sender_of_a_deleted_conversation_gets_a_new_one(running: Running) -> None:
    key, body = await running.key("channel"), {"sender": "u1", "message": "hi"}
    assert (await running.client.post(PATH, json=body, headers=key)).status == 200
    database = Database.open(str(running.parts.database.dialect.engine().url))  # of another process
    assert await delete_old(database, datetime.now(UTC) + timedelta(days=9_999)) == 1
    await database.close()
    answer = await running.client.post(PATH, json=body, headers=key)
    assert (await answer.json())[0]["text"] == "you said: hi"
    assert len({message.conversation for message in running.engine.seen}) == 2


async def test_channel_key_cannot_reach_a_customers_conversation(running: Running) -> None:
    customer, key = await running.login(), await running.key("channel")
    answer = await (await running.client.post("/chat", json={"message": "mine"}, headers=customer)).json()
    for sender in (answer["conversationId"], f"customer:{running.customer}", running.customer):
        await running.client.post(PATH, json={"sender": sender, "message": "hi"}, headers=key)
    assert answer["conversationId"] not in {message.conversation for message in running.engine.seen[1:]}


async def test_message_without_id_can_be_repeated_with_the_id_from_the_response(running: Running) -> None:
    key, body = await running.key("channel"), {"sender": "u", "message": "hi"}
    first = await running.client.post(PATH, json=body, headers=key)
    made = first.headers["X-Message-ID"]
    again = await running.client.post(PATH, json={**body, "message_id": made}, headers=key)
    assert (await again.text(), "X-Message-ID" in again.headers) == (await first.text(), False)
    assert len(running.engine.seen) == 2
    (conversation,) = {message.conversation for message in running.engine.seen}
    assert len(await running.engine.store.turns(conversation)) == 1


async def test_stream_has_one_reply_per_line(running: Running) -> None:
    key = await running.key("channel")
    body = {"sender": "u", "message": "hi", "message_id": "m"}
    streamed = await running.client.post(PATH + "?stream=true", json=body, headers=key)
    assert streamed.content_type == "text/event-stream"
    lines = (await streamed.text()).splitlines()
    listed = await (await running.client.post(PATH + "?stream=false", json=body, headers=key)).json()
    assert [json.loads(line) for line in lines] == listed


async def test_unknown_keys_are_ignored_and_invalid_ones_rejected(running: Running) -> None:
    key = await running.key("channel")
    good = {"sender": "u", "message": "hi", "stream": False, "metadata": None, "input_channel": None}
    assert (await running.client.post(PATH, json=good, headers=key)).status == 200
    for bad in ({"message": "hi"}, {"sender": "u"}, {"sender": "", "message": "hi"}, {"sender": 1.5, "message": "hi"}):
        assert (await running.client.post(PATH, json=bad, headers=key)).status == 400
    assert (await running.client.post(PATH, json=good)).status == 401


async def test_numeric_sender_is_read_as_text(running: Running) -> None:
    key = await running.key("channel")
    for sender in (1042, "1042"):
        answer = await running.client.post(PATH, json={"sender": sender, "message": "hi"}, headers=key)
        assert {reply["recipient_id"] for reply in await answer.json()} == {"1042"}
    assert len({message.conversation for message in running.engine.seen}) == 1


@pytest.mark.parametrize("path", [PATH, "/webhooks/callback/webhook"])
@pytest.mark.parametrize("sender", ["18446744073709551617", "-9223372036854775809", "1e20", "1.0", "9" * 300])
async def test_sender_that_would_be_rounded_is_rejected(running: Running, path: str, sender: str) -> None:
    headers = {**await running.key("channel"), "Content-Type": "application/json"}
    answer = await running.client.post(path, data=f'{{"sender": {sender}, "message": "hi"}}', headers=headers)
    assert answer.status == 400
    assert "as a string" in await answer.text()
    assert not running.engine.seen


async def test_64_bit_numbers_are_distinct_senders(running: Running) -> None:
    key = await running.key("channel")
    for sender in (2**64 - 1, 2**64 - 2, -(2**63), 2**53 + 1):
        answer = await running.client.post(PATH, json={"sender": sender, "message": "hi"}, headers=key)
        assert {reply["recipient_id"] for reply in await answer.json()} == {str(sender)}
    assert len({message.conversation for message in running.engine.seen}) == 4


async def test_number_over_64_bits_is_rejected_unless_it_is_a_string(running: Running) -> None:
    key = await running.key("channel")
    body = {"sender": "u", "message": "9" * 40, "metadata": {"order": [2**64]}}
    assert (await running.client.post(PATH, json=body, headers=key)).status == 400
    body["metadata"] = {"order": ["9" * 40, 1.5e30]}
    assert (await running.client.post(PATH, json=body, headers=key)).status == 200
    assert running.engine.seen[0].metadata == body["metadata"]


async def test_input_channel_and_metadata_reach_the_message(running: Running) -> None:
    key = await running.key("channel")
    body = {"sender": "u", "message": "hi", "input_channel": "kiosk", "metadata": {"branch": 7}}
    await running.client.post(PATH, json=body, headers=key)
    message = running.engine.seen[0]
    assert (message.channel, message.sender, message.metadata) == ("kiosk", "u", {"branch": 7})


@pytest.mark.parametrize("taken", ["callback", "background", "chat"])
async def test_reserved_input_channel_is_ignored(running: Running, taken: str) -> None:
    customer = await running.login()
    body = {"sender": "somebody-else", "message": "hi", "input_channel": taken}
    await running.client.post(PATH, json=body, headers=customer)
    assert running.engine.seen[0].channel == "rest"


async def test_plugin_channels_name_is_ignored_as_input_channel(running: Running) -> None:
    customer = await running.login()
    parts = replace(running.parts, channels={"pager": object()})
    async with TestClient(TestServer(make_app(parts))) as client:
        await client.post(PATH, json={"sender": "u", "message": "hi", "input_channel": "pager"}, headers=customer)
    assert running.engine.seen[0].channel == "rest"


async def test_channel_status_is_ok(running: Running) -> None:
    answer = await running.client.get("/webhooks/rest/")
    assert await answer.json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ({"text": "a\n\nb"}, [{"text": "a"}, {"text": "b"}]),
        ({"text": "a\n\nb", "buttons": [{"title": "t"}]}, [{"text": "a\n\nb", "buttons": [{"title": "t"}]}]),
        ({"text": "a", "quick_replies": [{"title": "t"}]}, [{"text": "a", "buttons": [{"title": "t"}]}]),
        ({"text": "a", "custom": {"x": 1}, "image": "i"}, [{"text": "a"}, {"custom": {"x": 1}}, {"image": "i"}]),
        ({"attachment": {"y": 2}}, [{"attachment": {"y": 2}}]),
        ({"elements": [{"title": "t", "subtitle": "s"}]}, [{"text": "t : s", "buttons": []}]),
    ],
)
def test_replies_are_split_like_rasas(reply: dict[str, object], expected: list[dict[str, object]]) -> None:
    assert list(rasa_replies([reply], "r")) == [{"recipient_id": "r", **item} for item in expected]
