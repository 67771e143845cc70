"""A bank that hangs delays only the users who ask it."""

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
AT_ONCE = 10
PATIENT = f"""
plugin_settings: {{bank: {{seconds: 59.0, connections: {AT_ONCE}}}}}
limits: {{action_seconds: 60, turn_seconds: 60, shutdown_seconds: 60}}
"""
ASKING = 40
OTHERS = 60


async def test_turns_waiting_for_the_bank_do_not_block_others(bank_project: BankProject, tmp_path: Path) -> None:
    project = bank_project("hanging")
    config = (project / "config.yml").read_text()
    (project / "config.yml").unlink()
    (project / "config.yml").write_text(config + PATIENT)
    with running_bot(tmp_path, project, command="simulator") as bank:
        async with serving(project, Place(port=0), {"bank_url": bank.url}) as (running, _):

            async def say(sender: str, text: str, customer: str | None = None) -> Any:
                principal = Principal("key", "key:test")
                if customer is not None:
                    principal = Principal("customer", f"customer:{sender}", Customer(sender, customer), login="test")
                conversation = await running.store.conversation_id(principal.id, "test", sender)
                now = running.sources.now()
                message = UserMessage(text, conversation, running.sources.new_id(), now, principal, "test")
                return await running.engine.handle(message)

            async with admin_of(project, bank.url) as admin:
                await hang(admin)
                asking = [
                    asyncio.create_task(say(f"asks-{n}", "what's my balance?", "cust-3f8a41")) for n in range(ASKING)
                ]
                await until_hanging(admin, AT_ONCE)
            answers = await asyncio.gather(*(say(f"other-{n}", "hello") for n in range(OTHERS)))
            assert len(answers) == OTHERS
            assert running.engine.waiting == ASKING
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            bank.process.kill()  # ends the hanging requests


def admin_of(project: Path, url: str) -> httpx.AsyncClient:
    """A client for the bank's administration."""
    admin = (project / ".teller" / "bank-admin.key").read_text().strip()
    return httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {admin}"}, trust_env=False)


async def hang(bank: httpx.AsyncClient) -> None:
    """Let every answer about accounts hang."""
    fault = {"kind": "hang", "path": "*/aisp/*", "seconds": 600, "count": ASKING}
    assert (await bank.post("/admin/faults", json=fault)).status_code == 201


async def until_hanging(bank: httpx.AsyncClient, requests: int) -> None:
    """Wait until this many requests hang."""
    async with asyncio.timeout(30):
        while (await bank.get("/admin/faults")).json()["faults"][0]["count"] > ASKING - requests:
            await asyncio.sleep(0.01)
