"""Kills a real server at random moments under real HTTP clients, starts it again, and checks what they were told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.engine.codec import read_record
from bot.stores.database import Database
from tests.durability.processes import Process, Server, bot, free_port, link_project, running

LOGINS = (("12345678", "135790"), ("87654321", "024680"), ("00123456", "000042"))
ATTEMPT_SECONDS = 15.0
ANSWERS_AT_LAST = 20
"""How many messages must be answered after the last kill."""
SAYINGS = ("hello there", "what can you do?", "thanks", "are you a bot?", "tell me something about number {n}")


@dataclass
class Acknowledged:
    """A message that was answered: as the client sent it, with its id in the body, and the answer's bytes."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    answer: bytes

    @property
    def message_id(self) -> str:
        """The message's id, which the channels name differently."""
        return str(self.body.get("message_id") or self.body["messageId"])


@dataclass
class Report:
    """A run: kills, acknowledged messages, attempts, transfers made, and all promises that were broken."""

    kills: int
    acknowledged: list[Acknowledged] = field(default_factory=list)
    attempts: int = 0
    payments: int = 0
    delivered: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Settings:
    """What a run is like. `careless` clients try again under a new id: the control, which doubles turns."""

    kills: int
    senders: int = 6
    seed: int = 0
    workers: int = 1
    careless: bool = False
    longest_life: float = 1.5


class Clients:
    """Clients that send again, under the same id, until they are answered."""

    def __init__(self, url: str, key: str, settings: Settings, report: Report) -> None:
        self._url, self._key, self._settings, self._report = url, key, settings, report
        self._chance = random.Random(settings.seed)
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ATTEMPT_SECONDS))
        self.stopping = False
        self._heard = asyncio.Event()

    async def hear(self, answers: int) -> None:
        """Wait until this many more messages were answered."""
        for _ in range(answers):
            self._heard.clear()
            await self._heard.wait()

    async def close(self) -> None:
        await self._session.close()

    async def chatter(self, sender: str) -> None:
        """A backend's user who says one thing after another."""
        number, headers = 0, {"Authorization": f"Bearer {self._key}"}
        while not self.stopping:
            number += 1
            text = self._chance.choice(SAYINGS).format(n=number) + f" ({sender} {number})"
            body = {"sender": sender, "message": text, "message_id": f"{sender}-{number}"}
            await self.say("/webhooks/rest/webhook", headers, body, "message_id")

    async def write(self, sender: str) -> None:
        """A backend's user whose answers come later, by callback."""
        number, headers = 0, {"Authorization": f"Bearer {self._key}"}
        while not self.stopping:
            number += 1
            body = {"sender": sender, "message": f"hello ({sender} {number})", "message_id": f"{sender}-{number}"}
            await self.say("/webhooks/callback/webhook", headers, body, "message_id")
            await asyncio.sleep(0.1)

    async def spend(self, account: str, code: str) -> None:
        """A customer who moves a pound again and again, and sometimes says yes twice."""
        token = await self._log_in(account, code)
        number, headers = 0, {"Authorization": f"Bearer {token}"}
        while not self.stopping:
            for text in ("move £1 from current to savings", "yes"):
                number += 1
                await self.say("/chat", headers, {"message": text, "messageId": f"c-{number}"}, "messageId")
            if self._chance.random() < 0.3:
                number += 1
                await self.say("/chat", headers, {"message": "yes", "messageId": f"c-{number}"}, "messageId")

    async def say(self, path: str, headers: dict[str, str], body: dict[str, Any], id_key: str) -> None:
        """Send one message until it is answered, and remember the answer."""
        tries, message_id = 0, body[id_key]
        while True:
            tries += 1
            if self._settings.careless and tries > 1:
                body = {**body, id_key: f"{message_id}+{tries}"}
            answer = await self.attempt(path, headers, body)
            if answer is not None:
                self._report.acknowledged.append(Acknowledged(path, headers, body, answer))
                self._heard.set()
                return
            await asyncio.sleep(0.05)

    async def attempt(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> bytes | None:
        """One try; None when there was no answer, or an honest 'not now'."""
        self._report.attempts += 1
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, ConnectionError):
            async with self._session.post(self._url + path, headers=headers, json=body) as response:
                answer = await response.read()
            if response.status == 200:
                return answer
            if response.status not in (429, 503):
                self._report.problems.append(f"{path} answered {response.status}: {answer[:200]!r}")
                return b""
        return None

    async def _log_in(self, account: str, code: str) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answer = await self.attempt("/auth", {}, {"accountNumber": account, "code": code})
            if answer is not None:
                token: str = json.loads(answer)["token"]
                return token
            await asyncio.sleep(0.2)
        raise AssertionError("nobody could log in for a minute")


