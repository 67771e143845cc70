"""The server is killed while clients talk to it: what they were told stays true, and money is moved once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.stores.database import Database
from tests.durability.crash import Settings, check_store, crash
from tests.stores.cluster import running_cluster

pytestmark = pytest.mark.timeout(300)  # several starts of a whole bot, on a machine that may be busy


async def test_kill_9_breaks_no_promise_to_clients(tmp_path: Path):
    store = f"sqlite:///{tmp_path}/t.db"
    report = await crash(tmp_path, store, Settings(kills=2))
    assert report.problems == []
    assert len(report.acknowledged) > 20
    assert report.payments > 0
    assert report.delivered > 0

    # The control: the same checks on a store that did lose a turn.
    database = Database.open(store)
    await database.write(lambda c: c.run("DELETE FROM turns WHERE seq = (SELECT MAX(seq) FROM turns)"))
    await database.close()
    problems = await check_store(tmp_path / "bank", store, report)
    assert any(problem.startswith("lost: ") for problem in problems), problems
    assert any("is missing" in problem for problem in problems), problems


async def test_checks_detect_duplicates_when_clients_retry_under_new_ids(tmp_path: Path):
    problems: list[str] = []
    for seed in range(5):  # a kill between a commit and its answer is what it takes, and few are
        folder = tmp_path / str(seed)
        folder.mkdir()
        problems = (
            await crash(folder, f"sqlite:///{folder}/t.db", Settings(kills=2, careless=True, seed=seed))
        ).problems
        if any("answered twice" in problem for problem in problems):
            return
    raise AssertionError(problems)


async def test_kill_9_of_two_postgres_workers_breaks_no_promise_to_clients(tmp_path: Path):
    with running_cluster() as cluster:
        report = await crash(tmp_path, cluster.new_database(), Settings(kills=1, workers=2, seed=5))
    assert report.problems == []
    assert len(report.acknowledged) > 20
