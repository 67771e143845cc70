"""Decides when a login attempt may go ahead: pure functions on a throttle's state. Times are seconds since 1970, UTC.

An attempt is reserved before the code is hashed, so that concurrent clients cannot try more often than sequential ones
could. A reservation that nobody settles (a crash) expires.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from bot.config import Login

RESERVED_SECONDS = 15.0  # longer than any login takes; how long a crash can block an account
_CLOCKS_DIFFER = 60.0  # seconds by which the clocks of machines on one store may differ


class Throttle(Struct, frozen=True):
    """The state of one throttle.

    `failures` counts consecutive failures (accounts), `pending` reserved attempts until `pending_until`; `count` the
    attempts of the window that ends at `window_until` (addresses, and all together).
    """

    failures: int = 0
    locked_until: float = 0.0
    pending: int = 0
    pending_until: float = 0.0
    count: int = 0
    window_until: float = 0.0


def reserve_account(state: Throttle, now: float, limits: Login) -> tuple[Throttle, float]:
    """Reserve an attempt on an account: the new state and 0, or the old one and the seconds to wait."""
    if _lasts(state.locked_until, now, limits.max_lock_seconds):
        return state, state.locked_until - now
    pending = state.pending if _lasts(state.pending_until, now, RESERVED_SECONDS) else 0
    # After a lock one attempt at a time is let through; before it, as many as would reach the lock.
    if pending >= max(limits.failures - state.failures, 1):
        return state, max(state.pending_until - now, 1.0)
    return replace(state, pending=pending + 1, pending_until=now + RESERVED_SECONDS), 0.0


def account_failed(state: Throttle, now: float, limits: Login) -> Throttle:
    """A reserved attempt failed: lock at the limit, and twice as long with each failure after that."""
    failures = state.failures + 1
    until = state.locked_until if _lasts(state.locked_until, now, limits.max_lock_seconds) else 0.0
    if failures >= limits.failures:
        doublings = min(failures - limits.failures, 32)
        lock = min(limits.lock_seconds * 2.0**doublings, limits.max_lock_seconds)
        until = max(until, now + lock)
    return replace(state, failures=failures, locked_until=until, pending=max(state.pending - 1, 0))


def reserve_window(state: Throttle, now: float, limit: int, seconds: float) -> tuple[Throttle, float]:
    """Count an attempt in the window of `seconds`: the new state and 0, or the old one and the seconds to wait."""
    if not _lasts(state.window_until, now, seconds):
        return replace(state, count=1, window_until=now + seconds), 0.0
    if state.count >= limit:
        return state, state.window_until - now
    return replace(state, count=state.count + 1), 0.0


def refund_window(state: Throttle) -> Throttle:
    """Take back a counted attempt that was right: windows limit failures."""
    return replace(state, count=max(state.count - 1, 0))


def release_account(state: Throttle) -> Throttle:
    """Release a reserved attempt that was not made after all."""
    return replace(state, pending=max(state.pending - 1, 0))


def _lasts(until: float, now: float, longest: float) -> bool:
    """Whether `until` is still to come; not if it is further away than `longest`: a clock was ahead when it was set."""
    return now < until <= now + longest + _CLOCKS_DIFFER
