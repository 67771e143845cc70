"""Every statement of a conversation with the bank assistant fails once: what clients hear is kept, or an honest 503."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.app.running import Place, serving
from bot.engine.codec import read_record
from bot.engine.record import TurnRecord
from bot.errors import StoreUnavailable
from bot.server.readiness import Readiness
from simulator.embedded import embedded
from simulator.settings import Endpoint
from tests.durability.flaky import Plan, database_busy, disk_broken, disk_full
from tests.durability.processes import link_project

LOGIN = {"accountNumber": "12345678", "code": "135790"}
TRANSFER = ("move £1 from current to savings", "yes")
SAYS = ("hello", "what is my balance?", *TRANSFER)


class Talk:
    """One conversation of one client, with the answers it got, by message id."""

    def __init__(self, url: str, token: str, run: int, says: tuple[str, ...]) -> None:
        self._client = httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        self._run, self._says = run, says
        self.answers: dict[str, bytes] = {}

    async def say_all(self) -> bool:
        """Say everything once, under the same ids as before; return whether all of it was answered."""
        answers = [await self._say(f"{self._run}-{number}", text) for number, text in enumerate(self._says)]
        return all(answers)

    async def _say(self, message_id: str, text: str) -> bool:
        answer = await self._client.post("/chat", json={"message": text, "messageId": message_id})
        if answer.status_code == 503:
            assert "Retry-After" in answer.headers
            return False
        assert answer.status_code == 200, answer.text
        assert self.answers.setdefault(message_id, answer.content) == answer.content
        return True

    async def close(self) -> None:
        await self._client.aclose()


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Endpoint]:
    async with embedded(tmp_path) as endpoint:
        yield endpoint


@pytest.fixture
def bank_assistant(tmp_path: Path, bank: Endpoint) -> Path:
    folder = link_project(tmp_path / "bank", "http://127.0.0.1:9")
    (folder / ".teller").mkdir()
    key = folder / ".teller" / "bank.key"
    key.write_text(bank.secret)
    key.chmod(0o600)
    return folder


@contextlib.asynccontextmanager
async def served(folder: Path, bank: Endpoint, plan: Plan) -> AsyncIterator[tuple[Any, str]]:
    async with serving(folder, Place(port=0), {"demo": True, "bank_url": bank.url}, wrap=plan.wrap) as served:
        yield served


async def log_in(url: str) -> str:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        token: str = (await client.post("/auth", json=LOGIN)).raise_for_status().json()["token"]
        return token


async def transfers(bank: Endpoint) -> set[str]:
    """The keys of the bank's payments; none of them twice, and no penny made or lost."""
    headers = {"Authorization": f"Bearer {bank.admin_key}"}
    async with httpx.AsyncClient(base_url=bank.url, headers=headers, trust_env=False) as client:
        books = (await client.get("/admin/books")).json()
    assert books["sum"] == 0
    keys = [payment["key"] for payment in books["payments"]]
    assert len(keys) == len(set(keys))
    return set(keys)


async def journal(running: Any) -> dict[str, str]:
    """What the bot knows of its transfers: their status by key."""
    rows = await running.database.read(lambda c: c.all("SELECT key, status FROM effects"))
    return {row.key: row.status for row in rows}


async def turns_of(running: Any) -> list[TurnRecord]:
    """All turns of the one conversation, in order."""
    row = await running.database.read(lambda c: c.one("SELECT id FROM conversations WHERE seq > 0"))
    return [read_record(turn.record) for turn in await running.store.turns(row.id, limit=10_000)]


