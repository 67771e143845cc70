"""Whole bots in virtual time, by seed: crashes, a failing store, a failing bank, impatient clients."""

from __future__ import annotations

import pytest

from tests.durability.simulation import Settings, simulate


@pytest.mark.parametrize("seed", range(6))
def test_no_schedule_loses_turns_or_pays_twice(seed: int):
    result = simulate(Settings(seed))
    assert result.problems == []
    assert result.turns > 100
    assert result.payments > 30


def test_promises_hold_when_faults_are_frequent():
    result = simulate(Settings(11, conversations=8, workers=4, crashes=12, store_fails=0.15, bank_fails=0.8))
    assert result.problems == []


def test_same_seed_reproduces_the_same_run():
    assert simulate(Settings(3)).trace == simulate(Settings(3)).trace
    assert simulate(Settings(3)).trace != simulate(Settings(4)).trace


def test_simulation_detects_a_bot_that_makes_a_key_per_attempt():
    assert any("was paid 2 times" in problem for problem in simulate(Settings(0, careless=True)).problems)


def test_simulation_detects_a_store_that_acknowledges_before_commit():
    assert any("an answered message is lost" in problem for problem in simulate(Settings(0, hasty=True)).problems)
