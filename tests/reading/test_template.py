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


def test_new_bot_has_no_findings_and_passes_its_tests(tmp_path: Path) -> None:
    folder = tmp_path / "my" / "bot"
    written = write_template(folder)
    assert {"README.md", "config.yml", "actions/hours.py", "intents/orders.yml", "stories/rules.yml"} <= set(written)
    assert all((folder / name).stat().st_size > 0 for name in written)
    assert check_project(folder) == []
    report = run_core_tests(folder).stories
    assert report.passed == 7
    assert report.failed == ()


async def test_new_bot_uses_the_time_zone_of_its_shop(tmp_path: Path) -> None:
    write_template(tmp_path / "bot")
    project = load_project(tmp_path / "bot")
    hours, domain = project.plugins.actions()["action_hours"], project.content.domain
    for month, opened in ((1, False), (7, True)):  # 07:30 UTC is 08:30 in a British summer
        turn = make_turn("are you open?", domain=domain, now=datetime(2026, month, 15, 7, 30, tzinfo=UTC))
        await hours(turn)
        assert [("We are open" in text) for text in texts(turn)] == [opened]


def test_non_empty_folder_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine", "utf-8")
    with pytest.raises(ConfigurationError, match="not empty"):
        write_template(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_file_instead_of_a_folder_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine", "utf-8")
    with pytest.raises(ConfigurationError, match="not empty"):
        write_template(tmp_path / "a")