class Receiver:
    """The backend that replies are delivered to. It is busy now and then, and drops repeats."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.received: dict[str, tuple[str, str]] = {}

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve; yields the URL."""
        app = web.Application()
        app.router.add_post("/replies", self._receive)
        runner = web.AppRunner(app)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield f"http://127.0.0.1:{port}/replies"
        finally:
            await runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        if self._chance.random() < 0.1:
            raise web.HTTPServiceUnavailable
        try:
            body = await request.json()
        except ConnectionError:  # its sender was killed
            raise web.HTTPBadRequest from None
        self.received.setdefault(request.headers["X-Message-ID"], (body["recipient_id"], body.get("text", "")))
        return web.Response(status=204)


async def crash(folder: Path, store: str, settings: Settings) -> Report:
    """One run on a new project in `folder` with the store at this URL."""
    receiver = Receiver(settings.seed)
    async with receiver.serving() as callback:
        return await _crash(folder, store, settings, receiver, callback)


async def _crash(folder: Path, store: str, settings: Settings, receiver: Receiver, callback: str) -> Report:
    project, log, report = link_project(folder / "bank", callback), folder / "log.txt", Report(settings.kills)
    with running(project, "bank ready", folder / "bank-log.txt", "simulator", "--port", "0") as bank:
        url = f"http://127.0.0.1:{free_port()}"
        words = ["run", "--demo", "--bank-url", bank.url, "--port", url.rsplit(":", 1)[1], "--store", store]
        words += ["--workers", str(settings.workers)]
        server = Server(project, "ready", log, *words)
        key = bot(project, "keys", "create", "--scope", "channel", "--store", store).split()[-1]
        clients = Clients(url, key, settings, report)
        try:
            await _kill_again_and_again(clients, server, settings)
            await _check_replies(clients, report)
            await _check_money(store, bank, project, report)
            await _check_delivery(store, receiver, report)
        finally:
            await clients.close()
            server.kill()
    report.problems += await check_store(project, store, report)
    return report


async def check_store(project: Path, store: str, report: Report) -> list[str]:
    """What is wrong with the store that is left: by `bot store verify`, and by what clients were told."""
    return [*_verify(project, store), *await _check_history(store, report)]


async def _kill_again_and_again(clients: Clients, server: Server, settings: Settings) -> None:
    chance = random.Random(settings.seed + 1)
    tasks = [asyncio.create_task(clients.chatter(f"u{n}")) for n in range(settings.senders)]
    tasks += [asyncio.create_task(clients.write(f"w{n}")) for n in range(2)]
    tasks += [asyncio.create_task(clients.spend(*login)) for login in LOGINS]
    for _ in range(settings.kills):
        await asyncio.sleep(chance.uniform(0.1, settings.longest_life))
        server.kill()
        await asyncio.to_thread(server.start_again)
    await asyncio.wait_for(clients.hear(ANSWERS_AT_LAST), 60)
    clients.stopping = True
    await asyncio.wait_for(asyncio.gather(*tasks), 60)


async def _check_replies(clients: Clients, report: Report) -> None:
    """Every message again: the answer must be the same, byte for byte."""
    for sent in list(report.acknowledged):
        again = await clients.attempt(sent.path, sent.headers, sent.body)
        if again != sent.answer:
            report.problems.append(f"{sent.body} was answered {sent.answer!r} and is now {again!r}")


