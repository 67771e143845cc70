"""Policies, components and observers of plugins that raise: no turn fails, and each failure is logged and counted."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.app.opening import Bot, open_bot
from bot.app.projects import load_project
from bot.config import Logging
from bot.dialogue.events import UserUttered
from bot.engine.codec import read_record
from bot.logs import correlation_id, make_logger
from bot.messages import Principal, UserMessage
from bot.nlu.components import ComponentFailed
from bot.reading.template import write_template

PLUGIN = '''
import sys
from datetime import datetime
from decimal import Decimal

import msgspec
import numpy as np

from bot import Entity, IntentScore, hookimpl
from bot.dialogue.prediction import Prediction

SECRET = "number 12345678"


class Policy:
    """Raises, or returns something that is not a prediction, after a message that asks for it."""

    name, priority = "Broken", 9

    def predict(self, tracker):
        text = tracker.parse.text if tracker.parse else ""
        if "raise" in text:
            raise ZeroDivisionError(SECRET)
        if "numpy" in text:
            return Prediction("action_listen", np.float32(1), self.name)
        return "action_listen" if "nonsense" in text else None


class Broken:
    """What the components have in common."""

    version = "1"

    def __init__(self, word):
        self.word = word

    def check(self, text):
        if self.word in text:
            raise ZeroDivisionError(SECRET)


class Encoder(Broken):
    share = 0.3

    def features(self, texts):
        for text in texts:
            self.check(text)
        found = np.ones((len(texts), 2), np.float32)
        wrong = {"flat": found[0], "wide": np.ones((1, 3)), "many": np.ones((2, 2)), "list": [[1, 1]]}
        return {**wrong, "nan": found * np.nan}.get(texts[0], found)


class Tagger(Broken):
    def process(self, parse, now):
        self.check(parse.text)
        if "numpy" in parse.text:
            return msgspec.structs.replace(parse, intent=IntentScore("deny", np.float32(1)))
        if "decimal" in parse.text:
            return msgspec.structs.replace(parse, entities=(Entity("price", Decimal(1), 0, 1),))
        if "dated" in parse.text:
            return msgspec.structs.replace(parse, entities=(Entity("day", datetime(2026, 11, 3), 0, 1),))
        return None if "nonsense" in parse.text else parse


def observe(record):
    if record.message.text == "hello hello":
        sys.exit(SECRET)


@hookimpl
def register_observers(register):
    register("all", observe)


@hookimpl
def register_policies(register):
    register("Broken", lambda content, entry: Policy())


@hookimpl
def register_nlu_components(register):
    register("Encoder", lambda options: Encoder(options["fails_at"]))
    register("Tagger", lambda options: Tagger(options["fails_at"]))
'''
PIPELINE = "pipeline:\n- name: IntentMatcher\n- name: FallbackClassifier\n"
POLICIES = "policies:\n- name: RulePolicy\n- name: Broken\n"

Opened = Callable[[str], AbstractAsyncContextManager["Talk"]]


class Talk:
    """A conversation with a bot, and what the bot's operator sees of it."""

    def __init__(self, bot: Bot, log: io.StringIO) -> None:
        self.bot = bot
        self._log = log

    async def say(self, text: str) -> tuple[str, list[str]]:
        """The intent that was understood and the actions that ran."""
        sources = self.bot.sources
        conversation = await self.bot.store.conversation_id("key:test", "rest", "ann")
        message = UserMessage(text, conversation, sources.new_id(), sources.now(), Principal("key", "key:test"))
        correlation_id.set("c-1")
        answer = await self.bot.engine.handle(message)
        [turn] = await self.bot.store.turns(conversation, after=answer.seq - 1)
        record = read_record(turn.record)
        user = next(event for event in record.events if isinstance(event, UserUttered))
        return user.parse.intent_name or "", [step.action for step in record.steps]

    def complaints(self) -> list[dict[str, Any]]:
        return [line for line in map(json.loads, self._log.getvalue().splitlines()) if line["level"] == "error"]

    def assert_reported(self, *parts: str) -> None:
        """Each failure is in the log (with the turn's correlation id, without a number) and in the metrics."""
        complaints = self.complaints()
        assert [(line["event"], line["action"], line["correlation_id"]) for line in complaints] == [
            ("action failed", part, "c-1") for part in parts
        ]
        assert "12345678" not in self._log.getvalue()
        metrics = self.bot.metrics.text().decode()
        for part in parts:
            assert f'bot_action_failures_total{{action="{part}",' in metrics


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def opened(tmp_path: Path, models: Path) -> Opened:
    """Opens the starter bot with the broken plugin and a config.yml: `async with opened(config) as talk`."""

    @asynccontextmanager
    async def make(config: str) -> AsyncIterator[Talk]:
        folder = tmp_path / "bakery"
        write_template(folder)
        (folder / "actions/broken.py").write_text(PLUGIN)
        (folder / "config.yml").write_text(f"language: en\n{config}")
        (folder / ".teller").mkdir()
        (folder / ".teller/models").symlink_to(models)
        written = io.StringIO()
        log = make_logger(Logging(), now=lambda: datetime(2026, 11, 3, tzinfo=UTC), stream=written)
        async with open_bot(load_project(folder), log=log) as bot:
            yield Talk(bot, written)

    return make


