"""Rasa's own action server, the real one, running custom actions for a project that Teller serves."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from bot.app.checking import check_project
from bot.app.opening import Bot, open_bot
from bot.app.projects import load_project
from bot.config import ActionEndpoint, Logging, Settings
from bot.dialogue.events import SlotSet
from bot.engine.background import Background
from bot.engine.codec import read_record
from bot.messages import Principal, UserMessage
from bot.sources import Sources

HERE = Path(__file__).parent
SDK = HERE.parents[1] / ".venv-rasa-sdk"
KEY = Principal("key", "key:test")


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.fixture(scope="module")
def action_server() -> Iterator[str]:
    if not (SDK / ".done").exists():
        pytest.skip("rasa-sdk is not installed in .venv-rasa-sdk (`make .venv-rasa-sdk/.done`)")
    port = free_port()
    words = [str(SDK / "bin" / "python"), "-m", "rasa_sdk", "--actions", "actions", "--port", str(port)]
    process = subprocess.Popen(words, cwd=HERE / "project", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}/webhook"
    finally:
        process.terminate()
        process.wait(20)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Poll until it answers; a process that has ended never will."""
    with httpx.Client(trust_env=False) as client:
        for _ in range(600):
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.TransportError:
                assert process.poll() is None, "the action server did not start"
            time.sleep(0.05)
    raise AssertionError("the action server does not answer")


@dataclass
class Chat:
    """A conversation with the project's bot, at a time that a test moves."""

    bot: Bot
    now: list[datetime]
    conversation: str
    ids: Iterator[int]

    async def say(self, text: str) -> list[str]:
        return [reply["text"] for reply in await self.replies(text)]

    async def replies(self, text: str) -> Sequence[dict[str, Any]]:
        message = UserMessage(text, self.conversation, f"m-{next(self.ids)}", self.now[0], KEY, "rest", "ann")
        return (await self.bot.engine.handle(message)).replies


@asynccontextmanager
async def chat_with(
    tmp_path: Path, url: str, at: datetime | None = None, *, selective: bool = False
) -> AsyncIterator[Chat]:
    folder = tmp_path / "project"
    if not folder.exists():
        shutil.copytree(HERE / "project", folder)
    now = [at or datetime(2026, 11, 3, 12, 0, tzinfo=UTC)]

    def override(settings: Settings) -> Settings:
        quiet = Logging(level="error", format="console")
        endpoint = ActionEndpoint(url, enable_selective_domain=selective)
        return replace(settings, action_endpoint=endpoint, logging=quiet)

    project = load_project(folder, override=override)
    async with open_bot(project, sources=Sources(now=lambda: now[0])) as bot:
        conversation = await bot.engine.store.conversation_id(KEY.id, "rest", "ann")
        yield Chat(bot, now, conversation, count(int(now[0].timestamp())))


async def test_form_is_validated_and_submitted_on_the_action_server(tmp_path: Path, action_server: str) -> None:
    async with chat_with(tmp_path, action_server) as chat:
        assert await chat.say("/order") == ["Which size?"]
        assert await chat.say("enormous") == ["We have small and large.", "Which size?"]
        assert await chat.say("LARGE") == ["One large pizza.", "Thanks, Ann."]


async def test_rejected_action_does_not_stop_the_bot(tmp_path: Path, action_server: str) -> None:
    async with chat_with(tmp_path, action_server) as chat:
        await chat.say("/refuse")
        assert await chat.say("/follow") == ["first", "second"]


async def test_action_receives_the_domain_and_the_events(tmp_path: Path, action_server: str) -> None:
    async with chat_with(tmp_path, action_server) as chat:
        [said] = await chat.say("/domain")
        intents, _, events, _ = said.split()
        assert int(intents) >= 10
        assert int(events) >= 3


async def test_failing_action_gets_an_apology(tmp_path: Path, action_server: str) -> None:
    async with chat_with(tmp_path, action_server) as chat:
        [said] = await chat.say("/fail")
        assert said.startswith("Sorry")
        assert "boom" not in said


async def test_reminder_fires_once_after_a_restart(tmp_path: Path, action_server: str) -> None:
    async with chat_with(tmp_path, action_server) as chat:
        await chat.say("/remind")
    later = datetime(2026, 11, 5, tzinfo=UTC)
    async with chat_with(tmp_path, action_server, later) as chat:
        background = Background(chat.bot.engine, chat.bot.sources)
        assert await background.fire_reminders() == 1
        assert await background.fire_reminders() == 0
        turns = await chat.bot.engine.store.turns(chat.conversation)
        assert b"you asked me to remind you" in turns[-1].record


async def test_cancelled_reminder_does_not_fire(tmp_path: Path, action_server: str) -> None:
    async with chat_with(tmp_path, action_server) as chat:
        await chat.say("/remind")
        await chat.say("/forget")
        chat.now[0] = datetime(2026, 11, 5, tzinfo=UTC)
        assert await Background(chat.bot.engine, chat.bot.sources).fire_reminders() == 0


async def test_reminders_without_names_all_fire(tmp_path: Path, action_server: str) -> None:
    async with chat_with(tmp_path, action_server) as chat:
        await chat.say("/remind_twice")
        chat.now[0] = datetime(2026, 11, 5, tzinfo=UTC)
        assert await Background(chat.bot.engine, chat.bot.sources).fire_reminders() == 2


async def test_inapplicable_response_is_silent_and_a_list_slot_gets_a_list(tmp_path: Path, action_server: str) -> None:
    async with chat_with(tmp_path, action_server) as chat:
        assert await chat.say("/top") == []
        [turn] = await chat.bot.engine.store.turns(chat.conversation)
        assert SlotSet("toppings", ["ham"]) in read_record(turn.record).events


async def test_parts_beside_a_response_are_added_to_it_or_replace_its_own(tmp_path: Path, action_server: str) -> None:
    order, more = {"title": "Order", "payload": "/order"}, {"title": "More", "payload": "/affirm"}
    async with chat_with(tmp_path, action_server) as chat:
        filled, replaced = await chat.replies("/dress")
    assert (filled["text"], filled["image"], filled["custom"]) == ("0 pizzas.", "menu.png", {"menu": 1})
    assert filled["buttons"] == [order, more]
    assert (replaced["text"], replaced["image"], replaced["custom"]) == ("Today only.", "own.png", {"own": 1})
    assert replaced["buttons"] == [order]


async def test_unknown_response_fails_the_action(tmp_path: Path, action_server: str) -> None:
    async with chat_with(tmp_path, action_server) as chat:
        [said] = await chat.say("/misspell")
        assert said.startswith("Sorry")


async def test_unreachable_action_server_fails_only_the_action(tmp_path: Path) -> None:
    async with chat_with(tmp_path, f"http://127.0.0.1:{free_port()}/webhook") as chat:
        [said] = await chat.say("/follow")
        assert said.startswith("Sorry")
        turns = await chat.bot.engine.store.turns(chat.conversation)
        assert [turn.seq for turn in turns] == [1]


def test_check_notes_that_the_actions_need_a_server() -> None:
    codes = {finding.code for finding in check_project(HERE / "project")}
    assert "needs-action-server" in codes
    assert not [f for f in check_project(HERE / "project") if f.severity == "error"]
