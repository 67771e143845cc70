"""The conversation in the README is what the assistant says, on the day the tests happen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.app.opening import Bot
from tests.assistant.conftest import talk_to

_LINE = re.compile(r"^(you|bot)  (.+)$", re.MULTILINE)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_readmes_conversation_goes_as_it_is_printed(assistant: Bot, project: Path) -> None:
    lines = _LINE.findall((project / "README.md").read_text(encoding="utf-8"))
    assert len(lines) >= 8
    talk = talk_to(assistant, "12345678")
    for (_, said), (_, expected) in zip(lines[::2], lines[1::2], strict=True):
        assert (await talk.say(said)).said == expected