@pytest.mark.parametrize("word", ["raise", "nonsense", "numpy"])
async def test_policy_that_raises_abstains(opened: Opened, word: str) -> None:
    async with opened(POLICIES) as talk:
        assert await talk.say(f"hello {word}") == ("greet", ["action_session_start", "utter_greet", "action_listen"])
        talk.assert_reported("policy Broken", "policy Broken")
        assert await talk.say("hello") == ("greet", ["utter_greet", "action_listen"])
        assert len(talk.complaints()) == 2


async def test_observer_that_exits_is_logged_and_does_not_end_the_bot(opened: Opened) -> None:
    async with opened("") as talk:
        assert (await talk.say("hello hello"))[1][1:] == ["utter_greet", "action_listen"]
        talk.assert_reported("observer all")
        assert (await talk.say("hello"))[1] == ["utter_greet", "action_listen"]
        assert len(talk.complaints()) == 1


@pytest.mark.parametrize("word", ["raise", "nonsense", "numpy", "decimal"])
async def test_component_that_raises_is_skipped_for_that_message_only(opened: Opened, word: str) -> None:
    tagger = "- name: Tagger\n  fails_at: raise\n"
    async with opened(PIPELINE + tagger) as talk:
        for told in (1, 2):
            intent, _ = await talk.say(f"good morning {word}")
            assert intent == "greet"
            talk.assert_reported(*["component Tagger"] * told)


async def test_entity_with_a_datetime_from_a_component_is_stored(opened: Opened) -> None:
    async with opened(PIPELINE + "- name: Tagger\n  fails_at: raise\n") as talk:
        assert (await talk.say("good morning dated"))[1][-1] == "action_listen"
        assert talk.complaints() == []


@pytest.mark.parametrize("word", ["flat", "wide", "many", "list", "nan"])
async def test_features_of_the_wrong_shape_lead_to_the_fallback(opened: Opened, word: str) -> None:
    async with opened(PIPELINE + "- name: Encoder\n  fails_at: raise\n") as talk:
        assert (await talk.say(word))[0] == "nlu_fallback"
        talk.assert_reported("component Encoder")
        assert (await talk.say("good morning"))[0] == "greet"


async def test_message_falls_back_when_its_featurizer_raises(opened: Opened) -> None:
    both = "- name: Encoder\n  fails_at: raise\n- name: Tagger\n  fails_at: raise\n"
    async with opened(PIPELINE + both) as talk:
        intent, actions = await talk.say("good morning raise")
        assert intent == "nlu_fallback"
        assert actions[1:] == ["utter_rephrase", "action_listen"]
        talk.assert_reported("component Encoder", "component Tagger")
        assert (await talk.say("good morning"))[0] == "greet"


async def test_featurizer_that_raises_during_training_stops_the_start(opened: Opened) -> None:
    with pytest.raises(ComponentFailed, match="the pipeline component Encoder raised ZeroDivisionError"):
        async with opened(PIPELINE + "- name: Encoder\n  fails_at: hello\n"):
            pass
