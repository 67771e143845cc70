"""The power goes out at every boundary between two operations on the disk: no acknowledged turn is lost."""

from __future__ import annotations

from pathlib import Path

from tests.durability.disk import REMOVED, SYNCED, WRITTEN, read_log
from tests.durability.powercut import cut_everywhere


def test_power_cut_loses_no_acknowledged_turn(recorder: Path, memory: Path):
    outcome = cut_everywhere(recorder, memory, "FULL", conversations=3, turns=6)
    assert outcome.cuts > 500
    assert outcome.broken == 0, outcome.example
    operations = read_log(memory / "log")
    file = str(memory / "live" / "t.db")
    assert {op.kind for op in operations if op.name == file} >= {WRITTEN, SYNCED}, (
        "the log was never moved into the file"
    )
    assert any(op.kind == REMOVED for op in operations), "the store was not closed"


def test_harness_detects_losses_without_full_syncs(recorder: Path, memory: Path):
    outcome = cut_everywhere(recorder, memory, "NORMAL", conversations=3, turns=3)
    assert outcome.broken > 0
    assert "lost: " in outcome.example
