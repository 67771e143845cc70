"""Turns per second and latency of the bank assistant, compared with a yardstick in the same run.

    python benchmarks/turns.py [--seconds 5] [--clients 64]

On a machine with two cores, the server runs on one and the load (with the bank
simulator) on the other. The yardstick is `benchmarks/yardstick.py`. Machines are
noisy: it is the ratios that count. Prints a table, and the ratios with their goals.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.load import Request, Result, load, post, table  # noqa: E402 - the path is set above

if TYPE_CHECKING:
    from bot.auth.opening import Auth

TEXTS = ("hello", "thanks", "what can you do?", "are you a bot?")
BALANCE = "how much is in my savings?"


class Row(Struct, frozen=True):
    """One measured figure."""

    name: str
    result: Result

    def cells(self) -> tuple[str, ...]:
        """The row as the table shows it."""
        result = self.result
        p50, p99 = result.percentile(0.5) * 1e3, result.percentile(0.99) * 1e3
        bad = sum(count for status, count in result.statuses.items() if status != 200)
        return (self.name, f"{result.rate:,.0f}", f"{p50:.2f}", f"{p99:.2f}", str(bad))


def pinned(core: int, *command: str) -> list[str]:
    """The command, pinned to one core if the machine has several."""
    if (os.cpu_count() or 1) < 2 or shutil.which("taskset") is None:
        return list(command)
    return ["taskset", "-c", str(core), *command]


@contextlib.contextmanager
def process(core: int, *command: str, until: str, log: Path) -> Iterator[str]:
    """Run a process on a core; yields the line that says it is ready."""
    with log.open("w") as errors:
        started = subprocess.Popen(pinned(core, *command), stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT)
        try:
            assert started.stdout is not None
            ready = next((line for line in started.stdout if until in line), None)
            if ready is None:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text()[-2000:]}")
            yield ready.strip()
        finally:
            started.send_signal(signal.SIGTERM)
            started.wait(20)


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """A folder for one run, with an empty folder `project` in it; pins this process to the core of the load."""
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "project").mkdir()
        yield Path(folder)


def make_project(folder: Path) -> Path:
    """The bank assistant's project with its own data folder."""
    for name in ("actions", "intents", "stories", "simulator", "config.yml"):
        (folder / name).symlink_to(ROOT / name)
    models = ROOT / ".teller" / "models"
    (folder / ".teller").mkdir()
    if models.is_dir():
        (folder / ".teller" / "models").symlink_to(models)
    return folder


@contextlib.asynccontextmanager
async def auth_of(project: Path, store: str) -> AsyncIterator[Auth]:
    """Access to the bot's customers, sessions and keys, to create some before it starts."""
    from bot.auth.opening import open_auth
    from bot.reading import read_settings
    from bot.sources import Sources
    from bot.stores.database import Database

    database = Database.open(store, project=project)
    auth = await open_auth(database, read_settings(project)[0], Sources())
    yield auth
    auth.close()
    await database.close()


async def open_sessions(project: Path, store: str, clients: int) -> list[str]:
    """Add customers to the bot and log them in; return their tokens."""
    from simulator.demo import DEMO_CUSTOMERS

    tokens = []
    async with auth_of(project, store) as auth:
        for index in range(clients):
            bank_id = DEMO_CUSTOMERS[index % len(DEMO_CUSTOMERS)].bank_customer_id
            customer = await auth.customers.add(f"{index:08d}", "000000", bank_id)
            tokens.append((await auth.sessions.open(customer.id)).token)
    return tokens


def messages(tokens: list[str], texts: tuple[str, ...]) -> Request:
    """Requests that send the texts in turn, each with its own message id."""
    run = secrets.token_hex(4)

    def request(client: int, number: int) -> bytes:
        body = {"message": texts[number % len(texts)], "messageId": f"{run}-{client}-{number}"}
        return post("/chat", body, token=tokens[client])

    return request


def measure(port: int, tokens: list[str], texts: tuple[str, ...], clients: int, seconds: float) -> Result:
    """One run of load."""
    import uvloop

    return uvloop.run(load(port, clients, seconds, messages(tokens, texts)))


