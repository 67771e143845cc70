"""Where the replies to an operator's own turns go: into the response, or to the channel that `output_channel` names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bot.app.opening import Bot, open_bot
from bot.app.projects import load_project
from bot.app.running import parts_of
from bot.channels import callback
from bot.config import Logging
from bot.logs import make_logger
from bot.sources import Sources

from .test_plugged import served
from .test_sending import project as sending_project

project = sending_project


@dataclass
class Desk:
    """An operator with the bot's API, who also sees what is to be delivered."""

    bot: Bot
    client: TestClient[Any, Any]
    headers: dict[str, str]

    async def post(self, path: str, body: Any) -> Any:
        answer = await self.client.post(path, json=body, headers=self.headers)
        assert answer.status == 200, await answer.text()
        return await (answer.json() if "json" in answer.content_type else answer.text())

    async def delivered(self) -> list[tuple[str, str]]:
        """The channels and targets of what was to be delivered since the last look."""
        await self.bot.engine.finish(10)
        found: list[tuple[str, str]] = []
        while due := await self.bot.store.due_outgoing(claimed_for=0.0, most=9):
            for reply in due:
                found.append((reply.outgoing.channel, reply.outgoing.target))
                await self.bot.store.mark_sent(reply.outgoing.id)
        return found


@asynccontextmanager
async def desk_of(project: Path) -> AsyncIterator[Desk]:
    quiet = make_logger(Logging(level="critical"), now=Sources().now)
    addressing = {"callback": callback.addressing("http://b.example/cb")}
    async with open_bot(load_project(project), server=True, log=quiet, addressing=addressing) as bot:
        key = (await bot.auth.keys.create(["channel", "operator"])).secret
        async with served(parts_of(bot)) as client:
            yield Desk(bot, client, {"Authorization": f"Bearer {key}"})


async def conversation_at_the_pager(desk: Desk) -> str:
    said = {"messages": [{"from": "555-1", "text": "hello", "id": "a"}]}
    await desk.post("/webhooks/pager/webhook", said)
    return await desk.bot.store.conversation_id("channel:pager", "key", "555-1")


AT_THE_PAGER, CALLED_BACK = ("pager", "555-1"), ("callback", "http://b.example/cb")


@pytest.mark.parametrize(("route", "name"), [("trigger_intent", "bye"), ("execute", "action_nudge")])
async def test_replies_go_either_to_the_output_channel_or_into_the_response(
    project: Path, route: str, name: str
) -> None:
    async with desk_of(project) as desk:
        path = f"/conversations/{await conversation_at_the_pager(desk)}/{route}"
        assert await desk.delivered() == []
        for wanted, delivered in (
            ("", []),
            ("?output_channel=rest", []),
            ("?output_channel=nowhere", []),
            ("?output_channel=latest", [AT_THE_PAGER]),
            ("?output_channel=pager", [AT_THE_PAGER]),
            ("?output_channel=callback", [CALLED_BACK]),
        ):
            done = await desk.post(path + wanted, {"name": name})
            assert await desk.delivered() == delivered
            assert [message["text"] for message in done.get("messages", ())] == ([] if delivered else ["Time!"])
            assert ("messages" in done) == (not delivered)
            assert done["tracker"]["latest_input_channel"] == "pager"


async def test_appended_bot_messages_are_delivered_only_as_side_effects(project: Path) -> None:
    async with desk_of(project) as desk:
        path = f"/conversations/{await conversation_at_the_pager(desk)}/tracker/events"
        for wanted, delivered in (
            ("", []),
            ("?output_channel=latest", []),
            ("?execute_side_effects=true", []),
            ("?execute_side_effects=true&output_channel=latest", [AT_THE_PAGER]),
        ):
            await desk.post(path + wanted, {"event": "bot", "text": "from a colleague"})
            assert await desk.delivered() == delivered
