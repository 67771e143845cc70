"""Every hook does what docs/reference/hooks.md says: one plugin with all of them, in a real bot."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot import PluginError
from bot.app.opening import Bot, open_bot
from bot.app.projects import load_project
from bot.app.running import parts_of
from bot.cli.main import main
from bot.config import Logging
from bot.errors import ContentError
from bot.logs import make_logger
from bot.messages import Principal, UserMessage
from bot.plugins import hookspecs
from bot.server.app import make_app
from bot.sources import Sources
from tests.channels.test_plugged import PROJECT

PLUGIN = '''
import json
from contextlib import asynccontextmanager

import click
import msgspec
import numpy as np

import bot

records = []
heights = []
closed = []


async def greet(turn: bot.Turn) -> None:
    turn.say_text(f"{turn.resources.get('greeting', str)} from the action")


class Shouts:
    """Takes what is shouted for a greeting."""

    def process(self, parse, now):
        return msgspec.structs.replace(parse, intent=bot.IntentScore("greet", 1.0)) if parse.text.isupper() else parse


class Lengths:
    version, share = "1", 0.1

    def features(self, texts):
        return np.ones((len(texts), 1), np.float32)


class Nights:
    name, priority = "Nights", 9

    def __init__(self, content: bot.Content, entry: bot.Component) -> None:
        self.word = entry.options["word"]

    def predict(self, tracker: bot.Tracker) -> bot.Prediction | None:
        parse = tracker.parse
        if parse is None or self.word not in parse.text or tracker.latest_action != "action_listen":
            return None
        return bot.Prediction("action_greet", 1.0, self.name, self.priority)


class Pager:
    def receive(self, incoming: bot.Incoming):
        return [bot.Said(**said) for said in json.loads(incoming.body)]

    def respond(self, answered):
        return [[reply["text"] for reply in replies] for _, replies in answered]


@bot.hookimpl
def register_actions(register):
    register("action_greet", greet)


@bot.hookimpl
def register_nlu_components(register):
    register("Shouts", lambda options: Shouts())
    register("Lengths", lambda options: Lengths())


@bot.hookimpl
def register_policies(register):
    register("Nights", Nights)


@bot.hookimpl
def register_channels(register):
    register("pager", Pager())


@bot.hookimpl
def register_observers(register):
    register("all", records.append)


@bot.hookimpl
def register_commands(commands):
    commands.add(click.Command("coo", callback=lambda: click.echo("coo")))
    commands.option("run", click.Option(["--loft"]), lambda settings, value: settings)


@bot.hookimpl
def register_settings(register):
    register("loft", {"type": "object", "properties": {"height": {"type": "integer"}}})


@bot.hookimpl
@asynccontextmanager
async def lifespan(startup: bot.Startup):
    startup.resources.provide("greeting", "good day")
    startup.announce("pigeons are in")
    heights.append(startup.settings.plugin_settings["loft"]["height"])
    yield
    closed.append(True)
'''
CONFIG = """
language: en
plugins: [pigeons]
plugin_settings: {loft: {height: 3}}
pipeline:
- name: DIETClassifier
- name: Lengths
- name: Shouts
policies:
- name: RulePolicy
- name: Nights
  word: night
