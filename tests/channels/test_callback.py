"""The callback channel: accepted and stored first, answered and delivered later, once and in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.channels import plugged
from bot.channels.callback import addressing
from bot.channels.delivery import MESSAGE_ID, Delivery
from bot.config import Callback
from bot.dialogue.events import BotUttered
from bot.engine.protocols import Outgoing, TurnCommit
from bot.engine.record import TurnRecord
from bot.http import HttpClient, HttpLimits
from bot.messages import Principal, Reply, UserMessage
from bot.sources import Sources
from bot.stores.database import Database
from bot.stores.turns import SqlTurns

URL = "http://backend.example/bot/callback/?tenant=1"


@dataclass
class Clock:
    at: datetime = field(default=datetime(2026, 11, 22, 12, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Backend:
    """A receiver: answers `status`, and keeps what it was sent."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    urls: set[str] = field(default_factory=set)
    callers: list[str | None] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.urls.add(str(request.url))
        self.callers.append(request.headers.get("Authorization"))
        self.got.append((request.headers[MESSAGE_ID], json.loads(request.content)))
        return httpx.Response(self.status, text="thanks", headers=self.headers)

    @property
    def texts(self) -> list[str]:
        return [body["text"] for _, body in self.got]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[SqlTurns]:
    database = Database.open("sqlite:///data/t.db", project=tmp_path)
    yield SqlTurns(database, Sources(now=clock.now))
    await database.close()


@pytest.fixture
def warned() -> list[dict[str, Any]]:
    """The warnings that the operator gets."""
    return []


@pytest.fixture
async def delivery(
    store: SqlTurns, clock: Clock, backend: Backend, warned: list[dict[str, Any]]
) -> AsyncIterator[Delivery]:
    sources = Sources(now=clock.now, seed=lambda: 1)

    def client(base: str) -> HttpClient:
        limits = HttpLimits(tries=1, breaker_failures=1_000)
        return HttpClient(base, service="callback", limits=limits, transport=httpx.MockTransport(backend))

    def warn(event: str, **about: Any) -> None:
        warned.append({"event": event, **about})

    callback = Callback(URL, {"Authorization": "Bearer s3"})
    async with Delivery(store, sources, callback=callback, warn=warn, make_client=client) as delivery:
        yield delivery


async def commit_turn(store: SqlTurns, clock: Clock, seq: int, *texts: str, sender: str = "u1", url: str = URL) -> None:
    conversation = await store.conversation_id("key:1", "key", sender)
    message = UserMessage("hi", conversation, f"m-{seq}", clock.now(), Principal("key", "key:1"), "callback", sender)
    replies = tuple(Reply(text=text) for text in texts)
    record = TurnRecord(seq, message, tuple(map(BotUttered, replies)), (), clock.now(), 1, "c")
    await store.commit(
        TurnCommit(
            conversation=conversation,
            seq=seq,
            message_id=message.message_id,
            fingerprint="f",
            record=b"{}",
            snapshot=b"{}",
            body=b"{}",
            at=clock.now(),
            outbox=addressing(url)(message, record),
        )
    )


async def drain(delivery: Delivery) -> None:
    while await delivery.deliver_due():
        pass


async def test_replies_are_delivered_once_and_in_order_in_rasas_format(
    store: SqlTurns, clock: Clock, backend: Backend, delivery: Delivery
) -> None:
    await commit_turn(store, clock, 1, "one", "two\n\nthree")
    await commit_turn(store, clock, 2, "four")
    await drain(delivery)
    assert [body for _, body in backend.got] == [
        {"recipient_id": "u1", "text": text} for text in ("one", "two", "three", "four")
    ]
    assert len({name for name, _ in backend.got}) == 4
    assert backend.urls == {URL}
    await drain(delivery)
    assert len(backend.got) == 4


async def test_failing_receiver_is_retried_at_growing_intervals_with_the_same_id(
    store: SqlTurns, clock: Clock, backend: Backend, delivery: Delivery
) -> None:
    backend.status = 500
    await commit_turn(store, clock, 1, "one", "two")
    await drain(delivery)
    tried = []
    for _ in range(400):
        clock.advance(1)
        before = len(backend.got)
        await drain(delivery)
        if len(backend.got) > before:
            tried.append(clock.now())
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(tried)]
    assert len(gaps) >= 5
    assert all(later >= earlier for earlier, later in zip(gaps, gaps[2:], strict=False))
    assert set(backend.texts) == {"one"}  # the second waits for the first
    assert len({name for name, _ in backend.got}) == 1
    backend.status = 200
    backend.got.clear()
    clock.advance(600)
    await drain(delivery)
    assert backend.texts == ["one", "two"]


