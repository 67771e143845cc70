"""Run many simulations: crashes, a failing store and a failing bank in virtual time, one seed after another.

    python benchmarks/simulate.py --seeds 700 [--first 0] [--careless]

Prints conversations and turns a minute, and every seed that broke a promise (run it again alone to see the same);
fails when there is one. With `--careless`, a key is made per attempt: the control, which must pay twice.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the harness is shared with tests/

from tests.durability.simulation import Settings, simulate


def settings_of(seed: int, *, careless: bool) -> Settings:
    """The settings of a seed: how hostile the world is differs from seed to seed."""
    chance = random.Random(seed)
    return Settings(
        seed,
        workers=chance.randint(1, 4),
        crashes=chance.randint(0, 10),
        store_fails=chance.choice([0.0, 0.03, 0.15]),
        bank_fails=chance.choice([0.0, 0.2, 0.8]),
        careless=careless,
    )


def main() -> int:
    """Run all seeds; 0 when it went as it must."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--careless", action="store_true")
    arguments = parser.parse_args()
    began, turns, conversations, payments, broken = time.monotonic(), 0, 0, 0, 0
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        settings = settings_of(seed, careless=arguments.careless)
        result = simulate(settings)
        turns, payments = turns + result.turns, payments + result.payments
        conversations += settings.conversations
        broken += bool(result.problems)
        if result.problems:
            print(f"seed {seed}: {result.problems[0]} ({len(result.problems)} problems)")
    minutes = (time.monotonic() - began) / 60
    print(
        f"{conversations} conversations, {turns} turns, {payments} payments, {broken} of {arguments.seeds} seeds broken"
    )
    print(f"{conversations / minutes:.0f} conversations and {turns / minutes:.0f} turns a minute")
    return int((broken > 0) != arguments.careless)


if __name__ == "__main__":
    sys.exit(main())
