"""A channel whose platform takes replies by calls to its API: stored, acknowledged, answered by `send`, in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from bot import ApiChannel, CallFailed, Channel, Incoming, JsonObject, Said, Sending
from bot.app.opening import Bot, open_bot
from bot.app.projects import load_project
from bot.app.running import Place, parts_of, serving
from bot.channels import plugged
from bot.channels.delivery import Delivery
from bot.config import Limits, Logging
from bot.engine.codec import read_record
from bot.engine.engine import Engine
from bot.engine.work import MessageWork
from bot.errors import Busy, ConfigurationError
from bot.logs import make_logger
from bot.messages import UserMessage
from bot.sources import Sources
from bot.stores.turns import open_turns

from .test_plugged import PATIENT, PROJECT, page, served

PLUGIN = """
import asyncio
import json

from bot import hookimpl, Said


class Chat:
    replies_by_send = True

    def __init__(self, startup):
        self.token = startup.settings.channels["pager"]["token"]
        self.sent = startup.resources.get("sent", list)
        self.failures = []
        self.arrived = asyncio.Event()

    def receive(self, incoming):
        if incoming.method == "GET":
            if incoming.query.get("hub.verify_token") != self.token:
                raise PermissionError
            return incoming.query["hub.challenge"]
        body = json.loads(incoming.body)
        if body.get("type") == "url_verification":
            return {"challenge": body["challenge"]}
        return [Said(m["from"], m["text"], m["id"]) for m in body["messages"]]

    async def send(self, sending):
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((sending.id, sending.sender, [reply["text"] for reply in sending.replies]))
        self.arrived.set()


@hookimpl
def register_channels(register):
    register("pager", Chat)


async def greet(turn):
    if turn.message.text.endswith("slowly"):
        await turn.resources.get("may answer", asyncio.Event).wait()
    turn.say_text(f"You said {turn.message.text}.")


@hookimpl
def register_actions(register):
    register("utter_greet", greet)
"""
OPENER = """
import asyncio
from contextlib import asynccontextmanager

from bot import hookimpl


@hookimpl
@asynccontextmanager
async def lifespan(startup):
    startup.resources.provide("sent", [])
    startup.resources.provide("may answer", asyncio.Event())
    yield
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {**PROJECT, "actions/pager.py": PLUGIN, "actions/sending.py": OPENER}.items():
        path = tmp_path / ("data" if name in ("nlu.yml", "rules.yml") else "") / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "credentials.yml").write_text("pager: {token: s3}\n", encoding="utf-8")
    return tmp_path


def opened(project: Path, limits: Limits | None = None) -> Any:
    loaded = load_project(project, override=lambda settings: replace(settings, limits=limits or PATIENT))
    quiet = make_logger(Logging(level="critical"), now=Sources().now)
    return open_bot(loaded, log=quiet, server=True)


async def test_channel_is_created_only_where_it_is_served(project: Path) -> None:
    (project / "credentials.yml").unlink()
    async with open_bot(load_project(project)) as bot:
        assert bot.channels == {}
    with pytest.raises(ConfigurationError, match=r"credentials\.yml has no `pager:`; add it"):
        async with opened(project):
            pass


def message(number: int, text: str = "hello", sender: str = "ann") -> JsonObject:
    return {"from": sender, "text": text, "id": f"m{number}"}


def may_answer(bot: Bot) -> asyncio.Event:
    """What all slow messages wait for."""
    return bot.resources.get("may answer", asyncio.Event)


async def delivered(bot: Bot) -> Any:
    """What the channel has sent, once nothing is left to send."""
    await bot.engine.finish(10)
    async with Delivery(bot.store, bot.sources, senders=plugged.senders(bot.channels)) as delivery:
        while await delivery.deliver_due():
            pass
    channel: Any = bot.channels["pager"]
    return channel.sent


async def answered_ids(bot: Bot, sender: str = "ann") -> list[str]:
    conversation = await bot.store.conversation_id("channel:pager", "key", sender)
    return [read_record(turn.record).message.message_id for turn in await bot.store.turns(conversation)]


async def test_message_is_acknowledged_at_once_and_answered_once_by_send(project: Path) -> None:
    place = Place(port=0, store="sqlite:///t.db")
    async with asyncio.timeout(60), serving(project, place, {}) as (bot, url), httpx.AsyncClient() as client:
        channel: Any = bot.channels["pager"]
        for _ in range(2):
            content = json.dumps({"messages": [message(1, "hello slowly")]})
            answer = await client.post(f"{url}/webhooks/pager/webhook", content=content)
            assert (answer.status_code, answer.text) == (200, "")
            assert channel.sent == []
        may_answer(bot).set()
        await channel.arrived.wait()
        conversation = await bot.store.conversation_id("channel:pager", "key", "ann")
        (turn,) = await bot.store.turns(conversation)
        assert channel.sent == [(read_record(turn.record).unique_id, "ann", ["You said hello slowly."])]
        assert await answered_ids(bot) == ["m1"]