async def test_failing_delivery_does_not_block_other_conversations(
    store: SqlTurns, clock: Clock, backend: Backend, delivery: Delivery
) -> None:
    backend.status = 503
    await commit_turn(store, clock, 1, "for u1", sender="u1")
    await drain(delivery)
    backend.status = 200
    await commit_turn(store, clock, 1, "for u2", sender="u2")
    await drain(delivery)
    assert backend.texts == ["for u1", "for u2"]


async def test_backend_outage_is_logged_once_and_its_recovery_once(
    store: SqlTurns, clock: Clock, backend: Backend, delivery: Delivery, warned: list[dict[str, Any]]
) -> None:
    backend.status = 500
    for seq in (1, 2):
        await commit_turn(store, clock, seq, "one")
        clock.advance(1_000)
        await delivery.deliver_due()
    backend.status = 200
    clock.advance(1_000)
    await drain(delivery)
    failed, back = warned
    assert (failed["event"], failed["channel"], failed["kind"]) == ("delivery failed", "callback", "unavailable")
    assert failed["status"] == 500
    assert (back["event"], back["channel"]) == ("delivery works again", "callback")


async def test_refused_reply_is_given_up_and_the_next_one_is_sent(
    store: SqlTurns, clock: Clock, backend: Backend, delivery: Delivery
) -> None:
    backend.status = 410
    await commit_turn(store, clock, 1, "one")
    await drain(delivery)
    backend.status = 200
    await commit_turn(store, clock, 2, "two")
    await drain(delivery)
    assert backend.texts == ["one", "two"]


async def test_refusal_is_logged_with_reply_id_and_status_but_no_text(
    store: SqlTurns, clock: Clock, backend: Backend, delivery: Delivery, warned: list[dict[str, Any]]
) -> None:
    backend.status = 410
    await commit_turn(store, clock, 1, "one")
    await drain(delivery)
    [(reply, _)] = backend.got
    told = {"event": "delivery refused", "reply": reply, "channel": "callback", "status": 410, "given_up": True}
    assert warned == [told]


@pytest.mark.parametrize("status", [401, 403])
async def test_reply_is_retried_after_401_and_403(
    store: SqlTurns, clock: Clock, backend: Backend, delivery: Delivery, warned: list[dict[str, Any]], status: int
) -> None:
    backend.status = status
    await commit_turn(store, clock, 1, "one", "two")
    await drain(delivery)
    assert [(told["status"], told["given_up"]) for told in warned] == [(status, False)]
    backend.status = 200
    clock.advance(600)
    await drain(delivery)
    assert backend.texts == ["one", "one", "two"]


async def test_credentials_are_sent_only_to_the_configured_server(
    store: SqlTurns, clock: Clock, backend: Backend, delivery: Delivery
) -> None:
    await commit_turn(store, clock, 1, "old", url="http://backend.example/callback/before")
    await commit_turn(store, clock, 2, "moved", url="http://elsewhere.example/bot/callback/")
    await commit_turn(store, clock, 3, "moved", url="http://backend.example:8080/bot/callback/")
    await commit_turn(store, clock, 4, "old", url="http://joe:pw@backend.example/bot/callback/")
    await commit_turn(store, clock, 5, "new")
    await drain(delivery)
    assert backend.callers == ["Bearer s3", None, None, "Bearer s3", "Bearer s3"]


async def test_receivers_retry_after_is_honoured(
    store: SqlTurns, clock: Clock, backend: Backend, delivery: Delivery
) -> None:
    backend.status, backend.headers = 429, {"Retry-After": "120"}
    await commit_turn(store, clock, 1, "one")
    await drain(delivery)
    clock.advance(119)
    assert await delivery.deliver_due() == 0
    clock.advance(2)
    assert await delivery.deliver_due() == 1


async def test_slow_receiver_gets_one_try_of_the_configured_time_and_the_log_names_the_setting(
    store: SqlTurns, clock: Clock, warned: list[dict[str, Any]]
) -> None:
    begun: list[str] = []

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.append((await reader.readline()).decode())
        await reader.read()  # until the caller gives up
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/replies"
    callback = Callback(url, timeout_seconds=0.2)
    await commit_turn(store, clock, 1, "one", url=url)
    delivery = Delivery(
        store, Sources(now=clock.now), callback=callback, warn=lambda event, **about: warned.append(about)
    )
    async with server, delivery:
        assert await delivery.deliver_due() == 1
    assert begun == ["POST /replies HTTP/1.1\r\n"]
    reason = "no answer within 0.2 s (`callback: timeout_seconds:` in credentials.yml)"
    assert warned == [{"channel": "callback", "kind": "timeout", "reason": reason}]


