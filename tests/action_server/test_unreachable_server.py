"""An unreachable action server is reported to the operator with its address."""

from __future__ import annotations

import io
import json
from pathlib import Path
from shutil import copytree

import pytest
from aiohttp.test_utils import unused_port

from bot.actions.remote import check_reachable
from bot.app.opening import open_bot
from bot.app.projects import load_project
from bot.config import ActionEndpoint, Logging
from bot.errors import CallFailed
from bot.logs import make_logger
from bot.sources import Sources
from tests.action_server.conftest import ActionServer

PROJECT = Path(__file__).parent / "project"


@pytest.fixture
def nowhere() -> str:
    """The URL of a server that does not exist, with credentials in it."""
    return f"http://somebody:hidden@127.0.0.1:{unused_port()}/webhook?token=hidden"


async def state_and_log(folder: Path, url: str) -> tuple[str, list[dict[str, str]]]:
    """How ready the bot is with its action server at `url`, and what is logged of it."""
    copytree(PROJECT, folder)
    (folder / "endpoints.yml").write_text(f"action_endpoint:\n  url: {url}\n")
    stream = io.StringIO()
    async with open_bot(load_project(folder), log=make_logger(Logging(), now=Sources().now, stream=stream)) as bot:
        await bot.readiness.check()
        await bot.readiness.check()
        state = bot.readiness.state
    return state, [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_reachable_action_server_leaves_the_bot_ready(tmp_path: Path, server: ActionServer) -> None:
    assert await state_and_log(tmp_path / "bot", server.url) == ("ready", [])


async def test_unreachable_action_server_is_reported_once_with_its_address(tmp_path: Path, nowhere: str) -> None:
    state, lines = await state_and_log(tmp_path / "bot", nowhere)
    (line,) = lines
    place = nowhere.partition("@")[2].partition("/")[0]
    assert (state, line["check"]) == ("degraded", "action server")
    assert line["error"] == f"CallFailed: action server at {place}: connect: no connection; is it running?"
    assert "where" not in line
    assert "hidden" not in str(line)


async def test_ipv6_address_is_bracketed_in_errors() -> None:
    with pytest.raises(CallFailed, match=r"^action server at \[::1\]:1: connect: "):
        await check_reachable(ActionEndpoint(url="http://[::1]:1/webhook"))
