"""The conversation in the README is what the assistant says, on the day the tests happen."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from bot.app.opening import Bot
from bot.nlu.entities import train_entities
from bot.reading import read_project
from tests.assistant.conftest import NOW, talk_to

_INTENT = re.compile(r"```yaml\n(# intents/branches\.yml\n.*?)```", re.DOTALL)
_LINE = re.compile(r"^(you|bot)  (.+)$", re.MULTILINE)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_readme_conversation_matches_the_replies(assistant: Bot, project: Path) -> None:
    lines = _LINE.findall((project / "README.md").read_text(encoding="utf-8"))
    assert len(lines) >= 8
    talk = talk_to(assistant, "12345678")
    for (_, said), (_, expected) in zip(lines[::2], lines[1::2], strict=True):
        assert (await talk.say(said)).said == expected


@pytest.mark.parametrize(
    "said",
    [
        "branch in bath",
        "branch in york",
        "Branch in Bath",
        "branches near York",
        "do you have a branch in Glasgow",
        "is there a branch in Manchester",
        "find a branch in London",
        "where is your branch in Paris",
    ],
)
async def test_readme_example_recognises_towns_in_any_case(project: Path, tmp_path: Path, said: str) -> None:
    (tmp_path / "intents").mkdir()
    example = _INTENT.search((project / "README.md").read_text(encoding="utf-8"))
    assert example is not None
    shutil.copy(project / "config.yml", tmp_path)
    for file in (project / "intents").glob("*.yml"):
        shutil.copy(file, tmp_path / "intents")
    (tmp_path / "intents" / "branches.yml").write_text(example[1], encoding="utf-8")
    found = train_entities(read_project(tmp_path).content).extract(said, NOW)
    assert [(e.entity, e.value) for e in found] == [("town", said.rpartition(" ")[2])]
