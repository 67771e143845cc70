"""`bot shell` in a terminal: each start is a new conversation, any bytes are accepted, and Ctrl-C ends it."""

from __future__ import annotations

import asyncio
import os
import queue
import re
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.cli.prompting import Prompt
from bot.cli.talking import pressed, show
from bot.encoding import encode
from bot.engine.record import Answer
from bot.reading.template import write_template
from bot.stores.lock import locked
from tests.app.terminals import Terminal


@pytest.fixture(scope="module")
def bakery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shell") / "bakery"
    write_template(folder)
    (folder / "stories/quiet.yml").write_text(
        'version: "3.1"\nrules:\n- rule: say nothing\n  steps:\n  - intent: hush\n  - action: action_listen\n'
    )
    (folder / "intents/quiet.yml").write_text(
        'version: "3.1"\nnlu:\n- intent: hush\n  examples: |\n    - hush hush now\n    - be quiet\n'
    )
    return folder


def shell(bakery: Path, said: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, "-m", "bot", "shell", "--project", str(bakery), *options]
    return subprocess.run(words, input=said, capture_output=True, timeout=60)


def talk(bakery: Path, said: bytes, *options: str) -> str:
    done = shell(bakery, said, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_each_start_begins_a_new_conversation(bakery: Path) -> None:
    assert "Which cake" in talk(bakery, b"I want a cake\n")
    assert "Which cake" not in talk(bakery, b"hello\n")


def test_story_command_shows_a_test_story_that_passes(bakery: Path, tmp_path: Path) -> None:
    said = talk(bakery, b"hello\nI want a cake\n1\nSam\n/story\n")
    told = tmp_path / "test_told.yml"
    told.write_text(said[said.index("version:") :])
    assert "- action: order_form" in told.read_text()
    words = [sys.executable, "-m", "bot", "test", "--project", str(bakery), "-s", str(told), "--out", str(tmp_path)]
    assert subprocess.run(words, capture_output=True, timeout=60).stdout == b"1 passed, 0 failed\n"


def test_why_command_explains_an_answer_with_its_sources(bakery: Path) -> None:
    said = talk(bakery, b"/why\nI want a carrot cake\n/why\n")
    assert said.startswith("Nothing has been said yet.\n")
    intent, entity, start, form, listen, *slots = said[said.index("intent: ") :].splitlines()
    assert re.fullmatch(r"intent: order_cake \(0\.\d\d\), near “.*carrot cake” \(intents/orders\.yml:\d+:5\)", intent)
    assert entity == 'entity cake: "carrot cake"'
    assert start == "action: action_session_start, because of default: a new session"
    assert re.fullmatch(r"action: order_form, because of RulePolicy: take an order \(stories/.*\)", form)
    assert listen.startswith("action: action_listen, because of RulePolicy")
    assert 'slot requested_slot: "name"' in slots


def test_why_command_says_that_the_default_response_is_missing_where_the_bot_is_silent(tmp_path: Path) -> None:
    bakery = tmp_path / "bakery"
    write_template(bakery)
    responses = bakery / "intents/smalltalk.yml"
    responses.write_text(responses.read_text("utf-8").replace("utter_default:", "utter_other:"), encoding="utf-8")
    (bakery / "intents/idle.yml").write_text("intents: [idle]\n", encoding="utf-8")
    said = talk(bakery, b"I want a cake\n/idle\n/why\n")
    [fallback] = [line for line in said.splitlines() if line.startswith("action: action_default_fallback")]
    assert fallback.endswith("(says nothing: there is no `utter_default` that fits)")


def test_response_variation_for_the_cmdline_channel_is_used(bakery: Path) -> None:
    (bakery / "intents/channels.yml").write_text(
        'version: "3.1"\nnlu:\n- intent: which\n  action: utter_which\n  examples: |\n    - which channel is this\n'
        "    - what channel are we on\nresponses:\n  utter_which:\n  - text: somewhere else\n"
        "  - text: the command line\n    channel: cmdline\n"
    )
    try:
        assert talk(bakery, b"which channel is this\n") == "the command line\n"
    finally:
        (bakery / "intents/channels.yml").unlink()


def test_story_of_an_empty_conversation_is_empty(bakery: Path) -> None:
    assert talk(bakery, b"/story\n") == 'version: "3.1"\n'


def test_invalid_utf8_is_answered(bakery: Path) -> None:
    assert "did not get that" in talk(bakery, b"caf\xe9 \xff\n\xf0\x9f\x98\x80\n")


def test_closed_standard_input_is_reported_without_a_traceback(bakery: Path) -> None:
    words = [sys.executable, "-m", "bot", "shell", "--project", str(bakery)]
    done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *words], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert "standard input is closed" in done.stderr
    assert "unexpected error" not in done.stderr