async def _check_money(store: str, bank: Process, project: Path, report: Report) -> None:
    """Every effect that was spent has one payment at most, and no payment came from elsewhere."""
    admin = (project / ".teller" / "bank-admin.key").read_text().strip()
    books = await _books(bank.url, admin)
    database = Database.open(store, readers=1)
    try:
        effects = await _settled_effects(database, {payment["key"] for payment in books["payments"]})
    finally:
        await database.close()
    keys = [payment["key"] for payment in books["payments"]]
    done = {key for key, status in effects.items() if status == "done"}
    made = {payment["key"] for payment in books["payments"] if payment["status"] == "ACSC"}
    report.payments = len(made)
    if books["sum"] != 0:
        report.problems.append(f"money was made or lost: {books['sum']} pence")
    if len(keys) != len(set(keys)):
        report.problems.append("a key was paid twice")
    if made != done:
        report.problems.append(f"{len(made)} payments were made, and {len(done)} transfers are known to be")


async def _books(url: str, admin: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {admin}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(f"{url}/admin/books") as response:
        books: dict[str, Any] = await response.json()
        return books


async def _settled_effects(database: Database, known: set[str]) -> dict[str, str]:
    """All effects, once the server has found out the outcome of each that the bank knows.

    One that was journalled and never reached the bank stays unknown until the bank would refuse it, minutes later.
    """
    deadline = time.monotonic() + 60
    while True:
        rows = await database.read(lambda c: c.all("SELECT key, status FROM effects"))
        effects = {row.key: row.status for row in rows}
        open_ones = {key for key, status in effects.items() if status in ("spending", "unknown")}
        if time.monotonic() > deadline or not open_ones & known:
            return effects
        await asyncio.sleep(0.2)


async def _check_delivery(store: str, receiver: Receiver, report: Report) -> None:
    """Every reply of a message that was taken has come, and they came in order."""
    database = Database.open(store, readers=1)
    try:
        sent = await _delivered(database)
    finally:
        await database.close()
    if set(receiver.received) != set(sent):
        report.problems.append(f"{len(sent)} replies went out, and {len(receiver.received)} came")
    came: dict[str, list[str]] = {}
    for reply in receiver.received:
        came.setdefault(reply.split(".")[0], []).append(reply)
    if any(replies != [reply for reply in sent if reply in replies] for replies in came.values()):
        report.problems.append("replies came out of order")
    report.delivered = len(receiver.received)


async def _delivered(database: Database) -> list[str]:
    """The ids of all replies in order, once nothing waits in the inbox or the outbox any more."""
    deadline = time.monotonic() + 90
    waiting = (
        "SELECT (SELECT count(*) FROM inbox WHERE status = 'accepted') + count(*) AS n FROM outbox WHERE status = 'due'"
    )
    while time.monotonic() < deadline:
        if (await database.read(lambda c: c.all(waiting)))[0].n == 0:
            break
        await asyncio.sleep(0.2)
    rows = await database.read(lambda c: c.all("SELECT id FROM outbox WHERE status = 'sent' ORDER BY number"))
    return [row.id for row in rows]


def _verify(project: Path, store: str) -> list[str]:
    """What `bot store verify` finds, except effects without outcome: `_check_money` knows more about those."""
    found = bot(project, "store", "verify", "--store", store, may_fail=True).splitlines()
    ends = ("The store is sound.", "problems.", "problem.", "customers.", "customer.")
    return [f"verify: {line}" for line in found if "has no outcome since" not in line and not line.endswith(ends)]


async def _check_history(store: str, report: Report) -> list[str]:
    """Every acknowledged message is there once, and everything said is there once."""
    database = Database.open(store, readers=1)
    try:
        rows = await database.read(lambda c: c.all("SELECT conversation, seq, record FROM turns"))
    finally:
        await database.close()
    messages = [read_record(row.record).message for row in rows]
    said = [(message.principal.id, message.message_id) for message in messages]
    texts = [message.text for message in messages if message.text.endswith(")")]
    ids = {message.message_id for message in messages}
    problems = [f"lost: {sent.body}" for sent in report.acknowledged if sent.message_id not in ids]
    if len(said) != len(set(said)):
        problems.append("a message id was answered twice")
    if len(texts) != len(set(texts)):
        problems.append(f"{len(texts) - len(set(texts))} messages were answered twice")
    return problems