async def test_failed_replies_are_retried_and_sent_in_order(project: Path) -> None:
    async with opened(project) as bot, served(parts_of(bot)) as client:
        await page(client, message(1, "hello slowly"), message(2), message(3, sender="bob"))
        await page(client, message(4))
        may_answer(bot).set()
        channel: Any = bot.channels["pager"]
        channel.failures += [ConnectionError("down")] * 2
        await bot.engine.finish(10)
        conversation = await bot.store.conversation_id("channel:pager", "key", "ann")
        assert await delivered(bot) == []
        for turn in await bot.store.turns(conversation):
            await bot.store.retry_at(read_record(turn.record).unique_id, bot.sources.now())
        sent = [text for _, sender, [text] in await delivered(bot) if sender == "ann"]
        assert sent == ["You said hello slowly.", "You said hello.", "You said hello."]
        assert await answered_ids(bot) == ["m1", "m2", "m4"]


async def test_platforms_retry_after_postpones_the_reply(project: Path) -> None:
    async with opened(project) as bot, served(parts_of(bot)) as client:
        await page(client, message(1))
        channel: Any = bot.channels["pager"]
        limited = CallFailed("unavailable", service="pager", call="post", reason="429", retry_after=3_600.0)
        channel.failures.append(limited)
        assert await delivered(bot) == []
        too_soon = Sources(now=lambda: bot.sources.now() + timedelta(minutes=50))
        assert await open_turns(bot.database, too_soon).due_outgoing() == []
        later = Sources(now=lambda: bot.sources.now() + timedelta(minutes=61))
        [due] = await open_turns(bot.database, later).due_outgoing()
        assert due.attempts == 2


async def test_concurrent_requests_do_not_interleave_their_messages(project: Path) -> None:
    async with opened(project) as bot, served(parts_of(bot)) as client:
        earlier = page(client, *(message(number) for number in range(5)))
        later = page(client, *(message(number) for number in range(5, 9)))
        assert [answer.status for answer in await asyncio.gather(earlier, later)] == [200, 200]
        assert len(await delivered(bot)) == 9
        order = await answered_ids(bot)
        assert order in ([*ids(0, 9)], [*ids(5, 9), *ids(0, 5)])


def ids(first: int, end: int) -> list[str]:
    return [f"m{number}" for number in range(first, end)]


async def test_accepted_message_is_answered_and_sent_after_a_restart(project: Path) -> None:
    async with opened(project) as bot:
        conversation = await bot.store.conversation_id("channel:pager", "key", "ann")
        kept = UserMessage("hello", conversation, "m1", bot.sources.now(), plugged.principal("pager"), "pager", "ann")
        # The process dies between storing the message and starting its turn.
        assert await bot.store.accept(kept, MessageWork(kept).fingerprint)
    async with opened(project) as bot:
        assert await bot.engine.drain() == 1
        assert [texts for _, _, texts in await delivered(bot)] == [["You said hello."]]


async def test_unanswerable_message_is_acknowledged_and_does_not_block_others(project: Path) -> None:
    async with opened(project) as bot, served(parts_of(bot)) as client:
        await page(client, message(1))
        reused, garbled = message(1, "bye"), message(2, sender="\u0007")
        for batch in ([reused], [garbled], [reused, message(3)]):
            assert (await page(client, *batch)).status == 200
        assert len(await delivered(bot)) == 2
        assert await answered_ids(bot) == ["m1", "m3"]


async def test_batch_without_room_gets_429_and_is_answered_once_when_repeated(project: Path) -> None:
    async with opened(project, replace(PATIENT, waiting_per_conversation=2)) as bot, served(parts_of(bot)) as client:
        batch = [message(number, "hello slowly") for number in range(5)]
        for status in (429, 429, 200):
            may_answer(bot).clear()
            assert (await page(client, *batch)).status == status
            may_answer(bot).set()
            await bot.engine.finish(10)
        assert len(await delivered(bot)) == 5
        assert await answered_ids(bot) == ids(0, 5)


