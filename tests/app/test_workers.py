"""Several workers on one PostgreSQL database, as real processes: started, killed, stopped, and one history for all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.app.conftest import DEMO, RunBot, Running
from tests.app.test_run import command
from tests.stores.cluster import Cluster, running_cluster

BankProject = Callable[[str], Path]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


def workers_of(running: Running) -> list[int]:
    """The process ids of the workers, the oldest first."""
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text()
    return [int(child) for child in children.split()]


def next_line(running: Running, containing: str) -> str:
    assert running.process.stdout is not None
    for line in running.process.stdout:
        running.lines.append(line.rstrip())
        if containing in line:
            return line.rstrip()
    raise AssertionError(f"nothing was said of {containing}: {running.lines}")


def test_two_workers_start_serve_survive_a_kill_and_stop_together(
    run_bot: RunBot, bank_project: BankProject, cluster: Cluster
) -> None:
    project, store = bank_project("together"), cluster.new_database()
    words = ("--workers", "2", "--demo", "--store", store, "--bank-url")
    with run_bot(project, command="simulator") as bank, run_bot(project, *words, bank.url) as running:
        first, second = workers_of(running)
        assert sum(line.startswith("ready ") for line in running.lines) == 1
        with running.login() as customer:
            assert customer.post("/chat", json={"message": "what's my balance?"}).json()["turn"] == 1
            os.kill(second, signal.SIGKILL)
            assert "starting another" in next_line(running, "worker 2 ended")
            next_line(running, "worker 2 is ready again")
            assert first in workers_of(running)
            assert len(workers_of(running)) == 2
            assert customer.post("/chat", json={"message": "hello"}).json()["turn"] == 2
        assert running.stop() == 0
        assert running.process.stdout is not None
        rest = running.process.stdout.read().splitlines()
    assert [line for line in rest if "Stopping" in line] == ["Stopping: turns under way are finished first."]
