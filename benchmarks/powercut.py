"""Cut the power at every boundary of a long recorded run, with synchronous FULL and, as the control, NORMAL.

    python benchmarks/powercut.py [--conversations 8] [--turns 40]

Prints how many cuts were tried and how many lost something acknowledged; fails unless FULL lost nothing and NORMAL
lost something. Needs gcc and Linux.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the harness is shared with tests/

from tests.durability.disk import build, scratch
from tests.durability.powercut import cut_everywhere


def main() -> int:
    """Run both; return 0 if the result is as expected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=8)
    parser.add_argument("--turns", type=int, default=40)
    arguments = parser.parse_args()
    with scratch() as folder:
        library = build(folder)
        if library is None:
            sys.exit("this needs Linux and a C compiler")
        broken = {}
        for synchronous in ("FULL", "NORMAL"):
            outcome = cut_everywhere(
                library, folder, synchronous, conversations=arguments.conversations, turns=arguments.turns
            )
            broken[synchronous] = outcome.broken
            print(f"{synchronous:6} {outcome.cuts} cuts, {outcome.broken} broke a promise  {outcome.example}")
    as_expected = broken["FULL"] == 0 and broken["NORMAL"] > 0
    return 0 if as_expected else 1


if __name__ == "__main__":
    sys.exit(main())
