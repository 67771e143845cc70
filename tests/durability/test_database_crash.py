"""The PostgreSQL server itself crashes under its clients: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import json

from bot.sources import Sources
from bot.stores.database import Database
from bot.stores.turns import open_turns
from tests.durability.script import answer, retry
from tests.stores.cluster import running_cluster

CONVERSATIONS, MESSAGES = 6, 25


async def test_database_server_crash_loses_and_duplicates_no_turns():
    with running_cluster(fsync=True) as cluster:
        store = open_turns(Database.open(cluster.new_database(), readers=2, patience=30.0), Sources())
        answered = 0

        async def converse(sender: int) -> tuple[str, list[bytes]]:
            nonlocal answered
            conversation = await retry(lambda: store.conversation_id("p", "chat", str(sender)))
            replies = []
            for number in range(1, MESSAGES + 1):
                replies.append(await retry(lambda n=number: answer(store, conversation, n)))
                answered += 1
            return conversation, replies

        talking = asyncio.gather(*[converse(sender) for sender in range(CONVERSATIONS)])
        for share in (0.25, 0.5):
            while answered < share * CONVERSATIONS * MESSAGES and not talking.done():
                await asyncio.sleep(0.005)
            await asyncio.to_thread(cluster.stop, "immediate")
            await asyncio.to_thread(cluster.start)
        for conversation, replies in await talking:
            assert [json.loads(reply)["turn"] for reply in replies] == list(range(1, MESSAGES + 1))
            assert [t.seq for t in await store.turns(conversation)] == list(range(1, MESSAGES + 1))
            assert [await answer(store, conversation, n) for n in range(1, MESSAGES + 1)] == replies
        await store.close()
        await store.database.close()
