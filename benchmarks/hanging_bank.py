"""A bank that hangs: what it costs the turns that do not ask it.

    python benchmarks/hanging_bank.py [--seconds 5] [--clients 64] [--askers 64] [--rounds 3]

Clients that need no bank talk as fast as they can, beside others who ask for their balance once a second each. In every
second run the bank answers no question. The server runs on one core, the load and the bank on the other. Prints the
turns a second of the former with a well and with a hanging bank, round by round, and the ratio of the medians with its
goal.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402 - the path is set above
import uvloop  # noqa: E402 - as above

from benchmarks.load import Result, load, table  # noqa: E402 - as above
from benchmarks.turns import BALANCE, TEXTS, make_project, messages, open_sessions, process  # noqa: E402 - as above


@dataclass(frozen=True)
class Round:
    """The load that needs no bank beside a well and a hanging one, and how the questions to it were answered."""

    well: Result
    asked_well: Counter[int]
    hanging: Result
    asked_hanging: Counter[int]


BANK_PORT, PORT = 5941, 5942
BANK = f"http://127.0.0.1:{BANK_PORT}"


def order(project: Path, *, hanging: bool) -> None:
    """Let the bank answer no question any more, or all again; tokens it always gives."""
    key = (project / ".teller/bank-admin.key").read_text().strip()
    fault = {"kind": "hang", "path": "/open-banking/*", "seconds": 600}
    with httpx.Client(trust_env=False, headers={"Authorization": f"Bearer {key}"}) as client:
        client.delete(f"{BANK}/admin/faults").raise_for_status()
        if hanging:
            client.post(f"{BANK}/admin/faults", json=fault).raise_for_status()


async def ask(askers: list[str], statuses: Counter[int]) -> None:
    """Let each asker ask once a second, whether or not the last question was answered."""
    request = messages(askers, (BALANCE,))
    numbers = count()

    async def once(asker: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        try:
            writer.write(request(asker, next(numbers)))
            statuses[int((await reader.readuntil(b"\r\n"))[9:12])] += 1
        finally:
            writer.close()

    async with asyncio.TaskGroup() as group:
        for asker in cycle(range(len(askers))):
            group.create_task(once(asker))
            await asyncio.sleep(1.0 / len(askers))


async def talk(talkers: list[str], askers: list[str], seconds: float, statuses: Counter[int]) -> Result:
    """Load that needs no bank, beside those who ask it; the result is that of the former."""
    asking = asyncio.create_task(ask(askers, statuses))
    result = await load(PORT, len(talkers), seconds, messages(talkers, TEXTS))
    asking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asking
    return result


def run(work: Path, given: argparse.Namespace) -> list[Round]:
    """Every round."""
    project, store = make_project(work / "project"), f"sqlite:///{work}/bot.db"
    tokens = asyncio.run(open_sessions(project, store, given.clients + given.askers))
    talkers, askers = tokens[: given.clients], tokens[given.clients :]
    bot = (sys.executable, "-m", "bot")
    simulator = (*bot, "simulator", "--project", str(project), "--port", str(BANK_PORT))
    serve = (*bot, "run", "--project", str(project), "--store", store, "--port", str(PORT), "--bank-url", BANK)
    rounds = []
    with (
        process(1, *simulator, until="ready", log=work / "simulator.log"),
        process(0, *serve, until="ready", log=work / "bot.log"),
    ):
        for _ in range(given.rounds):
            found = []
            for hanging in (False, True):
                order(project, hanging=hanging)
                statuses: Counter[int] = Counter()
                found.append((uvloop.run(talk(talkers, askers, given.seconds, statuses)), statuses))
                time.sleep(6.0 if hanging else 0.0)  # the breaker tries the bank again after 5 s
            rounds.append(Round(*found[0], *found[1]))
    return rounds


def report(rounds: list[Round]) -> str:
    """The table, and the ratio with its goal."""
    rows = [
        (f"round {number}", f"{r.well.rate:,.0f}", f"{r.hanging.rate:,.0f}", dict(r.asked_well), dict(r.asked_hanging))
        for number, r in enumerate(rounds, start=1)
    ]
    columns = ("turns/s that need no bank", "bank well", "bank hangs", "asked (well)", "asked (hangs)")
    ratio = statistics.median(r.hanging.rate for r in rounds) / statistics.median(r.well.rate for r in rounds)
    return f"{table(columns, rows)}\n\nratio of the medians {ratio:.2f}, goal ≥ 0.90"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each run is measured")
    parser.add_argument("--clients", type=int, default=64, help="how many need no bank")
    parser.add_argument("--askers", type=int, default=64, help="how many ask the bank")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "project").mkdir()
        print(report(run(work, given)))


if __name__ == "__main__":
    main()
