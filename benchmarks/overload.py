"""Ten times more messages than the bot can answer: how much goodput it keeps, and how soon it refuses the rest.

    python benchmarks/overload.py [--seconds 5] [--times 10] [--connections 2000]

First the capacity is measured: 64 users, each waiting for an answer before the next message, in conversations that
already have some turns, as those of the flood have. Then come as many users as there are connections, who wait as long
as a 503 answer asks them to (`Retry-After`); and then messages at `--times` times the capacity, whether or not anything
is answered (an open loop), over those connections, each with one request at a time. The server runs on one core, the
load on the other. Prints a table, and the goodput that was kept, with its goal: by the clock, and by the server's CPU
time, which a busy machine does not distort.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
from collections import deque
from pathlib import Path
from time import perf_counter

from msgspec import Struct, field

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.load import Request, Result, header_number, load, post, table  # noqa: E402 - the path is set above
from benchmarks.turns import TEXTS, auth_of, make_project, process, workplace  # noqa: E402 - as above

PORT = 5931
CLIENTS = 64
SENDERS = 1_000
TICK = 0.002
"""Seconds between bursts of the open loop."""


class Flood(Struct):
    """An open loop: messages sent, answered (latencies in seconds by status), and unsent for lack of a connection."""

    seconds: float
    latencies: dict[int, list[float]] = field(default_factory=dict)
    sent: int = 0
    unsent: int = 0
    cpu: float = 0.0
    without_retry_after: int = 0

    def rate(self, status: int) -> float:
        """Answers of this status per second."""
        return len(self.latencies.get(status, ())) / self.seconds

    def cells(self, status: int) -> tuple[str, ...]:
        """A row of the table."""
        result = Result(self.seconds, self.latencies.get(status, []))
        p50, p99 = result.percentile(0.5) * 1e3, result.percentile(0.99) * 1e3
        return (f"flood, {status}", f"{self.rate(status):,.0f}", f"{p50:.1f}", f"{p99:.1f}")


class Connection(asyncio.Protocol):
    """One kept-alive connection with one request at a time."""

    def __init__(self, idle: deque[Connection], flood: Flood) -> None:
        self._idle, self._flood = idle, flood
        self._sent = 0.0
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Mark the connection as idle."""
        self._transport = transport
        self._idle.append(self)

    def send(self, request: bytes) -> None:
        """Send a request."""
        self._sent = perf_counter()
        self._transport.write(request)  # type: ignore[attr-defined] # a BaseTransport in name only

    def data_received(self, data: bytes) -> None:
        """Receive an answer, whole or in parts."""
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        head = head.lower()
        if not end or len(body) < header_number(head, b"content-length:"):
            return
        status = int(head[9:12])
        self._flood.latencies.setdefault(status, []).append(perf_counter() - self._sent)
        if status == 503 and b"retry-after:" not in head:
            self._flood.without_retry_after += 1
        self._answer = b""
        self._idle.append(self)


def backend_messages(key: str) -> Request:
    """Requests of a backend's users, as many users for the capacity as for the flood, each with its own message id."""
    run = secrets.token_hex(4)

    def request(client: int, number: int) -> bytes:
        sender = f"user-{(client + number * CLIENTS) % SENDERS}"
        body = {"sender": sender, "message": TEXTS[number % len(TEXTS)], "message_id": f"{run}-{client}-{number}"}
        return post("/webhooks/rest/webhook", body, token=key)

    return request


