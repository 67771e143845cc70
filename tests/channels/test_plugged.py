"""A channel from a plugin, on a real bot: verified, translated, answered once."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

from bot import Incoming, JsonObject, Said
from bot.app.opening import Bot, open_bot
from bot.app.projects import Project, load_project
from bot.app.running import parts_of
from bot.channels import plugged
from bot.config import Limits, Logging, Store
from bot.engine.codec import read_record
from bot.engine.polling import AT_ONCE
from bot.logs import make_logger
from bot.server.app import make_app
from bot.server.parts import Parts
from bot.sources import Sources

PLUGIN = '''
import hashlib, hmac, json

from bot import Incoming, Said, hookimpl


class Pager:
    """A platform that signs its bodies."""

    def receive(self, incoming):
        signature = hmac.new(b"shared", incoming.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(incoming.headers.get("x-pager-signature", ""), signature):
            raise PermissionError
        sent = json.loads(incoming.body)
        return [Said(m["from"], m["text"], m["id"]) for m in sent["messages"]]

    def respond(self, answered):
        pages = [(said.sender, reply["text"]) for said, replies in answered for reply in replies]
        return {"pages": [{"to": sender, "text": text} for sender, text in pages]}


@hookimpl
def register_channels(register):
    register("pager", Pager())
'''
GATE = '''
import asyncio
from contextlib import asynccontextmanager


class Gate:
    """Where each answer waits until all are released; `came` lists the senders of those that arrived."""

    def __init__(self):
        self.go = asyncio.Event()
        self.came = []

    async def answer(self, turn):
        self.came.append(turn.message.sender)
        await self.go.wait()
        turn.say_text("Hello!")


gate = Gate()


@hookimpl
@asynccontextmanager
async def lifespan(startup):
    startup.resources.provide("gate", gate)
    yield


@hookimpl
def register_actions(register):
    register("utter_greet", gate.answer)
'''
PATIENT = Limits(turn_seconds=60.0, action_seconds=60.0)
PROJECT = {
    "config.yml": "language: en\npipeline:\n- name: DIETClassifier\npolicies:\n- name: RulePolicy\n",
    "domain.yml": 'version: "3.1"\nintents: [greet, bye]\nresponses:\n  utter_greet: [{text: "Hello!"}]\n',
    "nlu.yml": 'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - hello\n    - hi\n- intent: bye\n'
    "  examples: |\n    - bye\n    - see you\n",
    "rules.yml": 'version: "3.1"\nrules:\n- rule: greet\n  steps: [{intent: greet}, {action: utter_greet}]\n',
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in PROJECT.items():
        path = tmp_path / ("data" if name in ("nlu.yml", "rules.yml") else "") / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "pager.py").write_text(PLUGIN, encoding="utf-8")
    return tmp_path


def served(parts: Parts) -> TestClient[Any, Any]:
    return TestClient(TestServer(make_app(parts)))


async def page(client: TestClient[Any, Any], *messages: JsonObject, secret: bytes = b"shared") -> Any:
    body = json.dumps({"messages": messages}).encode()
    signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return await client.post("/webhooks/pager/webhook", data=body, headers={"X-Pager-Signature": signature})


async def test_plugin_channel_answers_signed_requests(project: Path) -> None:
    quiet = make_logger(Logging(level="error"), now=Sources().now)
    async with open_bot(load_project(project), server=True, log=quiet) as bot, served(parts_of(bot)) as client:
        assert (await client.get("/webhooks/pager/")).status == 200
        first = {"from": "555-1", "text": "hello", "id": "a"}
        answer = await page(client, first, {"from": "555-2", "text": "hi", "id": "a"})
        assert (answer.status, await answer.json()) == (
            200,
            {"pages": [{"to": "555-1", "text": "Hello!"}, {"to": "555-2", "text": "Hello!"}]},
        )
        again = await page(client, first)
        assert len((await again.json())["pages"]) == 1
        reused = await page(client, {**first, "text": "bye"})
        assert reused.status == 422
        forged = await page(client, first, secret=b"guessed")
        assert (forged.status, forged.content_type) == (403, "application/problem+json")
        assert "/webhooks/pager/webhook" in (await (await client.get("/openapi.json")).json())["paths"]


async def test_unanswerable_message_does_not_block_its_batch(project: Path) -> None:
    quiet = make_logger(Logging(level="error"), now=Sources().now)
    async with open_bot(load_project(project), server=True, log=quiet) as bot, served(parts_of(bot)) as client:
        first, photo, last = (
            {"from": "555-1", "text": text, "id": identifier}
            for identifier, text in (("a", "hello"), ("b", " "), ("c", "hi"))
        )
        reused, garbled = {**first, "text": "bye"}, {**first, "id": "d\u0007"}
        for _ in range(2):
            answer = await page(client, first, photo, reused, garbled, last)
            assert (answer.status, len((await answer.json())["pages"])) == (200, 2)
        conversation = await bot.store.conversation_id("channel:pager", "key", "555-1")
        assert len(await bot.store.turns(conversation)) == 2
        alone = await page(client, photo)
        assert (alone.status, await alone.json()) == (200, {"pages": []})
        assert (await page(client, photo, garbled)).status == 400


@pytest.fixture
def gated(project: Path) -> Project:
    """The project, whose answers wait at a gate for as long as a test wants."""
    (project / "actions" / "pager.py").write_text(PLUGIN + GATE, encoding="utf-8")
    return load_project(project, override=lambda settings: replace(settings, limits=PATIENT))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)


async def answered_ids(bot: Bot, sender: str) -> list[str]:
    conversation = await bot.store.conversation_id("channel:pager", "key", sender)
    return [read_record(turn.record).message.message_id for turn in await bot.store.turns(conversation)]


async def test_later_request_does_not_come_between_messages_of_an_earlier_one(gated: Project) -> None:
    async with open_bot(gated, server=True) as bot, served(parts_of(bot)) as client:
        gate: Any = bot.resources.get("gate", object)
        first = [{"from": "ann", "text": f"hello {number}", "id": f"a{number}"} for number in range(3)]
        other = {"from": "bob", "text": "hello", "id": "b0"}
        earlier = asyncio.create_task(page(client, *first[:2], other, first[2]))
        await until(lambda: len(gate.came) == 2)
        later = asyncio.create_task(page(client, {"from": "ann", "text": "hello", "id": "a3"}))
        await until(lambda: bot.engine.waiting == 3)  # ann's and bob's of the earlier one, and the later one
        gate.go.set()
        assert ((await later).status, (await earlier).status) == (200, 200)
        assert [sent["to"] for sent in (await (await earlier).json())["pages"]] == ["ann", "ann", "bob", "ann"]
        assert await answered_ids(bot, "ann") == ["a0", "a1", "a2", "a3"]


async def test_later_request_does_not_overtake_a_batch_of_many_senders(gated: Project) -> None:
    async with open_bot(gated, server=True) as bot, served(parts_of(bot)) as client:
        gate: Any = bot.resources.get("gate", object)
        last = f"{AT_ONCE}"
        batch = [{"from": f"{n}", "text": "hello", "id": f"a{n}"} for n in range(AT_ONCE + 1)]
        earlier = asyncio.create_task(page(client, *batch))
        await until(lambda: len(gate.came) == AT_ONCE)  # its last sender waits for a place
        assert last not in gate.came
        overtaking, behind = ({"from": sender, "text": "hello", "id": "b"} for sender in (last, "ann"))
        later = asyncio.create_task(page(client, overtaking, behind))
        await until(lambda: "ann" in gate.came)  # who comes behind the other one, were that not to wait
        gate.go.set()
        assert ((await later).status, (await earlier).status) == (200, 200)
        assert await answered_ids(bot, last) == [f"a{AT_ONCE}", "b"]


async def test_batch_larger_than_the_waiting_limit_is_answered_completely(project: Path) -> None:
    loaded = load_project(project, override=lambda settings: replace(settings, limits=Limits(waiting=3)))
    async with open_bot(loaded, server=True) as bot, served(parts_of(bot)) as client:
        answer = await page(client, *({"from": f"{n}", "text": "hello", "id": "m"} for n in range(10)))
        assert (answer.status, len((await answer.json())["pages"])) == (200, 10)


class Misbehaving:
    """A channel whose methods return, or raise, what it was given."""

    def __init__(self, received: Any = (), responds: Any = None) -> None:
        self._received = received
        self._responds = responds

    def receive(self, incoming: Incoming) -> Sequence[Said]:
        return raise_or_return(self._received)

    def respond(self, answered: Sequence[tuple[Said, Sequence[JsonObject]]]) -> Any:
        return raise_or_return(self._responds)


def raise_or_return(what: Any) -> Any:
    if isinstance(what, BaseException):
        raise what
    return what


@pytest.mark.parametrize(
    "channel",
    [
        Misbehaving(SystemExit(3)),
        Misbehaving(BaseExceptionGroup("two", [SystemExit(3)])),
        Misbehaving(None),
        Misbehaving(["hello"]),
        Misbehaving([Said("a", cast("str", None))]),
        Misbehaving([Said("a", "hello", metadata={"at": object()})]),
        Misbehaving([Said("a", "hello", metadata={"at": 10**30})]),
        Misbehaving(KeyError("my password is swordfish")),
        Misbehaving(responds=SystemExit(3)),
        Misbehaving(responds=object()),
    ],
)
async def test_misbehaving_channel_is_a_500_and_is_named_in_the_log(project: Path, channel: Misbehaving) -> None:
    written = io.StringIO()
    log = make_logger(Logging(level="error"), now=Sources().now, stream=written)
    parts = {"pager": channel, "good": Misbehaving()}
    async with (
        open_bot(load_project(project), server=True, log=log) as bot,
        served(replace(parts_of(bot), channel_routes=plugged.routes(parts))) as client,
    ):
        assert (await client.post("/webhooks/pager/webhook", data=b"")).status == 500
        assert "the channel 'pager': re" in written.getvalue()
        assert "swordfish" not in written.getvalue()
        assert (await client.post("/webhooks/good/webhook", data=b"")).status == 200


class Broken:
    def receive(self, incoming: Incoming) -> Sequence[Said]:
        raise ValueError("send a number")

    def respond(self, answered: Sequence[tuple[Said, Sequence[JsonObject]]]) -> Any:
        raise AssertionError


async def test_value_error_of_a_channel_is_a_400_with_its_text(project: Path) -> None:
    store = Store(url=f"sqlite:///{project}/t.db")
    loaded = load_project(project, override=lambda settings: replace(settings, store=store))
    async with (
        open_bot(loaded, server=True) as bot,
        served(replace(parts_of(bot), channel_routes=plugged.routes({"broken": Broken()}))) as client,
    ):
        answer = await client.post("/webhooks/broken/webhook", data=b"?")
        assert (answer.status, (await answer.json())["detail"]) == (400, "send a number")
