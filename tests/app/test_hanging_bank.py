"""A bank that hangs holds up those who ask it, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from bot.app.running import Place, serving
from bot.messages import Customer, Principal, UserMessage
from tests.app.conftest import running_bot

BankProject = Callable[[str], Path]
PATIENT = """
plugin_settings: {bank: {seconds: 59.0}}
limits: {action_seconds: 60, turn_seconds: 60, shutdown_seconds: 60}
"""
ASKING = 40
OTHERS = 60


async def test_turns_that_wait_for_the_bank_hold_up_no_others(bank_project: BankProject, tmp_path: Path) -> None:
    project = bank_project("hanging")
    config = (project / "config.yml").read_text()
    (project / "config.yml").unlink()
    (project / "config.yml").write_text(config + PATIENT)
    with running_bot(tmp_path, project, command="simulator") as bank:
        async with serving(project, Place(port=0), {"bank_url": bank.url}) as (running, _):
            await hang(project, bank.url)
            started: list[str] = []

            async def say(sender: str, text: str, customer: str | None = None) -> Any:
                principal = Principal("key", "key:test")
                if customer is not None:
                    principal = Principal("customer", f"customer:{sender}", Customer(sender, customer), login="test")
                conversation = await running.store.conversation_id(principal.id, "test", sender)
                now = running.sources.now()
                started.append(sender)
                message = UserMessage(text, conversation, running.sources.new_id(), now, principal, "test")
                return await running.engine.handle(message)

            asking = [asyncio.create_task(say(f"asks-{n}", "what's my balance?", "cust-3f8a41")) for n in range(ASKING)]
            while len(started) < ASKING:
                await asyncio.sleep(0.01)
            answers = await asyncio.gather(*(say(f"other-{n}", "hello") for n in range(OTHERS)))
            assert len(answers) == OTHERS
            # The bulkhead has answered those whom it did not let to the bank; of the rest, nobody has heard yet.
            assert sum(not task.done() for task in asking) >= 1
            assert running.engine.waiting == sum(not task.done() for task in asking)
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            bank.process.kill()  # which lets go of all that hangs


async def hang(project: Path, url: str) -> None:
    """Let every answer about accounts hang."""
    admin = (project / ".teller" / "bank-admin.key").read_text().strip()
    head = {"Authorization": f"Bearer {admin}"}
    async with httpx.AsyncClient(base_url=url, headers=head, trust_env=False) as client:
        answer = await client.post("/admin/faults", json={"kind": "hang", "path": "*/aisp/*", "seconds": 600})
    assert answer.status_code == 201
