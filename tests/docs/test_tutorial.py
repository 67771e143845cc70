"""The tutorial, followed to the letter, gives the conversation it shows, and valid content that passes its tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app.checking import check_project
from bot.app.testing import run_core_tests
from bot.reading.template import write_template

TUTORIAL = (Path(__file__).resolve().parents[2] / "docs/tutorial/first-bot.md").read_text(encoding="utf-8")


@pytest.fixture
def bakery(tmp_path: Path) -> Path:
    write_template(tmp_path / "bakery")
    return tmp_path / "bakery"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL)


def test_tutorial_conversation_matches_the_new_bot(bakery: Path) -> None:
    (shown,) = [block for block in blocks("") if block.startswith("> ")]
    said = "".join(f"{line[2:]}\n" for line in shown.splitlines() if line.startswith("> "))
    answered = [line for line in shown.splitlines() if not line.startswith("> ")]
    shell = [sys.executable, "-m", "bot", "shell", "--project", str(bakery)]
    shell_run = subprocess.run(shell, input=said, capture_output=True, text=True, check=True, timeout=60)
    assert shell_run.stdout.splitlines() == answered


def test_tutorial_additions_are_valid_and_pass_their_tests(bakery: Path) -> None:
    for text in blocks("yaml"):
        (bakery / text.split()[1]).write_text(text, encoding="utf-8")
    (prices,) = blocks("python")
    (bakery / "actions/prices.py").write_text(prices, encoding="utf-8")
    assert check_project(bakery) == []
    report = run_core_tests(bakery).stories
    assert report.failed == ()
    assert report.passed == 8
