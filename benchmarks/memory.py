"""Resident memory of a serving bot after many turns and a burst of logins, compared with a bare import of its packages.

    python benchmarks/memory.py [--turns 20000] [--logins 200] [--clients 32] [--conversations 2000]

The bank simulator is a separate process. "beyond imports" is what the bot takes more than a Python process that
imported the same packages and did nothing. Prints a row after each part of the load, and what the second half of the
turns added, where a leak would show. If trio is installed, as it is with this repository's own tools, httpcore imports
it, which takes 3 MB; a bot's own environment does not have it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.load import post, read_answer, table  # noqa: E402 - the path is set above
from benchmarks.overload import make_key  # noqa: E402 - as above
from benchmarks.turns import BALANCE, TEXTS, make_project, open_sessions, process  # noqa: E402 - as above

PACKAGES = (
    "aiohttp.web",
    "argon2",
    "backoff",
    "click",
    "dataset",
    "httpx",
    "jsonschema",
    "numpy",
    "orjson",
    "pluggy",
    "prometheus_client",
    "pycrfsuite",
    "rapidfuzz",
    "sqlalchemy.dialects.sqlite",
    "structlog",
    "uvloop",
    "yaml",
)
GOAL = 40.0
"""MB beyond imports."""

STEPS = 10
MANY_LOGINS = "\nlogin: {attempts_per_address: 1000000, attempts_in_all: 1000000}\n"


def resident(pid: int) -> float:
    """The resident memory of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not report a process's memory")


def resident_of_imports() -> float:
    """The resident memory of a process that imported the packages, in MB."""
    code = f"import {', '.join(PACKAGES)}; import sys; print('imported', flush=True); sys.stdin.read()"
    bare = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert bare.stdout is not None
    bare.stdout.readline()
    megabytes = resident(bare.pid)
    bare.communicate()
    return megabytes


async def send_all(port: int, requests: Iterator[bytes], clients: int) -> dict[int, int]:
    """Send all requests over `clients` connections; return how often each status was answered."""
    statuses: dict[int, int] = {}

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in requests:
            writer.write(request)
            status, _ = await read_answer(reader)
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return statuses


def turns(key: str, tokens: list[str], number: int, conversations: int) -> Iterator[bytes]:
    """Messages of a backend's many users and, one in ten, of customers who ask for their balance."""
    run = secrets.token_hex(4)
    for index in range(number):
        if index % 10 == 0:
            body = {"message": BALANCE, "messageId": f"{run}-{index}"}
            yield post("/chat", body, token=tokens[index // 10 % len(tokens)])
        else:
            text = f"{TEXTS[index % len(TEXTS)]} {index}"  # no two texts are equal
            body = {"sender": f"user-{index % conversations}", "message": text, "message_id": f"{run}-{index}"}
            yield post("/webhooks/rest/webhook", body, token=key)


def logins(number: int) -> Iterator[bytes]:
    """Logins, one in five with a wrong code."""
    for index in range(number):
        code = "999999" if index % 5 == 4 else "000000"
        yield post("/auth", {"accountNumber": f"{index % 8:08d}", "code": code}, token="")


def measure(work: Path, given: argparse.Namespace) -> tuple[float, list[tuple[str, float]], dict[int, int]]:
    """The imports' memory, the bot's after each part of the load (both MB), and the counts of answers by status."""
    import uvloop

    project, store = make_project(work / "project"), f"sqlite:///{work}/bot.db"
    config = (project / "config.yml").read_text()
    (project / "config.yml").unlink()
    (project / "config.yml").write_text(config + MANY_LOGINS)
    tokens = asyncio.run(open_sessions(project, store, 8))
    key = asyncio.run(make_key(project, store))
    statuses: dict[int, int] = {}

    def send(requests: Iterator[bytes]) -> None:
        for status, times in uvloop.run(send_all(5942, requests, given.clients)).items():
            statuses[status] = statuses.get(status, 0) + times

    base = (sys.executable, "-m", "bot")
    bank = (*base, "simulator", "--project", str(project), "--port", "5941")
    run = (*base, "run", "--project", str(project), "--store", store, "--port", "5942")
    with process(1, *bank, until="ready", log=work / "bank.log"):
        before = children()
        with process(0, *run, "--bank-url", "http://127.0.0.1:5941", until="ready", log=work / "bot.log"):
            [pid] = children() - before
            rows = [("started", resident(pid))]
            part = given.turns // STEPS
            for step in range(1, STEPS + 1):
                send(turns(key, tokens, part, given.conversations))
                rows.append((f"{part * step:,} turns", resident(pid)))
            send(logins(given.logins))
            rows.append((f"{given.logins} logins", resident(pid)))
            send(turns(key, tokens, part, given.conversations))
            rows.append((f"{part:,} more turns", resident(pid)))
    return resident_of_imports(), rows, statuses


def children() -> set[int]:
    """The ids of this process's children."""
    ids = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return {int(pid) for pid in ids}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=20_000)
    parser.add_argument("--logins", type=int, default=200, help="how many, all at once")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--conversations", type=int, default=2_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "project").mkdir()
        imports, rows, statuses = measure(Path(folder), given)
    cells = [(name, f"{mb:.1f}", f"{mb - imports:.1f}") for name, mb in [("imports alone", imports), *rows]]
    print(table(("after", "MB", "beyond imports"), cells))
    half = rows[STEPS // 2][1]
    print(f"\nanswers by status: {dict(sorted(statuses.items()))}")
    print(f"the second half of the turns added {rows[STEPS][1] - half:.1f} MB")
    print(f"beyond imports at the end: {rows[-1][1] - imports:.1f} MB (goal: ≤ {GOAL:.0f}, flat)")


if __name__ == "__main__":
    main()
