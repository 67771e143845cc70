"""`bot shell` at a terminal: it begins anew, takes any bytes, says when nothing was said, and Ctrl-C ends it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.reading.template import write_template
from bot.stores.lock import locked


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


def test_each_start_begins_a_conversation(bakery: Path) -> None:
    assert "Which cake" in talk(bakery, b"I want a cake\n")
    assert "Which cake" not in talk(bakery, b"hello\n")


def test_bytes_that_are_no_utf8_are_answered(bakery: Path) -> None:
    assert "did not get that" in talk(bakery, b"caf\xe9 \xff\n\xf0\x9f\x98\x80\n")


def test_a_closed_standard_input_is_told_in_a_sentence(bakery: Path) -> None:
    words = [sys.executable, "-m", "bot", "shell", "--project", str(bakery)]
    done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *words], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert "standard input is closed" in done.stderr
    assert "should not have happened" not in done.stderr


def test_a_turn_without_a_reply_says_so(bakery: Path) -> None:
    assert talk(bakery, b"be quiet\n") == "(no reply)\n"


def test_the_store_of_a_running_server_is_refused(bakery: Path) -> None:
    store = ("--store", "sqlite:///.teller/teller.db")
    with locked(bakery / ".teller/teller.db"):
        done = shell(bakery, b"hello\n", *store)
        assert "Hello" in talk(bakery, b"hello\n")
    assert done.returncode == 1
    assert f"a server (process {os.getpid()}) is using" in done.stderr.decode()
    assert "Hello" in talk(bakery, b"hello\n", *store)


def test_what_needs_a_server_is_not_offered(bank_project: Callable[[str], Path]) -> None:
    told = shell(bank_project("shell"), b"", "--demo").stderr.decode()
    assert "12345678 / 135790" in told
    assert "{url}" not in told


def test_what_goes_wrong_in_an_action_is_told_in_full(faulty_bakery: Path) -> None:
    done = shell(faulty_bakery, b"/misspell\n/break\n")
    told = done.stderr.decode()
    assert done.stdout.decode().count("Sorry") == 2
    assert "the domain has no response `utter_opne`. Did you mean `utter_open`?" in told
    assert "the domain has no slot `kake`. Did you mean `cake`?" in told
    assert "actions/faulty.py:5 misspell" in told
    assert "KeyError: 'no bread for /break'" in told


def test_ctrl_c_ends_it_while_it_waits(bakery: Path) -> None:
    terminal, its_end = pty.openpty()
    shell = [sys.executable, "-m", "bot", "shell", "--project", str(bakery)]
    with subprocess.Popen(
        shell, stdin=its_end, stdout=its_end, stderr=subprocess.PIPE, start_new_session=True
    ) as child:
        os.close(its_end)
        seen = b""
        while b"> " not in seen:
            seen += os.read(terminal, 1024)
        child.send_signal(2)
        try:
            _, errors = child.communicate(timeout=30)
        finally:
            child.kill()
            os.close(terminal)
    assert child.returncode == 0, errors
    assert b"Traceback" not in errors
    assert b"Fatal" not in errors
