"""Kill a real server again and again under real clients, and check every promise afterwards.

    python benchmarks/crash.py --kills 100 [--store sqlite|postgresql] [--workers 2] [--seed 0] [--careless]

Prints what was acknowledged and every broken promise; fails if there is one. With `--careless`, the control, clients
retry under a new message id, so that messages must be answered twice; it fails unless they are.
PostgreSQL is a private server, started for the run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the harness is shared with tests/

import benchmarks.missing  # noqa: F401 - it reports which of the following imports is missing
from tests.durability.crash import Settings, crash
from tests.stores.cluster import running_cluster


def main() -> int:
    """Run once; return 0 if the result is as expected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--senders", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--careless", action="store_true")
    arguments = parser.parse_args()
    settings = Settings(
        arguments.kills, arguments.senders, arguments.seed, arguments.workers, careless=arguments.careless
    )
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if arguments.store == "sqlite":
            store = f"sqlite:///{folder}/teller.db"
        else:
            store = stack.enter_context(running_cluster(fsync=True)).new_database()
        began = time.monotonic()
        report = asyncio.run(crash(folder, store, settings))
        seconds = time.monotonic() - began
    print(f"{report.kills} kills in {seconds:.0f} s,")
    print(f"{len(report.acknowledged)} messages answered in {report.attempts} attempts,")
    print(f"{report.payments} transfers, {report.delivered} replies delivered by callback")
    print("\n".join(report.problems) or "every promise was kept")
    if arguments.careless:
        return 0 if any("answered twice" in problem for problem in report.problems) else 1
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
