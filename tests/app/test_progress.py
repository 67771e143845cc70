"""Commands show progress in a terminal; programs get only the result."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app.learning import learn
from bot.app.nlu_testing import run_nlu_test
from bot.app.projects import load_project
from bot.app.testing import run_core_tests, run_end_to_end_tests
from bot.progress import counted, part
from bot.reading.template import write_template


@pytest.fixture
def bakery(tmp_path: Path) -> Path:
    write_template(tmp_path / "bakery")
    return tmp_path / "bakery"


class Recorder:
    """Records the progress that is reported."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.shares: list[float] = []

    def __call__(self, stage: str, share: float) -> None:
        self.stages.append(stage)
        self.shares.append(share)


def test_counted_reports_each_item_and_the_end():
    recorder = Recorder()
    assert list(counted("ab", "letter", recorder)) == ["a", "b"]
    assert recorder.stages == ["letter 1 of 2", "letter 2 of 2", "done"]
    assert recorder.shares == [0.0, 0.5, 1.0]


def test_part_scales_shares_and_only_the_last_part_reports_the_end():
    recorder = Recorder()
    assert list(counted("ab", "letter", part(recorder, 0.5, 0.75))) == ["a", "b"]
    assert list(counted("c", "letter", part(recorder, 0.75, 1.0))) == ["c"]
    assert recorder.shares == [0.5, 0.625, 0.75, 1.0]
    assert recorder.stages == ["letter 1 of 2", "letter 2 of 2", "letter 1 of 1", "done"]


def test_training_reports_progress_and_a_cached_start_only_the_end(bakery: Path):
    recorder, again = Recorder(), Recorder()
    learn(load_project(bakery), progress=recorder)
    assert recorder.shares == sorted(recorder.shares)
    assert {"intents", "entities", "policies"} <= set(recorder.stages)
    learn(load_project(bakery), progress=again)
    assert again.shares == [1.0]


async def test_every_kind_of_test_run_reports_progress(bakery: Path):
    stories, whole, messages = Recorder(), Recorder(), Recorder()
    run_core_tests(bakery, progress=stories)
    await run_end_to_end_tests(bakery, progress=whole)
    run_nlu_test(bakery, None, other_config=bakery / "config.yml", progress=messages)
    for recorder in (stories, whole, messages):
        assert recorder.shares == sorted(recorder.shares)
        assert len(recorder.shares) > 3
    assert "story 1 of" in " ".join(stories.stages)
    assert "story 1 of" in " ".join(whole.stages)
    assert messages.stages.count("fold 1 of 5") == 2


def test_progress_bar_is_shown_in_a_terminal_only(bakery: Path):
    command = [sys.executable, "-m", "bot", "train", "--force", "--project", str(bakery)]
    watched, terminal = pty.openpty()
    seen = b""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, env={**os.environ, "TERM": "xterm"}) as run:
        os.close(terminal)
        try:
            while found := os.read(watched, 4096):
                seen += found
        except OSError:  # the other end is closed
            pass
    os.close(watched)
    assert run.returncode == 0
    assert b"Training: " in seen
    piped = subprocess.run(command, capture_output=True, check=True)
    assert piped.stderr == b""
