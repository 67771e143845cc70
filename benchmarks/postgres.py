"""The bank assistant on PostgreSQL with 64 concurrent conversations, compared with a minimal server.

    python benchmarks/postgres.py [--seconds 5] [--clients 64] [--store URL]

Without `--store` a PostgreSQL server is started in a temporary folder, with fsync on. The yardstick is
`benchmarks/yardstick_postgres.py`: one SQL function per turn on the same database, in the same run. On a machine with
two cores, the server runs on one, database and load on the other. Prints a table with the CPU time of the server (not
the database's) per turn, and the ratios: the ratio of CPU times is what the ratio of rates would be on a quiet machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import benchmarks.missing  # noqa: E402, F401 - it reports which of the following imports is missing
from benchmarks.load import WARMUP, table  # noqa: E402 - the path is set above
from benchmarks.overload import server_cpu  # noqa: E402 - as above
from benchmarks.turns import TEXTS, Row, make_project, measure, open_sessions, process, workplace  # noqa: E402 - as above
from tests.stores.cluster import running_cluster  # noqa: E402 - as above


@contextlib.contextmanager
def database(given: str | None) -> Iterator[str]:
    """The URL of the database to measure on."""
    if given is not None:
        yield given
        return
    with running_cluster(fsync=True) as cluster:
        yield cluster.new_database()


class Figure(Struct, frozen=True):
    """The users' results, and the CPU time (seconds) per turn in the server."""

    row: Row
    cpu: float

    def cells(self) -> tuple[str, ...]:
        """The figure as the table shows it."""
        return (*self.row.cells(), f"{self.cpu * 1e6:.0f}")


def figure(name: str, port: int, tokens: list[str], clients: int, seconds: float) -> Figure:
    """Measure the server that is running."""
    measure(port, tokens, TEXTS, clients, 0.5)
    before = server_cpu()
    result = measure(port, tokens, TEXTS, clients, seconds)
    share = seconds / (seconds + WARMUP)  # of the CPU time; the turns of the warm-up are not counted
    return Figure(Row(name, result), (server_cpu() - before) * share / len(result.latencies))


def run_all(work: Path, store: str, clients: int, seconds: float) -> list[Figure]:
    """Measure both servers, each with many clients and with one."""
    project = make_project(work / "project")
    tokens = asyncio.run(open_sessions(project, store, clients))
    (work / "tokens.json").write_text(json.dumps(tokens))
    figures: list[Figure] = []
    yard = (sys.executable, str(ROOT / "benchmarks/yardstick_postgres.py"), "--tokens", str(work / "tokens.json"))
    address = store.replace("postgresql+psycopg://", "postgresql://")
    with process(0, *yard, "--port", "5921", "--database", address, until="ready", log=work / "yardstick.log"):
        figures.append(figure(f"yardstick, {clients} clients", 5921, tokens, clients, seconds))
        figures.append(figure("yardstick, one client", 5921, tokens, 1, seconds))
    bot = (sys.executable, "-m", "bot", "run", "--project", str(project), "--store", store, "--port", "5922")
    with process(0, *bot, until="ready", log=work / "bot.log"):
        figures.append(figure(f"bot, {clients} clients", 5922, tokens, clients, seconds))
        figures.append(figure("bot, one client", 5922, tokens, 1, seconds))
    return figures


def report(figures: list[Figure]) -> str:
    """The table and the ratios with their goals."""
    yardstick, yardstick_alone, bot, bot_alone = (each.row.result for each in figures)
    alone = bot_alone.percentile(0.5) / yardstick_alone.percentile(0.5)
    ratios = [
        ("turns/s, many clients", f"{bot.rate / yardstick.rate:.2f}", "≥ 0.50"),
        ("the same by CPU time", f"{figures[0].cpu / figures[2].cpu:.2f}", "≥ 0.50"),
        ("p50, one client", f"{alone:.2f}", "-"),
    ]
    columns = ("figure", "turns/s", "p50 ms", "p99 ms", "not 200", "CPU µs")
    return (
        table(columns, [each.cells() for each in figures])
        + "\n\n"
        + table(("bot / yardstick", "ratio", "goal"), ratios)
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each figure is measured")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--store", help="an empty PostgreSQL database: postgresql+psycopg://…")
    given = parser.parse_args()
    with workplace() as work, database(given.store) as store:
        print(report(run_all(work, store, given.clients, given.seconds)))


if __name__ == "__main__":
    main()