class DelayedEngine:
    """The bot's engine, for its server: it accepts bob's messages only once that is allowed.

    `was_full` is set once there was no room for a message; `accepted_senders` lists the senders of those accepted.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.may_accept_bobs, self.was_full = asyncio.Event(), asyncio.Event()
        self.accepted_senders: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def accept(self, message: UserMessage) -> None:
        if message.sender == "bob":
            await self.may_accept_bobs.wait()
        try:
            await self._engine.accept(message)
        except Busy:
            self.was_full.set()
            raise
        self.accepted_senders.append(message.sender)


@asynccontextmanager
async def batch_waiting_for_bob(
    project: Path, batch: Sequence[JsonObject]
) -> AsyncIterator[tuple[Bot, Any, DelayedEngine, Any]]:
    """A bot that had no room for the last of a request, and has now, while the request still waits for bob's message.

    Yields the bot, a client of it, its engine, and the task of the request, which ends once bob's message is accepted.
    """
    limits = replace(PATIENT, waiting_per_conversation=len(batch) - 1)
    async with asyncio.timeout(60), opened(project, limits) as bot:
        engine: Any = DelayedEngine(bot.engine)
        async with served(replace(parts_of(bot), engine=engine)) as client:
            answer = asyncio.create_task(page(client, *batch, message(0, sender="bob")))
            await engine.was_full.wait()
            assert engine.accepted_senders == ["ann"] * (len(batch) - 1)
            may_answer(bot).set()
            await bot.engine.finish(10)
            assert bot.engine.waiting == 0
            yield bot, client, engine, answer


async def test_messages_without_ids_are_stored_once_when_the_batch_is_retried(project: Path) -> None:
    batch = [{**message(number, f"hello {number} slowly"), "id": None} for number in range(5)]
    async with batch_waiting_for_bob(project, batch) as (bot, _, engine, answer):
        engine.may_accept_bobs.set()
        assert (await answer).status == 200
        sent = [text for _, sender, [text] in await delivered(bot) if sender == "ann"]
        assert sent == [f"You said hello {number} slowly." for number in range(5)]


async def test_later_request_does_not_overtake_a_batch_waiting_for_room(project: Path) -> None:
    batch = [message(number, "hello slowly") for number in range(5)]
    async with batch_waiting_for_bob(project, batch) as (bot, client, engine, earlier):
        later = asyncio.create_task(page(client, message(5), message(0, sender="carol")))
        while "carol" not in engine.accepted_senders:  # carol's would follow at once if ann's did not wait
            await asyncio.sleep(0.001)
        engine.may_accept_bobs.set()
        assert ((await earlier).status, (await later).status) == (200, 200)
        await bot.engine.finish(10)
        assert await answered_ids(bot) == ids(0, 6)


async def test_channel_answers_the_platforms_verification_requests(project: Path) -> None:
    async with opened(project) as bot, served(parts_of(bot)) as client:
        asked = {"hub.mode": "subscribe", "hub.verify_token": "s3", "hub.challenge": "<b>42"}
        answer = await client.get("/webhooks/pager/webhook", params=asked)
        assert (answer.status, answer.content_type, await answer.text()) == (200, "text/plain", "<b>42")
        assert (await client.get("/webhooks/pager/webhook", params={**asked, "hub.verify_token": "?"})).status == 403
        answer = await client.post("/webhooks/pager/webhook", json={"type": "url_verification", "challenge": "3e"})
        assert (answer.status, await answer.json()) == (200, {"challenge": "3e"})
        assert "get" in (await (await client.get("/openapi.json")).json())["paths"]["/webhooks/pager/webhook"]
        assert await answered_ids(bot) == []


class Gateway:
    """A gateway that sends messages by GET, and takes the response as the reply."""

    def receive(self, incoming: Incoming) -> Sequence[Said]:
        return [Said(incoming.query["from"], incoming.query["text"])]

    def respond(self, answered: Sequence[tuple[Said, Sequence[JsonObject]]]) -> Any:
        return [reply["text"] for _, replies in answered for reply in replies]


async def test_webhook_accepts_a_message_by_get(project: Path) -> None:
    async with (
        opened(project) as bot,
        served(replace(parts_of(bot), channel_routes=plugged.routes({"gate": Gateway()}))) as client,
    ):
        answer = await client.get("/webhooks/gate/webhook", params={"from": "ann", "text": "hello"})
        assert await answer.json() == ["You said hello."]


class Odd:
    def receive(self, incoming: Incoming) -> Any:
        return "\ud800" if incoming.body == b"text" else {"at": object()}

    def respond(self, answered: Sequence[tuple[Said, Sequence[JsonObject]]]) -> Any: ...


@pytest.mark.parametrize("body", [b"text", b"mapping"])
async def test_immediate_answer_that_cannot_be_encoded_is_a_500(project: Path, body: bytes) -> None:
    async with (
        opened(project) as bot,
        served(replace(parts_of(bot), channel_routes=plugged.routes({"odd": Odd()}))) as client,
    ):
        assert (await client.post("/webhooks/odd/webhook", data=body)).status == 500


class Typed:
    replies_by_send = True

    def receive(self, incoming: Incoming) -> Sequence[Said] | str:
        return incoming.query["hub.challenge"] if incoming.method == "GET" else ()

    async def send(self, sending: Sending) -> None: ...


_TYPED: ApiChannel = Typed()
_GATEWAY: Channel = Gateway()
