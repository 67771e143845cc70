"""Runs the bank assistant as a separate process, and talks to it over HTTP."""

from __future__ import annotations

import contextlib
import functools
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.reading.template import write_template

DEMO = {"accountNumber": "12345678", "code": "135790"}


@dataclass
class Running:
    """A running server process and a client for it."""

    process: subprocess.Popen[str]
    url: str
    lines: list[str]
    log: Path

    def client(self, token: str = "") -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=20)

    def login(self, **who: str) -> httpx.Client:
        with self.client() as client:
            answer = client.post("/auth", json=who or DEMO)
        assert answer.status_code == 200, answer.text
        return self.client(answer.json()["token"])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


def link_project(folder: Path, root: Path) -> Path:
    """The bank assistant's project with its own data folder; trained models are shared."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("actions", "intents", "stories", "simulator", "config.yml"):
        (folder / name).symlink_to(root / name)
    (folder / ".teller").mkdir()
    (folder / ".teller" / ".gitignore").write_text("*\n")
    return folder


@pytest.fixture(scope="session")
def bank_project(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Callable[[str], Path]:
    """Makes project folders of the bank assistant that share one cache of models."""
    models = tmp_path_factory.mktemp("models")

    def make(name: str) -> Path:
        folder = link_project(tmp_path_factory.mktemp(name) / "bank", project)
        (folder / ".teller" / "models").symlink_to(models)
        return folder

    return make


GREETER = """
responses:
  utter_greet:
  - text: Hello
rules:
- rule: greet
  steps:
  - intent: greet
  - action: utter_greet
intents: [greet]
"""
"""The content of a bot that answers only a greeting."""


def at_terminal(project: Path, *words: str, columns: int = 80) -> str:
    """The output of a successful command in a terminal of this width."""
    shown, terminal = pty.openpty()
    command = [sys.executable, "-m", "bot", *words, "--project", str(project)]
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": "1"}
    with subprocess.Popen(command, stdout=terminal, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(terminal)
        told = b""
        while True:
            try:
                told += os.read(shown, 65536)
            except OSError:  # the other side is closed
                break
        assert process.wait(60) == 0
    os.close(shown)
    return told.decode()


RunBot = Callable[..., contextlib.AbstractContextManager[Running]]


@pytest.fixture
def run_bot(tmp_path: Path) -> RunBot:
    """Runs `bot run` on a free port: `with run_bot(project, "--demo") as running`."""
    return functools.partial(running_bot, tmp_path)


@contextlib.contextmanager
def running_bot(logs: Path, project: Path, *arguments: str, command: str = "run") -> Iterator[Running]:
    """A server process on a free port; its log is in the folder `logs`."""
    words = [sys.executable, "-m", "bot", command, "--project", str(project), "--port", "0", *arguments]
    log = logs / f"log-{len(list(logs.iterdir()))}.txt"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with log.open("w") as errors:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
        try:
            yield _ready(process, log)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(20)
            assert process.stdout is not None
            process.stdout.close()


def _ready(process: subprocess.Popen[str], log: Path) -> Running:
    lines: list[Any] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith(("ready ", "bank ready ")):
            return Running(process, line.split("ready ")[1].strip(), lines, log)
    raise AssertionError(f"the bot did not start: {lines} {log.read_text()[-2000:]}")


FAULTY_ACTIONS = """from bot import Turn, hookimpl


async def misspell(turn: Turn) -> None:
    turn.set("kake", None)
    turn.say("utter_opne")


async def break_down(turn: Turn) -> None:
    raise KeyError(f"no bread for {turn.message.text}")


@hookimpl
def register_actions(register):
    register("action_misspell", misspell)
    register("action_break", break_down)
"""
FAULTY_INTENTS = """version: "3.1"
nlu:
- {intent: misspell, action: action_misspell, examples: "- misspell it"}
- {intent: break, action: action_break, examples: "- break down now"}
"""


@pytest.fixture(scope="session")
def faulty_bakery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template's project with two actions that go wrong: `/misspell` and `/break`."""
    folder = tmp_path_factory.mktemp("faulty") / "bakery"
    write_template(folder)
    (folder / "actions/faulty.py").write_text(FAULTY_ACTIONS, encoding="utf-8")
    (folder / "intents/faulty.yml").write_text(FAULTY_INTENTS, encoding="utf-8")
    return folder
