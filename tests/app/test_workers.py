"""Several workers on one PostgreSQL database, as real processes: started, killed, stopped, and one history for all."""

from __future__ import annotations

import asyncio
import json
import os
import re
import select
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, cast

import httpx
import pytest

from bot.engine.codec import read_record
from bot.sources import Sources
from bot.stores.database import Database
from bot.stores.turns import open_turns
from tests.app.conftest import GREETER, RunBot, Running, running_bot
from tests.app.test_run import command
from tests.stores.cluster import Cluster, running_cluster

BankProject = Callable[[str], Path]
MESSAGES = 150
TAKEN = 12
LIMITS = "\nlimits: {waiting_per_conversation: 2000, waiting: 4000, turn_seconds: 60, shutdown_seconds: 60}\n"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


class Receiver(ThreadingHTTPServer):
    """A backend that takes replies at its callback; `got` holds each reply's id and body, in order of arrival."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Callback)
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.expected = 0
        self.complete = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/callback"


class _Callback(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take one reply."""
        receiver = cast("Receiver", self.server)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        receiver.got.append((self.headers["X-Message-ID"], body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if len({reply for reply, _ in receiver.got}) == receiver.expected:
            receiver.complete.set()

    def log_message(self, format: str, *values: Any) -> None:
        """Log no requests."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = Thread(target=receiver.serve_forever, daemon=True)
        thread.start()
        yield receiver
        receiver.shutdown()


@dataclass
class Place:
    """A bank, a project that uses it, and two bots that serve the project from one database, as on two machines."""

    project: Path
    bank: Running
    store: str
    machines: list[Running]
    receiver: Receiver

    def login(self) -> str:
        """The token of a customer who logged in at the first machine."""
        with self.machines[0].login() as customer:
            return customer.headers["Authorization"].split()[1]

    def clients(self, token: str) -> list[httpx.AsyncClient]:
        """A client for each machine."""
        head = {"Authorization": f"Bearer {token}"}
        limits = httpx.Limits(max_connections=50)
        return [
            httpx.AsyncClient(base_url=machine.url, headers=head, trust_env=False, timeout=60, limits=limits)
            for machine in self.machines
        ]

    def key(self, scope: str) -> str:
        """A new key."""
        return command(self.project, "keys", "create", "--scope", scope, "--store", self.store).stdout.split()[-1]

    @contextmanager
    def broken_bank(self, **fault: Any) -> Iterator[None]:
        """The bank with a fault (simulator.faults.Fault)."""
        admin = (self.project / ".teller" / "bank-admin.key").read_text().strip()
        with self.bank.client(admin) as client:
            assert client.post("/admin/faults", json=fault).status_code == 201
            yield
            client.delete("/admin/faults")

    async def until_struck(self) -> None:
        """Wait until the bank's only fault has struck for the last time."""
        admin = (self.project / ".teller" / "bank-admin.key").read_text().strip()
        head = {"Authorization": f"Bearer {admin}"}
        async with httpx.AsyncClient(base_url=self.bank.url, headers=head, trust_env=False) as client:
            async with asyncio.timeout(30):
                while (await client.get("/admin/faults")).json()["faults"][0]["count"]:
                    await asyncio.sleep(0.01)

    async def messages(self, senders: Sequence[str]) -> dict[str, list[list[str]]]:
        """The senders' message ids in the order of their turns, split at the dash, by conversation."""
        database = Database.open(self.store, readers=1)
        select = "SELECT id FROM conversations WHERE sender = :sender"
        found = {}
        for sender in senders:
            row = await database.read(lambda c, sender=sender: c.one(select, sender=sender))
            turns = await open_turns(database, Sources()).turns(row.id, limit=1_000)
            found[row.id] = [read_record(turn.record).message.message_id.rsplit("-", 1) for turn in turns]
        await database.close()
        return found

    def metric(self, key: str, name: str) -> float:
        """A counter, summed over the machines."""
        total = 0.0
        for machine in self.machines:
            with machine.client(key) as operator:
                found = re.findall(rf"^{name} (\S+)$", operator.get("/metrics").text, re.MULTILINE)
            total += sum(map(float, found))
        return total


@pytest.fixture(scope="module")
def place(bank_project: BankProject, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    project, logs, store = bank_project("machines"), tmp_path_factory.mktemp("logs"), cluster.new_database()
    config = (project / "config.yml").read_text()
    (project / "config.yml").unlink()
    (project / "config.yml").write_text(config + LIMITS)
    with ExitStack() as stack:
        receiver = stack.enter_context(receiving())
        (project / "credentials.yml").write_text(f"callback: {{url: '{receiver.url}'}}\n")
        bank = stack.enter_context(running_bot(logs, project, command="simulator"))
        words = ("--demo", "--store", store, "--bank-url", bank.url)
        machines = [stack.enter_context(running_bot(logs, project, *words)) for _ in range(2)]
        yield Place(project, bank, store, machines, receiver)


def workers_of(running: Running) -> list[int]:
    """The process ids of the workers, the oldest first."""
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text()
    return [int(child) for child in children.split()]


def next_line(running: Running, containing: str) -> str:
    assert running.process.stdout is not None
    for line in running.process.stdout:
        running.lines.append(line.rstrip())
        if containing in line:
            return line.rstrip()
    raise AssertionError(f"nothing was said of {containing}: {running.lines}")


def test_two_workers_serve_survive_a_kill_and_stop_together(run_bot: RunBot, place: Place, cluster: Cluster) -> None:
    words = ("--workers", "2", "--demo", "--store", cluster.new_database(), "--bank-url", place.bank.url)
    with run_bot(place.project, *words) as running:
        first, second = workers_of(running)
        assert sum(line.startswith("ready ") for line in running.lines) == 1
        with running.login() as customer:
            assert customer.post("/chat", json={"message": "what's my balance?"}).json()["turn"] == 1
            os.kill(second, signal.SIGKILL)
            assert "starting another" in next_line(running, "worker 2 ended")
            next_line(running, "worker 2 is ready again")
            assert first in workers_of(running)
            assert len(workers_of(running)) == 2
            assert customer.post("/chat", json={"message": "hello"}).json()["turn"] == 2
        assert running.stop() == 0
        assert running.process.stdout is not None
        rest = running.process.stdout.read().splitlines()
    assert [line for line in rest if "Stopping" in line] == ["Stopping: turns under way are finished first."]


def test_workers_end_when_their_parent_is_killed(run_bot: RunBot, tmp_path: Path, cluster: Cluster) -> None:
    project = tmp_path / "small"
    (project / "domain").mkdir(parents=True)
    (project / "config.yml").write_text("language: en\n")
    (project / "domain" / "greet.yml").write_text(GREETER)
    with run_bot(project, "--workers", "2", "--store", cluster.new_database()) as running:
        workers = [os.pidfd_open(pid) for pid in workers_of(running)]
        running.process.kill()
        for worker in workers:
            ended, _, _ = select.select([worker], [], [], 30)
            os.close(worker)
            assert ended, "a worker goes on without its parent"


def test_start_error_is_reported_once_for_all_workers(place: Place) -> None:
    store = "postgresql+psycopg://nobody@127.0.0.1:9/nothing"
    done = command(place.project, "run", "--workers", "3", "--store", store, "--bank-url", place.bank.url)
    assert done.returncode == 1
    assert done.stderr.count("store cannot be opened") == 1
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


async def test_concurrent_messages_to_two_machines_form_one_history(place: Place) -> None:
    key = place.key("operator")
    before = place.metric(key, "bot_turn_conflicts_total")
    clients = place.clients(place.login())

    async def say(number: int) -> httpx.Response:
        body = {"message": "hello", "messageId": f"many-{number}"}
        return await clients[number % len(clients)].post("/chat", json=body)

    answers = await asyncio.gather(*(say(number) for number in range(MESSAGES)))
    again = await asyncio.gather(*(say(number) for number in reversed(range(MESSAGES))))
    assert {answer.status_code for answer in answers} == {200}
    turns = sorted(answer.json()["turn"] for answer in answers)
    assert turns == list(range(turns[0], turns[0] + MESSAGES))
    assert [answer.content for answer in reversed(again)] == [answer.content for answer in answers]
    conflicts = place.metric(key, "bot_turn_conflicts_total") - before
    assert conflicts <= MESSAGES / 10
    for client in clients:
        await client.aclose()


async def test_message_sent_to_both_machines_at_once_is_one_turn(place: Place) -> None:
    clients = place.clients(place.login())
    seen = []
    for number in range(20):
        body = {"message": "what's my balance?", "messageId": f"both-{number}"}
        answers = await asyncio.gather(*(client.post("/chat", json=body) for client in clients * 2))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        seen.append(answers[0].json()["turn"])
    assert seen == list(range(seen[0], seen[0] + 20))
    for client in clients:
        await client.aclose()


def test_logins_logouts_and_locked_accounts_hold_on_both_machines(place: Place) -> None:
    first, second = place.machines
    with second.client(place.login()) as elsewhere, second.client() as anybody, first.client() as somebody:
        assert elsewhere.get("/chat/history").status_code == 200
        with first.client(elsewhere.headers["Authorization"].split()[1]) as customer:
            assert customer.post("/auth/logout").status_code < 300
        assert elsewhere.get("/chat/history").status_code == 401
        wrong = {"accountNumber": "00123456", "code": "999999"}
        tries = [client.post("/auth", json=wrong).status_code for client in (anybody, somebody) * 4]
        assert tries.count(401) == 5, "as many as an account has before it is locked, whichever machine is asked"
        assert tries[-1] == 429


async def test_turn_of_a_killed_worker_is_taken_over_by_another(place: Place, tmp_path: Path) -> None:
    token, body = place.login(), {"message": "what's my balance?", "messageId": "taken over"}
    words = ("--demo", "--store", place.store, "--bank-url", place.bank.url)
    [survivor, other] = place.clients(token)
    with place.broken_bank(kind="hang", path="*/balances", seconds=600, count=1):
        with running_bot(tmp_path, place.project, *words) as victim:
            async with httpx.AsyncClient(base_url=victim.url, headers=survivor.headers, trust_env=False) as client:
                asking = asyncio.create_task(client.post("/chat", json=body))
                await place.until_struck()
                victim.process.kill()
                with pytest.raises(httpx.TransportError):
                    await asking
        later = asyncio.create_task(other.post("/chat", json={"message": "hello", "messageId": "later"}))
        answers = [await survivor.post("/chat", json=body), await later]
    assert [answer.status_code for answer in answers] == [200, 200]
    turns = [answer.json()["turn"] for answer in answers]
    assert max(turns) - min(turns) == 1, "one turn each, and none of the worker that was killed"
    await survivor.aclose()
    await other.aclose()


async def test_accepted_messages_are_answered_in_order_and_delivered_once(place: Place) -> None:
    clients = place.clients(place.key("channel"))
    senders = [f"user-{index}" for index in range(len(clients))]
    place.receiver.expected = TAKEN * len(senders)

    async def take(sender: str, client: httpx.AsyncClient) -> None:
        for number in range(TAKEN):
            body = {"sender": sender, "message": "hello", "message_id": f"{sender}-{number}"}
            assert (await client.post("/webhooks/callback/webhook", json=body)).text == "success"

    await asyncio.gather(*map(take, senders, clients))
    assert await asyncio.to_thread(place.receiver.complete.wait, 30)
    replies = [reply for reply, _ in place.receiver.got]
    assert len(replies) == len(set(replies)), "no delivery was repeated, because none was lost"
    for conversation, messages in (await place.messages(senders)).items():
        delivered = [int(reply.split(".")[1]) for reply in replies if reply.startswith(conversation)]
        assert delivered == list(range(1, TAKEN + 1))
        assert [number for _, number in messages] == [str(number) for number in range(TAKEN)]
    for client in clients:
        await client.aclose()
