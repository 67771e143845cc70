"""`bot parse`: for people in a terminal of any width, and for programs."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.test_run import command


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained project with a name long enough to need room."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "intents").mkdir()
    (folder / "config.yml").write_text("language: en\n")
    examples = {
        "ask_price": ["how much is a carrot cake", "what does bread cost", "the price of pies", "is it expensive"],
        "greet": ["hello", "hi there", "good morning", "hey"],
    }
    lines = [
        f"- intent: {name}\n  examples: |\n" + "".join(f"    - {e}\n" for e in said) for name, said in examples.items()
    ]
    (folder / "intents" / "everything_that_customers_ask.yml").write_text("nlu:\n" + "".join(lines))
    assert command(folder, "train").returncode == 0
    return folder


def test_a_program_reads_the_parse_by_names(shop: Path) -> None:
    parse = json.loads(command(shop, "parse", "what does a cake cost", "--json").stdout)
    assert parse["intent"]["name"] == "ask_price"
    assert {score["name"] for score in parse["intent_ranking"]} >= {"ask_price", "greet"}
    assert parse["nearest"][0]["place"].startswith("intents/everything_that_customers_ask.yml:")


def test_what_is_not_understood_says_why(shop: Path) -> None:
    told = command(shop, "parse", "xyzzy plugh frobozz").stdout
    assert "nlu_fallback" in told
    assert "Not understood, since " in told
    assert "Not understood" not in command(shop, "parse", "hello").stdout


@pytest.mark.parametrize("columns", [40, 80])
def test_a_narrow_terminal_cuts_no_place_off(shop: Path, columns: int) -> None:
    shown, terminal = pty.openpty()
    words = [sys.executable, "-m", "bot", "parse", "what does a cake cost", "--project", str(shop)]
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": "1"}
    with subprocess.Popen(words, stdout=terminal, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(terminal)
        told = b""
        while True:
            try:
                told += os.read(shown, 65536)
            except OSError:  # the other side is closed: all is read
                break
        assert process.wait(60) == 0
    os.close(shown)
    text = told.decode()
    assert "…" not in text
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip()) for line in text.splitlines()) <= columns
    cells = [line.split("│")[4].strip() for line in text.splitlines() if line.count("│") == 5]
    assert "intents/everything_that_customers_ask.yml:" in "".join(cells)