def bank_call(url: str, key: str) -> tuple[str, str]:
    """A balance URL at the simulator and a token for it."""
    import httpx

    from simulator.demo import DEMO_CUSTOMERS

    customer = DEMO_CUSTOMERS[0].bank_customer_id
    with httpx.Client(trust_env=False, base_url=url) as client:
        form = {"grant_type": "client_credentials", "customer": customer}
        token = client.post("/token", data=form, auth=("teller", key)).raise_for_status().json()["access_token"]
        head = {"Authorization": f"Bearer {token}"}
        accounts = client.get("/open-banking/v4.0/aisp/accounts", headers=head).raise_for_status().json()
        account = accounts["Data"]["Account"][0]["AccountId"]
    return f"{url}/open-banking/v4.0/aisp/accounts/{account}/balances", token


def yardstick(work: Path, tokens: Path, port: int, name: str, *extra: str) -> contextlib.AbstractContextManager[str]:
    """The yardstick's process."""
    command = (sys.executable, str(ROOT / "benchmarks/yardstick.py"), "--port", str(port), "--tokens", str(tokens))
    return process(0, *command, "--file", str(work / f"{name}.db"), *extra, until="ready", log=work / f"{name}.log")


def run_all(work: Path, clients: int, seconds: float) -> list[Row]:
    """Measure every figure."""
    project = make_project(work / "project")
    store = f"sqlite:///{work}/bot.db"
    tokens = asyncio.run(open_sessions(project, store, clients))
    (work / "tokens.json").write_text(json.dumps(tokens))
    bot = (sys.executable, "-m", "bot")
    rows: list[Row] = []
    with contextlib.ExitStack() as stack:
        simulator = (*bot, "simulator", "--project", str(project), "--port", "5910")
        stack.enter_context(process(1, *simulator, until="http", log=work / "simulator.log"))
        bank, bank_token = bank_call("http://127.0.0.1:5910", (project / ".teller/bank.key").read_text().strip())
        with yardstick(work, work / "tokens.json", 5911, "yardstick"):
            rows.append(Row("yardstick, many clients", measure(5911, tokens, TEXTS, clients, seconds)))
            rows.append(Row("yardstick, one client", measure(5911, tokens, TEXTS, 1, seconds)))
        with yardstick(work, work / "tokens.json", 5914, "dataset", "--dataset"):
            rows.append(Row("yardstick on dataset, many", measure(5914, tokens, TEXTS, clients, seconds)))
        run = (*bot, "run", "--project", str(project), "--store", store, "--port", "5913", "--bank-url")
        with process(0, *run, "http://127.0.0.1:5910", until="ready", log=work / "bot.log"):
            rows.append(Row("bot, many clients", measure(5913, tokens, TEXTS, clients, seconds)))
            rows.append(Row("bot, one client", measure(5913, tokens, TEXTS, 1, seconds)))
            rows.append(Row("bot, balance", measure(5913, tokens, (BALANCE,), clients, seconds)))
        with yardstick(work, work / "tokens.json", 5912, "with-bank", "--bank", bank, f"--bank-token={bank_token}"):
            rows.append(Row("yardstick, one bank call", measure(5912, tokens, TEXTS, clients, seconds)))
    return rows


def report(rows: list[Row]) -> str:
    """The table and the ratios with their goals."""
    by_name = {row.name: row.result for row in rows}
    many = by_name["bot, many clients"].rate
    on_dataset = many / by_name["yardstick on dataset, many"].rate
    plain = many / by_name["yardstick, many clients"].rate
    p50 = by_name["bot, one client"].percentile(0.5) / by_name["yardstick, one client"].percentile(0.5)
    balance = by_name["bot, balance"].rate / by_name["yardstick, one bank call"].rate
    ratios = [
        ("turns/s, many clients, on dataset", f"{on_dataset:.2f}", "≥ 0.50"),
        ("turns/s, many clients", f"{plain:.2f}", "≥ 0.50"),
        ("p50, one client", f"{p50:.2f}", "≤ 3.00"),
        ("balance turns/s", f"{balance:.2f}", "≥ 0.50"),
    ]
    figures = table(("figure", "turns/s", "p50 ms", "p99 ms", "not 200"), [row.cells() for row in rows])
    return figures + "\n\n" + table(("bot / yardstick", "ratio", "goal"), ratios)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each figure is measured")
    parser.add_argument("--clients", type=int, default=64)
    given = parser.parse_args()
    with workplace() as work:
        print(report(run_all(work, given.clients, given.seconds)))


if __name__ == "__main__":
    main()