def assert_said_once(turns: list[TurnRecord], runs: int, each: int) -> None:
    """Every message of every run has one turn, in the order in which it was said."""
    ids = [turn.message.message_id for turn in turns if "-" in turn.message.message_id]
    assert ids == [f"{run}-{number}" for run in range(1, runs + 1) for number in range(each)]
    assert [turn.seq for turn in turns] == list(range(1, len(turns) + 1))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_busy_database_loses_and_duplicates_no_turns(bank_assistant: Path, bank: Endpoint, after: bool) -> None:
    plan, run, reached = Plan(database_busy), 0, True
    async with served(bank_assistant, bank, plan) as (running, url):
        token = await log_in(url)
        while reached:
            run += 1
            talk = Talk(url, token, run, SAYS)
            plan.arm(run, after=after)
            for _ in range(3):
                if await talk.say_all():
                    break
            reached = plan.seen >= run
            plan.arm(0)
            assert await talk.say_all(), f"statement {run}"
            await talk.close()
        assert_said_once(await turns_of(running), run, len(SAYS))
        known = await journal(running)
    made = await transfers(bank)
    assert {key for key, status in known.items() if status == "done"} == made
    # If it is unknown whether an order was sent before, it is not sent again: the bot says that it checks.
    assert len(known) == run
    unsent = 2 if after else 0
    assert len(made) >= run - unsent
    assert run > 20


async def test_broken_disk_stops_answers_until_a_restart(bank_assistant: Path, bank: Endpoint, tmp_path: Path) -> None:
    plan, run, reached, folder = Plan(disk_broken), 0, True, bank_assistant
    async with served(folder, bank, plan) as (_, url):
        token = await log_in(url)
    while reached:
        run += 1
        async with served(folder, bank, plan) as (running, url):
            first = Talk(url, token, run, TRANSFER)
            plan.arm(run)
            whole = await first.say_all()
            reached = plan.seen >= run
            plan.arm(0)
            assert whole != reached, f"statement {run}"
            if reached:
                assert running.database.failure
                assert not await first.say_all()
            await first.close()
        # The failed store keeps its files open until its process ends: a new process would find exactly these.
        folder = Path(shutil.copytree(folder, tmp_path / f"left-{run}", symlinks=True))
        async with served(folder, bank, plan) as (running, url):
            again = Talk(url, token, run, TRANSFER)
            again.answers = first.answers
            assert await again.say_all(), f"statement {run}"
            await again.close()
            assert_said_once(await turns_of(running), run, len(TRANSFER))
            known = await journal(running)
    made = await transfers(bank)
    assert {key for key, status in known.items() if status == "done"} == made
    assert len(known) == run


class Disk:
    """A disk that is full or not; reads still work."""

    full = False

    def wrap(self, raw: Any) -> Any:
        return _OnDisk(raw, self)


class _OnDisk:
    def __init__(self, raw: Any, disk: Disk) -> None:
        self._raw, self._disk = raw, disk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        if self._disk.full and sql == "COMMIT":  # which is when SQLite writes to its log
            raise disk_full(self._raw)
        return self._raw.execute(sql, parameters)


async def becomes(readiness: Readiness, state: str) -> None:
    while readiness.state != state:
        await asyncio.sleep(0.01)


async def test_failed_write_makes_the_bot_unready_at_once_and_room_on_the_disk_makes_it_ready(
    bank_assistant: Path, bank: Endpoint
) -> None:
    disk = Disk()
    async with serving(bank_assistant, Place(port=0), {"demo": True, "bank_url": bank.url}, wrap=disk.wrap) as served:
        running = served[0]
        running.readiness.every_seconds = 3_600
        await becomes(running.readiness, "ready")
        disk.full = True
        with pytest.raises(StoreUnavailable):
            await running.database.write(lambda c: c.run("DELETE FROM throttles"))
        async with asyncio.timeout(20):
            await becomes(running.readiness, "unavailable")
            disk.full = False
            await becomes(running.readiness, "ready")


async def test_readiness_and_log_report_a_full_disk_until_there_is_room(
    bank_assistant: Path, bank: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = Disk()
    async with serving(bank_assistant, Place(port=0), {"demo": True, "bank_url": bank.url}, wrap=disk.wrap) as served:
        readiness = served[0].readiness
        await readiness.check()
        assert readiness.state == "ready"
        disk.full = True
        for _ in range(3):
            await readiness.check()
            assert readiness.state == "unavailable"
        disk.full = False
        await readiness.check()
        assert readiness.state == "ready"
    logged = [line for line in capsys.readouterr().err.splitlines() if '"event":"check failed"' in line]
    assert len(logged) == 1
    assert '"check":"store"' in logged[0]
    assert "disk is full" in logged[0]
