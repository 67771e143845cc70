"""Repeat a scripted conversation, letting another call to the disk fail each time: open, read, write, sync, truncate.

    python benchmarks/failing_disk.py [--stride 1]

After each failure the store is restarted on what is left and checked, and the conversation finished. Prints how
each kind of failure ended, and everything that went wrong; fails if something did. Needs gcc and Linux.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the harness is shared with tests/

from tests.durability.disk import build, run_on_disk, scratch


def main() -> int:
    """Run all; return 0 if no run broke a promise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stride", type=int, default=1)
    arguments = parser.parse_args()
    with scratch() as folder:
        library = build(folder)
        if library is None:
            sys.exit("this needs Linux and a C compiler")
        runs_folder = folder / "runs"
        words = (str(runs_folder), str(arguments.stride))
        output = run_on_disk(library, "tests.durability.failing", *words, folder=runs_folder / "live")
    runs = json.loads(output)
    ends = Counter((run["kind"], run["error"], "stopped" if run["failed"] else "went on") for run in runs)
    for (kind, error, end), count in sorted(ends.items()):
        print(f"{kind:9} {error:7} {end:9} {count}")
    broken = [run for run in runs if run["problems"]]
    print(f"{len(runs)} runs, {len(broken)} broke a promise")
    for run in broken:
        print(run)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
