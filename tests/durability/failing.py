"""Runs a conversation again and again on a disk whose n-th call fails, for every n.

    python -m tests.durability.failing FOLDER STRIDE [careless]

With a STRIDE above 1, reads and writes are tried at every STRIDE-th number only (while the store is being opened, at
every tenth of those). A `careless` store takes a failed COMMIT for a good one: the harness must see it. Prints a JSON
list of runs, each {kind, error, n, answered, refused, failed, problems}.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import gc
import json
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

from bot.errors import BotError, ConfigurationError, StoreUnavailable
from bot.stores.database import Database
from bot.stores.turns import SqlTurns
from tests.durability.checking import problems_of
from tests.durability.disk import OPENED, READ, SYNCED, TRUNCATED, WRITTEN
from tests.durability.script import answer, sources

TURNS = 4
KINDS = {"open": OPENED, "write": WRITTEN, "truncate": TRUNCATED, "sync": SYNCED, "read": READ}
disk = ctypes.CDLL(None)


async def one_run(
    folder: Path, kind: str, number: int, error: int, *, during_open: bool, wrap: type[Careless] | None
) -> tuple[dict[str, Any], int]:
    """One conversation on a failing disk, then a check and a restart on what is left; also the calls of this kind."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "live").mkdir(parents=True)
    if during_open:
        disk.disk_fail(1 << KINDS[kind], number, error, 0)
    promises: list[str] = []
    refused, failure = 0, None
    try:
        database = _open(folder / "live", wrap)
    except ConfigurationError:
        refused = TURNS
    else:
        if not during_open:
            disk.disk_fail(1 << KINDS[kind], number, error, 0)
        refused = await _converse(SqlTurns(database, sources()), promises)
        failure = database.failure
        if failure is None:
            await database.close()
    seen = disk.disk_seen()
    disk.disk_fail(0, 0, 0, 0)
    problems = await _go_on(folder, promises)
    if number % 20 == 0:
        gc.collect()  # closes what failed stores left open
    run = {"kind": kind, "error": errno.errorcode[error], "n": number, "open": during_open, "answered": len(promises)}
    return run | {"refused": refused, "failed": failure is not None, "problems": problems}, seen


class Careless:
    """A driver connection that never reports a COMMIT that failed."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        try:
            return self._raw.execute(sql, parameters)
        except sqlite3.OperationalError:
            if sql != "COMMIT":
                raise
            return self._raw.execute("SELECT 1")


def _open(folder: Path, wrap: type[Careless] | None = None) -> Database:
    return Database.open("sqlite:///t.db", project=folder, readers=1, patience=0.05, tidy_every=10, wrap=wrap)


async def _converse(store: SqlTurns, promises: list[str]) -> int:
    """A few turns; each is answered or refused, and after the store has failed none is answered any more."""
    refused = 0
    try:
        conversation = await store.conversation_id("customer:1", "chat", "")
    except StoreUnavailable:
        return TURNS
    for number in range(1, TURNS + 1):
        dead = store.database.failure is not None
        try:
            body = await answer(store, conversation, number)
        except StoreUnavailable:
            refused += 1
        else:
            assert not dead, "the store went on after it had failed"
            seq = json.loads(body)["turn"]
            promises.append(json.dumps({"conversation": conversation, "seq": seq, "body": body.decode()}))
    return refused


async def _go_on(folder: Path, promises: list[str]) -> list[str]:
    """Start again on what is left, as a new process would, and finish the conversation."""
    left = folder / "left"
    left.mkdir()
    for name in ("t.db", "t.db-wal"):
        if (folder / "live" / name).exists():
            shutil.copy(folder / "live" / name, left / name)
    problems = problems_of(left / "t.db", promises)
    try:
        database = _open(left)
        store = SqlTurns(database, sources())
        conversation = await store.conversation_id("customer:1", "chat", "")
        for number in range(1, TURNS + 1):
            await answer(store, conversation, number)
        loaded = await store.load(conversation)
        await database.close()
    except BotError as error:
        return [*problems, f"it cannot go on: {error}"]
    wrong = [f"there are {loaded.seq} turns instead of {TURNS}"] if loaded.seq != TURNS else []
    return problems + wrong + problems_of(left / "t.db", promises)


async def runs_of(
    folder: Path, kind: str, error: int, step: int, *, during_open: bool, wrap: type[Careless] | None
) -> list[dict[str, Any]]:
    """A run for every `step`-th call of a kind, until a run is over before its n-th call."""
    runs = []
    number, seen = 1, 1
    while number <= seen:
        run, seen = await one_run(folder, kind, number, error, during_open=during_open, wrap=wrap)
        runs.append(run)
        number, seen = number + step, seen + step
    return runs


async def main(folder: Path, stride: int, wrap: type[Careless] | None) -> None:
    """All kinds, all call numbers (or every `stride`-th)."""
    runs = []
    cases = [*((kind, errno.EIO) for kind in KINDS), ("write", errno.ENOSPC)]
    for kind, error in cases:
        step = stride if kind in ("read", "write") else 1
        runs += await runs_of(folder, kind, error, step, during_open=False, wrap=wrap)
        if wrap is None:
            step_at_start = 1 if stride == 1 else 10 * step
            runs += await runs_of(folder, kind, error, step_at_start, during_open=True, wrap=None)
    print(json.dumps(runs))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), Careless if "careless" in sys.argv else None))
