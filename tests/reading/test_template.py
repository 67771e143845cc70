"""`bot init` creates a bot without findings, and never overwrites anything."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app.checking import check_project
from bot.app.projects import load_project
from bot.app.testing import run_core_tests
from bot.errors import ConfigurationError
from bot.reading.template import write_template
from bot.testing.kit import make_turn, texts


def test_a_new_bot_is_clean_and_passes_its_tests(tmp_path: Path) -> None:
    folder = tmp_path / "my" / "bot"
    written = write_template(folder)
    assert sorted(written) == sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    assert "actions/hours.py" in written
    assert check_project(folder) == []
    report = run_core_tests(folder).stories
    assert report.passed == 7
    assert report.failed == ()


async def test_a_new_bot_knows_the_time_where_its_shop_is(tmp_path: Path) -> None:
    write_template(tmp_path / "bot")
    project = load_project(tmp_path / "bot")
    hours, domain = project.plugins.actions()["action_hours"], project.content.domain
    for month, opened in ((1, False), (7, True)):  # 07:30 UTC is 08:30 in a British summer
        turn = make_turn("are you open?", domain=domain, now=datetime(2026, month, 15, 7, 30, tzinfo=UTC))
        await hours(turn)
        assert [("We are open" in text) for text in texts(turn)] == [opened]


def test_a_folder_with_anything_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine", "utf-8")
    with pytest.raises(ConfigurationError, match="not empty"):
        write_template(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine", "utf-8")
    with pytest.raises(ConfigurationError, match="not empty"):
        write_template(tmp_path / "a")
