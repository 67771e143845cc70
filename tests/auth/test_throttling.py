"""Invariants of the throttles' pure functions: no order of attempts gets more guesses than one after the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.config import Login
from bot.stores.throttling import RESERVED_SECONDS, Throttle, account_failed, reserve_account, reserve_window

LIMITS = Login()


def failed(times: int, now: float = 0.0) -> Throttle:
    state = Throttle()
    for _ in range(times):
        state, wait = reserve_account(state, now, LIMITS)
        assert wait == 0
        state = account_failed(state, now, LIMITS)
    return state


def test_fifth_failure_locks_for_thirty_seconds() -> None:
    assert failed(4).locked_until == 0
    assert failed(5).locked_until == 30


def test_each_later_failure_doubles_the_lock_up_to_an_hour() -> None:
    state, now, locks = failed(5), 0.0, []
    for _ in range(10):
        now = state.locked_until
        state, wait = reserve_account(state, now, LIMITS)
        assert wait == 0
        state = account_failed(state, now, LIMITS)
        locks.append(state.locked_until - now)
    assert locks == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]


def test_locked_account_returns_the_remaining_seconds() -> None:
    assert reserve_account(failed(5), 12.0, LIMITS) == (failed(5), 18.0)


def test_concurrent_attempts_get_at_most_five_guesses() -> None:
    state, allowed = Throttle(), 0
    for _ in range(100):
        state, wait = reserve_account(state, 0.0, LIMITS)
        allowed += wait == 0
    assert allowed == 5


def test_one_attempt_at_a_time_is_allowed_after_a_lock() -> None:
    state = failed(5)
    state, first = reserve_account(state, 31.0, LIMITS)
    state, second = reserve_account(state, 31.0, LIMITS)
    assert first == 0
    assert second > 0


def test_unsettled_reservations_expire() -> None:
    state = Throttle()
    for _ in range(5):
        state, _ = reserve_account(state, 0.0, LIMITS)
    assert reserve_account(state, RESERVED_SECONDS - 1, LIMITS)[1] > 0
    assert reserve_account(state, RESERVED_SECONDS, LIMITS)[1] == 0


@given(st.lists(st.tuples(st.sampled_from(["reserve", "fail"]), st.floats(0, 20)), max_size=80))
def test_pending_and_failed_guesses_never_exceed_the_limit_before_a_lock(steps: list[tuple[str, float]]) -> None:
    state, now, flying, failures, last = Throttle(), 0.0, 0, 0, 0.0
    for what, pause in steps:
        now += pause
        if now - last >= RESERVED_SECONDS:
            flying = 0  # crashed
        if what == "reserve":
            state, wait = reserve_account(state, now, LIMITS)
            if wait == 0:
                flying, last = flying + 1, now
                assert failures + flying <= LIMITS.failures or flying == 1
        elif flying:
            flying, failures = flying - 1, failures + 1
            state = account_failed(state, now, LIMITS)
            assert failures < LIMITS.failures or state.locked_until > now


def test_full_window_refuses_attempts_until_it_ends() -> None:
    state, waits = Throttle(), []
    for _ in range(3):
        state, wait = reserve_window(state, 10.0, 2, 60.0)
        waits.append(wait)
    assert waits == [0, 0, 60.0]
    assert reserve_window(state, 70.0, 2, 60.0)[1] == 0


YEAR = 365 * 86_400.0


def test_window_opened_by_a_clock_far_ahead_is_restarted() -> None:
    state, _ = reserve_window(Throttle(), YEAR, 2, 60.0)
    waits = []
    for _ in range(3):
        state, wait = reserve_window(state, 10.0, 2, 60.0)
        waits.append(wait)
    assert waits == [0, 0, 60.0]
    assert reserve_window(state, 70.0, 2, 60.0)[1] == 0


def test_lock_set_by_a_clock_far_ahead_is_replaced_by_the_next_failure() -> None:
    state = failed(5, now=YEAR)
    state, wait = reserve_account(state, 10.0, LIMITS)
    assert wait == 0
    state = account_failed(state, 10.0, LIMITS)
    assert state.locked_until == 70.0
    assert reserve_account(state, 20.0, LIMITS)[1] == 50.0


def test_reservations_made_by_a_clock_far_ahead_are_expired() -> None:
    state = Throttle()
    for _ in range(5):
        state, _ = reserve_account(state, YEAR, LIMITS)
    assert reserve_account(state, 0.0, LIMITS)[1] == 0


def test_lock_holds_for_a_worker_whose_clock_is_slightly_behind() -> None:
    longest = account_failed(Throttle(failures=20), 0.0, LIMITS)
    assert longest.locked_until == LIMITS.max_lock_seconds
    assert reserve_account(longest, -5.0, LIMITS)[1] == LIMITS.max_lock_seconds + 5
