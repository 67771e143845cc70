"""Where time, randomness and ids come from: injected, so that any turn can be run again with the same result."""

from __future__ import annotations

import os
import random
import secrets
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct, field


def _utc_now() -> datetime:
    return datetime.now(UTC)


_FETCHED = 256
_pool: deque[bytes] = deque()


def _random_bytes() -> bytes:
    """16 random bytes of the operating system, fetched many at a time: each fetch lets other threads go first."""
    while True:
        try:
            return _pool.popleft()
        except IndexError:
            fetched = os.urandom(16 * _FETCHED)
            _pool.extend(fetched[start : start + 16] for start in range(0, len(fetched), 16))


def _new_id() -> str:
    return _random_bytes().hex()


os.register_at_fork(after_in_child=_pool.clear)  # two processes must never draw the same


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _seed() -> int:
    return int.from_bytes(_random_bytes()[:8])


class Sources(Struct, frozen=True):
    """`now` gives aware UTC datetimes, `monotonic` seconds, `new_id` 128 random bits in hex, `seed` 64 random bits,
    `new_token` 256 random bits in URL-safe characters (sessions and keys)."""

    now: Callable[[], datetime] = field(default=_utc_now)
    monotonic: Callable[[], float] = field(default=time.monotonic)
    new_id: Callable[[], str] = field(default=_new_id)
    seed: Callable[[], int] = field(default=_seed)
    new_token: Callable[[], str] = field(default=_new_token)


def turn_random(seed: int) -> random.Random:
    """The random numbers of one turn; its seed is kept in the turn record, so that a replay draws the same."""
    return random.Random(seed)  # noqa: S311 - chooses among response variations, guards nothing
