"""What a hanging bank costs the users who need nothing from it.

    python benchmarks/hanging.py [--seconds 3] [--rounds 3] [--asking 16]

Users who do not need the bank talk to the bot as fast as they are answered, while each customer asks for a balance
every second; in alternate rounds the bank works or hangs. Rounds alternate because machines are noisy, and for the same
reason the server's CPU time per turn is shown too. Prints a table, and the share of the rate that was kept, with its
goal.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import median

from msgspec import Struct

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.load import Result, load, read_answer, table  # noqa: E402 - the path is set above
from benchmarks.overload import backend_messages, make_key, server_cpu  # noqa: E402 - as above
from benchmarks.turns import BALANCE, make_project, messages, open_sessions, process, workplace  # noqa: E402 - as above

BANK, PORT, TALKING = 5951, 5952, 32


class Round(Struct):
    """One measurement: the users' results, those of customers who asked the bank, and CPU seconds per user's turn."""

    users: Result
    customers: Result
    cpu: float


def set_fault(project: Path, *, hang: bool) -> None:
    """Make the bank hang, or work again."""
    import httpx

    key = (project / ".teller" / "bank-admin.key").read_text().strip()
    head = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{BANK}", headers=head, trust_env=False) as client:
        client.delete("/admin/faults").raise_for_status()
        if hang:
            fault = {"kind": "hang", "path": "*/aisp/*", "seconds": 600}
            client.post("/admin/faults", json=fault).raise_for_status()


async def ask(index: int, tokens: list[str], result: Result) -> None:
    """Let one customer ask for a balance, and again a second after each answer; never returns."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    requests = messages(tokens, (BALANCE,))
    for number in count():
        await asyncio.sleep(1)
        writer.write(requests(index, number))
        status, _ = await read_answer(reader)
        result.statuses[status] = result.statuses.get(status, 0) + 1


async def one_round(key: str, tokens: list[str], seconds: float) -> Round:
    """Run one round: users talk, and customers ask for their balances."""
    before = server_cpu("run")
    asked = Result(seconds)
    asking = [asyncio.create_task(ask(index, tokens, asked)) for index in range(len(tokens))]
    talked = await load(PORT, TALKING, seconds, backend_messages(key), warmup=0)
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    return Round(talked, asked, (server_cpu("run") - before) / max(1, talked.statuses.get(200, 0)))


def run_all(work: Path, given: argparse.Namespace) -> tuple[list[Round], list[Round]]:
    """The rounds with a working bank, and those with a hanging one."""
    import uvloop

    project, store = make_project(work / "project"), f"sqlite:///{work}/bot.db"
    key = asyncio.run(make_key(project, store))
    tokens = asyncio.run(open_sessions(project, store, given.asking))
    base = (sys.executable, "-m", "bot")
    bank = (*base, "simulator", "--project", str(project), "--port", str(BANK))
    bot = (*base, "run", "--project", str(project), "--store", store, "--port", str(PORT))
    bot = (*bot, "--bank-url", f"http://127.0.0.1:{BANK}")
    well: list[Round] = []
    hanging: list[Round] = []
    with ExitStack() as stack:
        stack.enter_context(process(1, *bank, until="ready", log=work / "bank.log"))
        stack.enter_context(process(0, *bot, until="ready", log=work / "bot.log"))
        uvloop.run(one_round(key, tokens, 2.0))
        for _ in range(given.rounds):
            set_fault(project, hang=False)
            well.append(uvloop.run(one_round(key, tokens, given.seconds)))
            set_fault(project, hang=True)
            hanging.append(uvloop.run(one_round(key, tokens, given.seconds)))
    return well, hanging


def cells(name: str, rounds: list[Round]) -> tuple[str, ...]:
    """A row of the table: the medians over the rounds."""
    figures = (
        median(r.users.rate for r in rounds),
        median(r.users.percentile(0.5) for r in rounds) * 1e3,
        median(r.users.percentile(0.99) for r in rounds) * 1e3,
        median(r.cpu for r in rounds) * 1e3,
        median(r.customers.rate for r in rounds),
    )
    return (name, *(f"{figure:,.2f}" for figure in figures))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="duration of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--asking", type=int, default=16, help="customers who ask the bank")
    given = parser.parse_args()
    with workplace() as work:
        well, hanging = run_all(work, given)
    columns = ("bank", "turns/s", "p50 ms", "p99 ms", "CPU ms/turn", "balance answers/s")
    print(table(columns, [cells("works", well), cells("hangs", hanging)]))
    kept = median(bad.users.rate / good.users.rate for good, bad in zip(well, hanging, strict=True))
    print(f"\nrate kept for users who do not need the bank: {kept:.2f} (goal: ≥ 0.90)")


if __name__ == "__main__":
    main()
