"""Every call to the disk fails once: each turn is acknowledged and durable, or refused, and a restart continues."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.durability.disk import run_on_disk


def all_runs(recorder: Path, folder: Path, *arguments: str) -> list[dict[str, Any]]:
    return json.loads(
        run_on_disk(recorder, "tests.durability.failing", str(folder), *arguments, folder=folder / "live")
    )


def test_failed_disk_call_stops_the_store_and_loses_no_acknowledged_turn(recorder: Path, memory: Path):
    runs = all_runs(recorder, memory, "7")
    assert [run for run in runs if run["problems"]] == []
    stopped = {(run["kind"], run["error"]) for run in runs if run["failed"]}
    assert stopped >= {("write", "EIO"), ("sync", "EIO"), ("read", "EIO"), ("truncate", "EIO")}
    assert all(not run["failed"] for run in runs if run["error"] == "ENOSPC"), "a full disk is not a broken one"
    assert any(run["refused"] == 1 for run in runs if run["error"] == "ENOSPC"), (
        "only the write without room is refused"
    )


def test_harness_detects_a_store_that_ignores_a_failed_commit(recorder: Path, memory: Path):
    assert any(run["problems"] for run in all_runs(recorder, memory, "25", "careless"))


def test_readiness_fails_while_the_disk_is_full(recorder: Path, memory: Path):
    found = json.loads(run_on_disk(recorder, "tests.durability.full", str(memory), folder=memory))
    assert found == ["ok", "ok", "takes no writes", "takes no writes", "ok", "ok"]