def test_unreadable_standard_input_is_reported_without_a_traceback(bakery: Path) -> None:
    words = [sys.executable, "-m", "bot", "shell", "--project", str(bakery)]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 0>/dev/null', "sh", *words], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert "unexpected error" not in done.stderr


def test_turn_without_a_reply_is_shown_as_no_reply(bakery: Path) -> None:
    assert talk(bakery, b"be quiet\n") == "(no reply)\n"


def test_store_of_a_running_server_is_rejected(bakery: Path) -> None:
    store = ("--store", "sqlite:///.teller/teller.db")
    with locked(bakery / ".teller/teller.db"):
        done = shell(bakery, b"hello\n", *store)
        assert "Hello" in talk(bakery, b"hello\n")
    assert done.returncode == 1
    assert f"a server (process {os.getpid()}) is using" in done.stderr.decode()
    assert "Hello" in talk(bakery, b"hello\n", *store)


def test_announcements_with_a_server_url_are_omitted(bank_project: Callable[[str], Path]) -> None:
    told = shell(bank_project("shell"), b"", "--demo").stderr.decode()
    assert "12345678 / 135790" in told
    assert "{url}" not in told


def test_action_errors_are_shown_in_full(faulty_bakery: Path) -> None:
    done = shell(faulty_bakery, b"/misspell\n/break\n")
    told = done.stderr.decode()
    assert done.stdout.decode().count("Sorry") == 2
    assert "the domain has no response `utter_opne`. Did you mean `utter_open`?" in told
    assert "the domain has no slot `kake`. Did you mean `cake`?" in told
    assert "actions/faulty.py:5 misspell" in told
    assert "KeyError: 'no bread for /break'" in told


@pytest.fixture
def terminal(bakery: Path) -> Iterator[Terminal]:
    with Terminal("shell", bakery) as terminal:
        terminal.until(b"> ")
        yield terminal


def test_ctrl_c_ends_a_waiting_shell_and_restores_the_terminal(terminal: Terminal) -> None:
    terminal.child.send_signal(2)
    errors = terminal.errors()
    assert terminal.child.returncode == 0, errors
    assert b"Traceback" not in errors
    assert b"Fatal" not in errors
    assert termios.tcgetattr(terminal.its_end)[3] & termios.ECHO


def test_typed_line_can_be_edited_and_recalled(terminal: Terminal) -> None:
    terminal.type(b"helo\x1b[Dl\r")  # the left arrow, then the missing letter
    terminal.until(b"Hello")
    terminal.until(b"> ")
    terminal.type(b"\x1b[A\r")  # the up arrow
    terminal.until(b"Hello")
    terminal.until(b"> ")
    terminal.type(b"\x04")
    assert b"Traceback" not in terminal.errors()
    assert terminal.child.returncode == 0


def test_typed_bytes_that_are_not_utf8_are_answered(terminal: Terminal) -> None:
    terminal.type(b"caf\xe9 \xff\r")
    terminal.until(b"did not get that")


@pytest.fixture
def forgetful(tmp_path: Path) -> Path:
    """A project with a bot that is to remind its user at once."""
    write_template(tmp_path)
    (tmp_path / "actions/reminding.py").write_text(REMINDING)
    (tmp_path / "stories/reminding.yml").write_text(
        'version: "3.1"\nintents: [remind_me, time_is_up]\nrules:\n'
        "- rule: remind\n  steps:\n  - intent: remind_me\n  - action: action_remind\n"
        "- rule: time\n  steps:\n  - intent: time_is_up\n  - action: action_time\n"
    )
    return tmp_path