"""
HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, "bot_spec")]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def project(tmp_path: Path, models: Path) -> Path:
    for name, text in {**PROJECT, "config.yml": CONFIG, "pigeons.py": PLUGIN}.items():
        path = tmp_path / ("data" if name in ("nlu.yml", "rules.yml") else "") / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / ".teller").mkdir()
    (tmp_path / ".teller/models").symlink_to(models)
    return tmp_path


@asynccontextmanager
async def opened(project: Path) -> AsyncIterator[Bot]:
    quiet = make_logger(Logging(level="error"), now=Sources().now)
    async with open_bot(load_project(project), server=True, log=quiet) as bot:
        yield bot


def of_plugin(bot: Bot) -> Any:
    """The module of the plugin of this bot."""
    return sys.modules[bot.project.plugins.actions()["action_greet"].__module__]


async def said(bot: Bot, text: str) -> list[str]:
    conversation = await bot.store.conversation_id("key:test", "rest", "ann")
    key = Principal("key", "key:test")
    message = UserMessage(text, conversation, bot.sources.new_id(), bot.sources.now(), key, sender="ann")
    return [reply["text"] for reply in (await bot.engine.handle(message)).replies]


async def test_register_actions(project: Path) -> None:
    (project / "data/rules.yml").write_text(PROJECT["rules.yml"].replace("utter_greet", "action_greet"))
    async with opened(project) as bot:
        assert await said(bot, "hello") == ["good day from the action"]


async def test_register_nlu_components(project: Path) -> None:
    async with opened(project) as bot:
        assert bot.trained.model.components == ("Lengths", "Shouts")
        assert "Lengths" in [type(source).__name__ for source in bot.trained.model.features.sources]
        assert await said(bot, "QWERTY UIOP") == ["Hello!"]


async def test_register_policies(project: Path) -> None:
    async with opened(project) as bot:
        assert await said(bot, "good night") == ["good day from the action"]


async def test_register_channels(project: Path) -> None:
    async with opened(project) as bot, TestClient(TestServer(make_app(parts_of(bot)))) as client:
        body = json.dumps([{"sender": "555", "text": "hello"}])
        answer = await client.post("/webhooks/pager/webhook", data=body)
        assert (answer.status, await answer.json()) == (200, [["Hello!"]])


async def test_register_observers(project: Path) -> None:
    async with opened(project) as bot:
        await said(bot, "hello")
        [record] = of_plugin(bot).records
        assert (record.message.text, [reply.text for reply in record.replies]) == ("hello", ["Hello!"])
        assert "utter_greet" in [step.action for step in record.steps]


@pytest.mark.parametrize(("words", "message"), [("--help", "\n  coo"), ("coo", "coo\n"), ("run --help", "--loft")])
def test_register_commands(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: str, message: str
) -> None:
    monkeypatch.chdir(project)
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert message in capsys.readouterr().out
    assert ended.value.code == 0


async def test_lifespan(project: Path) -> None:
    async with opened(project) as bot:
        assert bot.announcements == ["pigeons are in"]
        plugin = of_plugin(bot)
        assert plugin.closed == []
    assert plugin.closed == [True]


async def test_register_settings(project: Path) -> None:
    async with opened(project) as bot:
        assert of_plugin(bot).heights == [3]
    (project / "config.yml").write_text(CONFIG.replace("3", "tall"))
    with pytest.raises(ContentError, match=r"config\.yml:4:34: error: `height` must be a whole number"):
        load_project(project)


EFFECT = """

class Pay:
    settled_action = "action_tell"

    async def perform(self, key, parameters):
        return bot.EffectResult("unknown")

    find = perform
"""


async def test_effect_with_an_unknown_settled_action_stops_the_start(project: Path) -> None:
    offers = PLUGIN.replace("    yield\n", '    startup.add_effect("pay", Pay())\n    yield\n')
    (project / "pigeons.py").write_text(offers + EFFECT)
    with pytest.raises(PluginError, match="effect 'pay' has 'action_tell' for its `settled_action`, and there is no"):
        async with opened(project):
            pass


def test_every_hook_has_a_test_and_its_signature_in_the_reference() -> None:
    reference = (Path(__file__).resolve().parents[2] / "docs/reference/hooks.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^## `(\w+)\((.*)\)`$", reference, re.MULTILINE))
    taken = {name: ", ".join(inspect.signature(getattr(hookspecs, name)).parameters) for name in HOOKS}
    assert documented == taken
    assert [name for name in HOOKS if f"test_{name}" not in globals()] == []
    assert len(HOOKS) == 8
