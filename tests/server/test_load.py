"""Many clients at once on a real bot: conversations never mix, limits hold, and nothing piles up."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter

from .conftest import ACCOUNT, Running

CHATS = 200


async def test_concurrent_senders_with_the_same_ids_never_mix(real: Running) -> None:
    customers = [f"customer-{n}" for n in range(CHATS)]
    key = await real.key("channel")
    threads = threading.active_count()

    async def chat(sender: str) -> list[object]:
        got = []
        for n in range(3):
            # All use the same message ids and, except for one word, the same texts.
            text = "/tell_colour" + json.dumps({"colour": sender}) if n == 1 else "hello"
            body = {"sender": sender, "message": text, "message_id": f"m-{n}"}
            answer = await real.client.post("/webhooks/rest/webhook", json=body, headers=key)
            assert answer.status == 200, await answer.text()
            got += [(reply["recipient_id"], reply["text"]) for reply in await answer.json()]
        return got

    everything = await asyncio.gather(*(chat(sender) for sender in customers))
    told = 0
    for sender, got in zip(customers, everything, strict=True):
        assert {recipient for recipient, _ in got} == {sender}  # type: ignore[misc]
        others = [text for _, text in got if "customer-" in text and not text.endswith(f" {sender}.")]  # type: ignore[misc]
        assert others == []
        told += sum(text.endswith(f" {sender}.") for _, text in got)  # type: ignore[misc]
    assert told > CHATS / 2  # otherwise the check above would prove nothing
    assert real.parts.engine.waiting == 0
    assert threading.active_count() <= threads + 2
    status = await (await real.client.get("/status", headers=await real.key("operator"))).json()
    assert status["turns"] == 3 * CHATS


async def test_same_message_id_of_two_customers_is_answered_separately(real: Running) -> None:
    first, second = await real.login(), await real.login("12345678", "135790")
    body = {"message": "hello", "messageId": "same"}
    answers = await asyncio.gather(
        *(real.client.post("/chat", json=body, headers=who) for _ in range(20) for who in (first, second))
    )
    bodies = [await answer.read() for answer in answers]
    assert {answer.status for answer in answers} == {200}
    assert len(set(bodies[::2])) == len(set(bodies[1::2])) == 1
    assert bodies[0] != bodies[1]


async def test_concurrent_logins_to_one_account_get_five_attempts(real: Running) -> None:
    async def guess(n: int) -> int:
        answer = await real.client.post("/auth", json={"accountNumber": ACCOUNT, "code": f"{n:06}"})
        return answer.status

    statuses = Counter(await asyncio.gather(*(guess(n) for n in range(100, 130))))
    assert statuses == {401: 5, 429: 25}


async def test_full_conversation_is_refused_without_blocking_others(real: Running) -> None:
    key = await real.key("channel")

    async def say(sender: str, n: int) -> int:
        body = {"sender": sender, "message": "hello", "message_id": f"m-{n}"}
        answer = await real.client.post("/webhooks/rest/webhook", json=body, headers=key)
        if answer.status == 429:
            assert int(answer.headers["Retry-After"]) >= 1
        return answer.status

    crowd = asyncio.gather(*(say("crowd", n) for n in range(60)))
    assert await say("calm", 0) == 200
    statuses = Counter(await crowd)
    assert statuses[200] >= 16
    assert set(statuses) <= {200, 429}