def server_cpu(command: str | None = None) -> float:
    """The CPU time (seconds) so far of this process's children, or of those running one command (`run`)."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    if command is not None:
        words = {child: Path(f"/proc/{child}/cmdline").read_text().split("\0") for child in children}
        children = [child for child in children if command in words[child]]
    fields = [Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split() for child in children]
    return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")


async def flood(port: int, key: str, rate: float, seconds: float, connections: int) -> Flood:
    """Send `rate` messages per second for `seconds` after a warm-up of one second, which is not counted."""
    idle: deque[Connection] = deque()
    result = Flood(seconds)
    loop, request = asyncio.get_running_loop(), backend_messages(key)
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(idle, result), "127.0.0.1", port)
    requests = [request(number % CLIENTS, number // CLIENTS) for number in range(int(rate * (seconds + 1)) + 1)]
    began, number = perf_counter(), 0
    before: tuple[int, float] | None = None
    while (now := perf_counter() - began) < seconds + 1:
        if now >= 1 and before is None:
            before = number, server_cpu()
            result.latencies.clear()
            result.unsent = 0
        while number < min(now * rate, len(requests)):
            if idle:
                idle.popleft().send(requests[number])
            else:
                result.unsent += 1
            number += 1
        await asyncio.sleep(TICK)
    assert before is not None
    result.sent, result.cpu = number - before[0], server_cpu() - before[1]
    return result


async def make_key(project: Path, store: str) -> str:
    """A channel key."""
    async with auth_of(project, store) as auth:
        return (await auth.keys.create({"channel"})).secret


def run_all(work: Path, times: float, seconds: float, connections: int) -> tuple[Result, float, Result, Flood]:
    """The capacity, its CPU time per turn (seconds), the users who wait as asked, and the flood."""
    import uvloop

    project, store = make_project(work / "project"), f"sqlite:///{work}/bot.db"
    key = asyncio.run(make_key(project, store))
    bot = (sys.executable, "-m", "bot", "run", "--project", str(project), "--store", store, "--port", str(PORT))
    with process(0, *bot, until="ready", log=work / "bot.log"):
        uvloop.run(load(PORT, CLIENTS, 2 * seconds, backend_messages(key), warmup=0))
        before = server_cpu()
        capacity = uvloop.run(load(PORT, CLIENTS, seconds, backend_messages(key), warmup=0))
        turn = (server_cpu() - before) / capacity.statuses[200]
        patient = uvloop.run(load(PORT, connections, seconds, backend_messages(key), warmup=2))
        return capacity, turn, patient, uvloop.run(flood(PORT, key, times * capacity.rate, seconds, connections))


def users(name: str, result: Result) -> tuple[str, ...]:
    """A row of the table, for users who wait for each answer."""
    p50, p99 = result.percentile(0.5) * 1e3, result.percentile(0.99) * 1e3
    return (name, f"{result.rate:,.0f}", f"{p50:.1f}", f"{p99:.1f}")


def report(capacity: Result, turn: float, patient: Result, flooded: Flood) -> str:
    """The table and the notes, with the goals."""
    rows = [users("capacity", capacity), users("users who wait as asked", patient)]
    rows += [flooded.cells(status) for status in sorted(flooded.latencies)]
    kept = flooded.rate(200) / capacity.rate
    by_cpu = turn * len(flooded.latencies[200]) / flooded.cpu
    sent, unsent = flooded.sent / flooded.seconds, flooded.unsent / flooded.seconds
    notes = [
        f"{sent:,.0f} messages per second were due, {unsent:,.0f} of them found no free connection",
        f"{flooded.without_retry_after} answers with status 503 had no Retry-After",
        f"a turn took {turn * 1e3:.2f} ms of the server's CPU time; the flood took {flooded.cpu:.1f} s",
        f"answers to users who wait as asked, by status: {dict(sorted(patient.statuses.items()))}",
        f"goodput kept with them: {patient.rate / capacity.rate:.2f} (goal: ≥ 0.90)",
        f"goodput kept in the flood: {kept:.2f} by the clock, {by_cpu:.2f} by CPU time (goal: ≥ 0.90)",
    ]
    return table(("figure", "answers/s", "p50 ms", "p99 ms"), rows) + "\n\n" + "\n".join(notes)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each figure is measured")
    parser.add_argument("--times", type=float, default=10.0, help="messages sent, as a multiple of the capacity")
    parser.add_argument("--connections", type=int, default=2_000)
    given = parser.parse_args()
    with workplace() as work:
        print(report(*run_all(work, given.times, given.seconds, given.connections)))


if __name__ == "__main__":
    main()
