"""The lifespans of plugins when a bot is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import PluginError
from bot.app.opening import open_bot
from bot.app.projects import load_project
from bot.app.testing import run_end_to_end_tests
from tests.app.conftest import GREETER

PLUGIN = """
from contextlib import asynccontextmanager

from bot import hookimpl


async def check():
    pass


@hookimpl
@asynccontextmanager
async def lifespan(startup):
    {line}
    yield
"""


def greeter(folder: Path, line: str) -> Path:
    """A bot with a plugin whose lifespan runs this line."""
    (folder / "config.yml").write_text("plugins: [till]\n")
    (folder / "domain.yml").write_text(GREETER)
    (folder / "till.py").write_text(PLUGIN.format(line=line))
    return folder


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("[startup.add_check('till', check) for _ in range(2)]", "there is already a check 'till'"),
        ("startup.add_check('store', check)", "there is already a check 'store'"),
        ("startup.add_check('till', None)", "the check 'till' is None; write a function"),
        ("startup.add_check('till', lambda: 1)", "the check 'till' must be async; write `async def`"),
    ],
)
async def test_unsuitable_check_is_rejected_with_the_plugin_name(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(PluginError, match=f"till: its lifespan did not open: {told}"):
        async with open_bot(load_project(greeter(tmp_path, line))):
            pass


async def test_lifespan_is_told_that_it_runs_in_tests(tmp_path: Path) -> None:
    bot = greeter(tmp_path, "assert startup.testing")
    with pytest.raises(PluginError, match="AssertionError"):
        async with open_bot(load_project(bot)):
            pass
    (bot / "tests").mkdir()
    steps = "[{user: /greet, intent: greet}, {action: utter_greet}]"
    (bot / "tests" / "test_greet.yml").write_text(f"stories: [{{story: greets, steps: {steps}}}]\n")
    assert (await run_end_to_end_tests(bot)).stories.passed == 1
