"""`bot test --e2e`: everything runs, as the customer who is named; one who is not there is said to be not there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.test_run import command

STORY = """version: "3.1"
stories:
- story: savings
  steps:
  - user: |-
      what is my savings balance?
    intent: ask_balance
  - action: action_balance
  - bot: Your savings account has £12,469.87.
"""

Test = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def test(bank_project: Callable[[str], Path], tmp_path: Path) -> Test:
    """Runs a story of the bank assistant: `test("--e2e", …)`."""
    story = tmp_path / "test_savings.yml"
    story.write_text(STORY, encoding="utf-8")

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        out = str(tmp_path / "results")
        return command(bank_project("e2e"), "test", "core", "--stories", str(story), "--out", out, *options)

    return run


def test_the_customer_who_is_named_is_logged_in(test: Test) -> None:
    done = test("--e2e", "--as", "cust-3f8a41")
    assert (done.returncode, done.stdout) == (0, "1 passed, 0 failed\n"), done.stdout


def test_a_customer_whom_the_bank_does_not_have_is_refused_and_those_it_has_are_named(test: Test) -> None:
    done = test("--e2e", "--as", "nosuch")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'nosuch'" in done.stderr
    assert "cust-3f8a41, cust-6d15e0, cust-b20c97" in done.stderr


def test_a_customer_without_anything_executed_is_refused(test: Test) -> None:
    done = test("--as", "cust-3f8a41")
    assert done.returncode == 2
    assert "--e2e" in done.stderr
