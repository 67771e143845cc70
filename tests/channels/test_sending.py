"""A plugin's channel that can speak first: what the bot says unprompted reaches its user, once and in order."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from traceback import walk_tb
from typing import Any

import httpx
import pytest

from bot import Undeliverable
from bot.app.opening import Bot, open_bot
from bot.app.projects import load_project
from bot.app.running import Place, parts_of, serving
from bot.channels import plugged
from bot.channels.delivery import Delivery
from bot.config import Logging
from bot.engine.codec import read_record
from bot.logs import make_logger
from bot.sources import Sources

from .test_plugged import PROJECT, page, served

PLUGIN = """
import asyncio
from datetime import timedelta

from bot import ReminderScheduled, Said, hookimpl

import json

sent = []
failures = []
arrived = asyncio.Event()


class Pager:
    def receive(self, incoming):
        return [Said(m["from"], m["text"], m["id"]) for m in json.loads(incoming.body)["messages"]]

    def respond(self, answered):
        return [reply["text"] for _, replies in answered for reply in replies]

    async def send(self, sending):
        if failures:
            raise failures.pop()
        sent.append((sending.id, sending.sender, [reply["text"] for reply in sending.replies]))
        arrived.set()


async def remind(turn):
    turn.say_text("I shall.")
    for name in ("one", "two"):
        turn.emit(ReminderScheduled("bye", turn.now.isoformat(), name))


async def nudge(turn):
    turn.say_text("Time!")


@hookimpl
def register_channels(register):
    register("pager", Pager())


@hookimpl
def register_actions(register):
    register("action_remind", remind)
    register("action_nudge", nudge)
"""
RULES = """version: "3.1"
rules:
- rule: greet
  steps: [{intent: greet}, {action: action_remind}]
- rule: bye
  steps: [{intent: bye}, {action: action_nudge}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {**PROJECT, "rules.yml": RULES, "actions/pager.py": PLUGIN}
    files["domain.yml"] = 'version: "3.1"\nintents: [greet, bye]\nactions: [action_remind, action_nudge]\n'
    for name, text in files.items():
        path = tmp_path / ("data" if name in ("nlu.yml", "rules.yml") else "") / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def plugin_module(bot: Bot) -> Any:
    return sys.modules[bot.project.plugins.actions()["action_nudge"].__module__]


MESSAGE = {"from": "555-1", "text": "hello", "id": "a"}


async def test_reminder_is_sent_to_the_channels_user(project: Path) -> None:
    place = Place(port=0, store="sqlite:///t.db")
    async with asyncio.timeout(60), serving(project, place, {}) as (bot, url), httpx.AsyncClient() as client:
        body = json.dumps({"messages": [MESSAGE]}).encode()
        answer = await client.post(f"{url}/webhooks/pager/webhook", content=body)
        assert answer.json() == ["I shall."]
        await bot.background.fire_reminders()
        plugin = plugin_module(bot)
        while len(plugin.sent) < 2:
            plugin.arrived.clear()
            await plugin.arrived.wait()
        conversation = await bot.store.conversation_id("channel:pager", "key", "555-1")
        turns = [read_record(turn.record) for turn in await bot.store.turns(conversation)]
        assert plugin.sent == [(turn.unique_id, "555-1", ["Time!"]) for turn in turns[1:]]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ConnectionError("down"), "failed"),
        (SystemExit(2), "failed"),
        (asyncio.CancelledError(), "failed"),
        (json.JSONDecodeError("a gateway's page", "", 0), "failed"),
        (ValueError("not enough values to unpack"), "failed"),
        (Undeliverable("gone"), "refused"),
    ],
)
async def test_failed_sending_is_retried_unless_it_is_undeliverable(
    project: Path, error: BaseException, outcome: str
) -> None:
    quiet = make_logger(Logging(level="critical"), now=Sources().now)
    addressing = {"pager": plugged.addressing("pager")}
    outcomes: list[str] = []
    told: list[tuple[str, BaseException]] = []
    async with open_bot(load_project(project), server=True, log=quiet, addressing=addressing) as bot:
        await send_greeting(bot)
        await bot.background.fire_reminders()
        plugin, senders = plugin_module(bot), {"pager": plugged.sender("pager", bot.channels["pager"])}
        plugin.failures.append(error)
        delivery = Delivery(
            bot.store, bot.sources, senders=senders, outcome=outcomes.append, tell=lambda *what: told.append(what)
        )
        async with delivery:
            while await delivery.deliver_due():
                pass
    [(channel, failure)] = told
    assert (outcomes[0], channel) == (outcome, "channel pager")
    traces = [failure.__traceback__, failure.__cause__ and failure.__cause__.__traceback__]
    assert "Pager.send" in [frame.f_code.co_qualname for trace in traces for frame, _ in walk_tb(trace)]
    # If the first failed, it is still to come and holds up the second; if it was refused, the second has arrived.
    assert (outcomes[1:], len(plugin.sent)) == ((["sent"], 1) if outcome == "refused" else ([], 0))


async def test_replies_for_an_unloaded_channel_wait(project: Path) -> None:
    quiet = make_logger(Logging(level="critical"), now=Sources().now)
    outcomes: list[str] = []
    async with open_bot(
        load_project(project), server=True, log=quiet, addressing={"pager": plugged.addressing("pager")}
    ) as bot:
        await send_greeting(bot)
        await bot.background.fire_reminders()
        async with Delivery(bot.store, bot.sources, outcome=outcomes.append) as delivery:
            assert await delivery.deliver_due() == 1
    assert outcomes == ["failed"]


async def send_greeting(bot: Bot) -> None:
    async with served(parts_of(bot)) as client:
        assert await (await page(client, MESSAGE)).json() == ["I shall."]
