"""Run many simulations: crashes, a failing store and a failing bank in virtual time, one seed after another.

    python benchmarks/simulate.py --seeds 700 [--first 0] [--careless]

Prints conversations and turns per minute, and every seed that broke a promise (run it alone to reproduce this);
fails if there is one. With `--careless`, the control, every attempt gets a new key, so that payments must be doubled.
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
    """The settings of a seed: how hostile the environment is varies with the seed."""
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
    """Run all seeds; return 0 if the result is as expected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--careless", action="store_true")
    arguments = parser.parse_args()
    began = time.monotonic()
    turns = conversations = payments = broken = 0
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        settings = settings_of(seed, careless=arguments.careless)
        result = simulate(settings)
        turns += result.turns
        payments += result.payments
        conversations += settings.conversations
        if result.problems:
            broken += 1
            print(f"seed {seed}: {result.problems[0]} ({len(result.problems)} problems)")
    minutes = (time.monotonic() - began) / 60
    print(
        f"{conversations} conversations, {turns} turns, {payments} payments, {broken} of {arguments.seeds} seeds broken"
    )
    print(f"{conversations / minutes:.0f} conversations and {turns / minutes:.0f} turns per minute")
    as_expected = (broken > 0) == arguments.careless
    return 0 if as_expected else 1


if __name__ == "__main__":
    sys.exit(main())