REMINDING = """
from bot import ReminderScheduled, hookimpl


async def remind(turn):
    at = turn.now.isoformat()
    turn.emit(ReminderScheduled("time_is_up", at, "time", kill_on_user_message=False))
    turn.say_text("I will.")


async def time(turn):
    turn.say_text("Time is up!", buttons=[{"title": "Thanks", "payload": "hello"}])


@hookimpl
def register_actions(register):
    register("action_remind", remind)
    register("action_time", time)
"""


def test_what_the_bot_says_on_its_own_is_shown_above_the_prompt(forgetful: Path) -> None:
    with Terminal("shell", forgetful) as terminal:
        terminal.until(b"> ")
        terminal.type(b"/remind_me\r")
        terminal.until(b"I will.")
        terminal.until(b"Time is up!")
        terminal.until(b"1. Thanks")
        terminal.until(b"> ")
        terminal.type(b"1\r")
        terminal.until(b"Hello")
        terminal.until(b"> ")
        terminal.type(b"\x04")
        assert b"Traceback" not in terminal.errors()


def test_ctrl_c_lets_an_action_under_way_end(forgetful: Path) -> None:
    slow = "import asyncio" + REMINDING.replace(
        "async def time(turn):",
        "async def time(turn):\n    print('It rings', flush=True)\n    await asyncio.sleep(0.5)",
    )
    (forgetful / "actions/reminding.py").write_text(slow)
    with Terminal("shell", forgetful) as terminal:
        terminal.until(b"> ")
        terminal.type(b"/remind_me\r")
        terminal.until(b"It rings")
        terminal.child.send_signal(signal.SIGINT)
        errors = terminal.errors()
    assert (terminal.child.returncode, b"Traceback" in errors, b"must not cancel" in errors) == (0, False, False)


async def test_what_is_said_while_a_line_is_typed_is_shown_after_it(capsys: pytest.CaptureFixture[str]) -> None:
    begun, lines, waiting = "", queue.SimpleQueue[str](), threading.Event()

    def read(prompt: str) -> str:
        waiting.set()
        return lines.get()

    prompt = Prompt(read, lambda: begun)
    prompt.interject(lambda: print("before the prompt"))
    asking = asyncio.create_task(prompt.ask("> "))
    await asyncio.to_thread(waiting.wait)
    prompt.interject(lambda: print("above the prompt"))
    assert capsys.readouterr().out == "before the prompt\n\r  \rabove the prompt\n> "
    begun = "hel"
    prompt.interject(lambda: print("after the line"))
    begun = ""
    prompt.interject(lambda: print("after that"))
    assert capsys.readouterr().out == ""
    lines.put("hello\n")
    assert await asking == "hello"
    assert capsys.readouterr().out == "after the line\nafter that\n"


def test_all_kinds_of_replies_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    file = {"type": "file", "payload": {"src": "https://example.com/b.pdf"}}
    tart = {"title": "Tart", "image_url": "https://example.com/t.png", "buttons": [{"title": "One"}]}
    replies = [
        {"text": "Here"},
        {"attachment": "a.pdf"},
        {"attachment": file},
        {"elements": [tart, {"title": 5, "default_action": "https://example.com", "buttons": None}]},
        {"custom": {"a": 1}},
    ]
    buttons = show(Answer("c", 1, "m", encode({"replies": replies})))
    assert capsys.readouterr().out.splitlines() == [
        "Here",
        "[attachment: a.pdf]",
        '[attachment: {"type": "file", "payload": {"src": "https://example.com/b.pdf"}}]',
        "- Tart; https://example.com/t.png",
        "- 5; https://example.com",
        "  1. One",
        *("{", '  "a": 1', "}"),
    ]
    assert buttons == [{"title": "One"}]


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("1", "/greet"), ("2", "2"), ("0", "0"), ("3", "3"), ("hi", "hi"), ("9" * 5000, "9" * 5000), ("²", "²")],
)
def test_button_number_sends_its_payload_and_other_text_is_unchanged(typed: str, sent: str) -> None:
    assert pressed(typed, [{"title": "a", "payload": "/greet"}, {"title": "b"}]) == sent