async def test_reply_stays_claimed_for_as_long_as_its_receiver_may_take(store: SqlTurns, clock: Clock) -> None:
    await commit_turn(store, clock, 1, "first", sender="slow")
    receivers, callback = Receivers(), Callback(URL, timeout_seconds=60)
    async with delivering(store, clock, receivers, callback=callback):
        assert await receivers.begun.get() == "first"
        clock.advance(60)
        assert not await store.due_outgoing()


async def test_expired_claim_of_a_dead_worker_is_delivered(
    store: SqlTurns, clock: Clock, backend: Backend, delivery: Delivery
) -> None:
    await commit_turn(store, clock, 1, "one")
    claimed = await store.due_outgoing(claimed_for=60)
    assert len(claimed) == 1
    assert await delivery.deliver_due() == 0
    clock.advance(61)
    await drain(delivery)
    assert backend.texts == ["one"]


class Receivers:
    """Accepts what is sent to it; makes senders to `slow` wait until they are released."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.go = asyncio.Event()

    async def __call__(self, outgoing: Outgoing) -> None:
        body = json.loads(outgoing.body)
        self.begun.put_nowait(body["text"])
        if body["recipient_id"] == "slow":
            await self.go.wait()


@asynccontextmanager
async def delivering(
    store: SqlTurns, clock: Clock, receivers: Receivers, *, callback: Callback | None = None
) -> AsyncIterator[asyncio.Event]:
    """Delivers in the background; yields the event that makes it look again."""
    wake = asyncio.Event()
    sources, senders = Sources(now=clock.now), {"callback": receivers}
    delivery = Delivery(store, sources, callback=callback, senders=senders, wake=wake)
    async with asyncio.timeout(10), delivery:
        running = asyncio.create_task(delivery.run())
        try:
            yield wake
        finally:
            running.cancel()
            await asyncio.wait([running])


async def test_woken_delivery_looks_for_replies_at_once(
    store: SqlTurns, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.delivery._LOOK_EVERY", 3_600.0)
    receivers = Receivers()
    await commit_turn(store, clock, 1, "first", sender="one")
    async with delivering(store, clock, receivers) as wake:
        assert await receivers.begun.get() == "first"
        await asyncio.sleep(0.05)  # until it waits
        await commit_turn(store, clock, 1, "second", sender="other")
        wake.set()
        assert await receivers.begun.get() == "second"


async def test_hanging_receiver_blocks_only_its_own_conversation(store: SqlTurns, clock: Clock) -> None:
    receivers = Receivers()
    await commit_turn(store, clock, 1, "first", "second", sender="slow")
    async with delivering(store, clock, receivers) as wake:
        assert await receivers.begun.get() == "first"
        await commit_turn(store, clock, 1, "third", "fourth", sender="quick")
        wake.set()
        assert [await receivers.begun.get() for _ in range(2)] == ["third", "fourth"]
        receivers.go.set()
        assert await receivers.begun.get() == "second"


async def test_delivery_in_progress_is_not_repeated_when_its_claim_expires(store: SqlTurns, clock: Clock) -> None:
    receivers = Receivers()
    await commit_turn(store, clock, 1, "first", sender="slow")
    async with delivering(store, clock, receivers) as wake:
        assert await receivers.begun.get() == "first"
        clock.advance(3_600)
        await commit_turn(store, clock, 1, "second", sender="quick")
        wake.set()
        assert await receivers.begun.get() == "second"
        assert receivers.begun.empty()


async def test_unexpected_error_is_reported_and_does_not_block_other_replies(store: SqlTurns, clock: Clock) -> None:
    sent: list[str] = []
    told: list[tuple[str, type[BaseException]]] = []

    async def send(outgoing: Outgoing) -> None:
        body = json.loads(outgoing.body)
        if body["recipient_id"] == "odd":
            raise KeyError
        sent.append(body["text"])

    def tell(channel: str, error: BaseException) -> None:
        told.append((channel, type(error)))

    await commit_turn(store, clock, 1, "one", sender="odd")
    await commit_turn(store, clock, 1, "two", sender="other")
    senders = {"callback": send}
    async with Delivery(store, Sources(now=clock.now), senders=senders, tell=tell) as delivery:
        await drain(delivery)
    assert (sent, told) == (["two"], [("channel callback", KeyError)])


def test_reply_ids_stay_unique_after_a_restore_repeats_turn_numbers() -> None:
    at = datetime.now(UTC)
    message = UserMessage("hi", "c", "m", at, Principal("key", "k"), "callback", sender="ann")
    ids = {
        outgoing.id
        for seed in (1, 2)
        for address in (addressing("http://there"), plugged.addressing("callback", sends_all=True))
        for outgoing in address(message, TurnRecord(7, message, (BotUttered(Reply(text="hello")),), (), at, seed, "c"))
    }
    assert len(ids) == 4
