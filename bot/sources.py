"""Sources of time, randomness and ids: injected, so that any turn can be run again with the same result."""

from __future__ import annotations

import math
import os
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TypeVar

from msgspec import Struct, field

T = TypeVar("T")


def _utc_now() -> datetime:
    return datetime.now(UTC)


_FETCHED_AT_ONCE = 256
_pool: deque[bytes] = deque()


def _random_bytes() -> bytes:
    """16 random bytes from the operating system, fetched in bulk, since each fetch lets other threads go first."""
    while True:
        try:
            return _pool.popleft()
        except IndexError:
            fetched = os.urandom(16 * _FETCHED_AT_ONCE)
            _pool.extend(fetched[start : start + 16] for start in range(0, len(fetched), 16))


def _new_id() -> str:
    return _random_bytes().hex()


os.register_at_fork(after_in_child=_pool.clear)  # two processes must never draw the same bytes


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _seed() -> int:
    return int.from_bytes(_random_bytes()[:8])


class Sources(Struct, frozen=True):
    """The functions that a bot takes time, randomness and ids from.

    `now` returns aware UTC datetimes, `monotonic` seconds, `new_id` 128 random bits in hex, `seed` 64 random bits,
    `new_token` 256 random bits in URL-safe characters (sessions and keys).
    """

    now: Callable[[], datetime] = field(default=_utc_now)
    monotonic: Callable[[], float] = field(default=time.monotonic)
    new_id: Callable[[], str] = field(default=_new_id)
    seed: Callable[[], int] = field(default=_seed)
    new_token: Callable[[], str] = field(default=_new_token)


class Chance:
    """The random numbers of one turn or call. A turn's seed is kept in its record, so that a replay draws the same.

    They choose variations and pauses; nothing secret depends on them. SplitMix64 (Steele, Lea and Flood, "Fast
    splittable pseudorandom number generators", OOPSLA 2014), which needs no set-up before the first draw.
    """

    def __init__(self, seed: int) -> None:
        self._state = seed

    def choice(self, among: Sequence[T]) -> T:
        """One of `among`, at random."""
        return among[self._draw() * len(among) >> 64]  # 64 bits as a share of 2**64, scaled to an index

    def share(self) -> float:
        """A number from 0 up to, but not including, 1."""
        return (self._draw() >> 11) / 2**53  # 53 bits, as many as a float holds exactly

    def _draw(self) -> int:
        """The next 64 random bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _BITS
        mixed = ((self._state ^ (self._state >> 30)) * 0xBF58476D1CE4E5B9) & _BITS
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _BITS
        return mixed ^ (mixed >> 31)


_BITS = 2**64 - 1


class granted:
    """Tells the code inside its deadline (`granted_until`), which is never later than that of a surrounding `granted`.

    `ends` is in the event loop's time. A task that was started inside and outlives the block has no deadline.
    """

    __slots__ = ("_before", "ends")

    def __init__(self, ends: float) -> None:
        self._before = _grant.get()
        self.ends: float = ends if self._before is None else min(ends, self._before.ends)

    def __enter__(self) -> None:
        _grant.set(self)

    def __exit__(self, *error: object) -> None:
        self.ends = math.inf
        _grant.set(self._before)


_grant: ContextVar[granted | None] = ContextVar("grant", default=None)


def granted_until() -> float:
    """The deadline of the running code, in the event loop's time; infinite if there is none."""
    grant = _grant.get()
    return math.inf if grant is None else grant.ends
