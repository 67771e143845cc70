"""The bank assistant on PostgreSQL with 64 conversations at once, beside the least that a server could do there.

    python benchmarks/postgres.py [--seconds 5] [--clients 64] [--store URL]

Without `--store` a PostgreSQL server is started in a temporary folder, with
fsync on. The yardstick is `benchmarks/yardstick_postgres.py`: one SQL function
per turn on the same database, in the same run. The server runs on one core,
database and load on the other, where the machine has two. Prints a table, and
the ratio with its goal.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.load import table  # noqa: E402 - the path is set above
from benchmarks.turns import TEXTS, Row, make_project, measure, open_sessions, process  # noqa: E402 - as above
from tests.stores.cluster import running_cluster  # noqa: E402 - as above


@contextlib.contextmanager
def database(given: str | None) -> Iterator[str]:
    """The URL of the database to measure on."""
    if given is not None:
        yield given
        return
    with running_cluster(fsync=True) as cluster:
        yield cluster.new_database()


def run_all(work: Path, store: str, clients: int, seconds: float) -> list[Row]:
    """Both servers, many clients and one."""
    project = make_project(work / "project")
    tokens = asyncio.run(open_sessions(project, store, clients))
    (work / "tokens.json").write_text(json.dumps(tokens))
    rows: list[Row] = []
    yard = (sys.executable, str(ROOT / "benchmarks/yardstick_postgres.py"), "--tokens", str(work / "tokens.json"))
    address = store.replace("postgresql+psycopg://", "postgresql://")
    with process(0, *yard, "--port", "5921", "--database", address, until="ready", log=work / "yardstick.log"):
        rows.append(Row(f"yardstick, {clients} clients", measure(5921, tokens, TEXTS, clients, seconds)))
        rows.append(Row("yardstick, one client", measure(5921, tokens, TEXTS, 1, seconds)))
    bot = (sys.executable, "-m", "bot", "run", "--project", str(project), "--store", store, "--port", "5922")
    with process(0, *bot, until="ready", log=work / "bot.log"):
        rows.append(Row(f"bot, {clients} clients", measure(5922, tokens, TEXTS, clients, seconds)))
        rows.append(Row("bot, one client", measure(5922, tokens, TEXTS, 1, seconds)))
    return rows


def report(rows: list[Row]) -> str:
    """The table and the ratio with its goal."""
    yardstick, yardstick_alone, bot, bot_alone = (row.result for row in rows)
    alone = bot_alone.percentile(0.5) / yardstick_alone.percentile(0.5)
    ratios = [
        ("turns/s, many clients", f"{bot.rate / yardstick.rate:.2f}", "≥ 0.50"),
        ("p50, one client", f"{alone:.2f}", "-"),
    ]
    figures = table(("figure", "turns/s", "p50 ms", "p99 ms", "not 200"), [row.cells() for row in rows])
    return figures + "\n\n" + table(("bot / yardstick", "ratio", "goal"), ratios)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each figure is measured")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--store", help="an empty PostgreSQL database: postgresql+psycopg://…")
    given = parser.parse_args()
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    with tempfile.TemporaryDirectory() as folder, database(given.store) as store:
        (Path(folder) / "project").mkdir()
        print(report(run_all(Path(folder), store, given.clients, given.seconds)))


if __name__ == "__main__":
    main()
