"""`bot init` writes a bot without a finding; it refuses to write over anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.checking import check_project
from bot.app.testing import run_core_tests
from bot.errors import ConfigurationError
from bot.reading.template import write_template


def test_a_new_bot_is_clean_and_passes_its_tests(tmp_path: Path) -> None:
    folder = tmp_path / "my" / "bot"
    written = write_template(folder)
    assert sorted(written) == sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    assert "actions/hours.py" in written
    assert check_project(folder) == []
    report = run_core_tests(folder).stories
    assert report.passed == 7
    assert report.failed == ()


def test_a_folder_with_anything_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine", "utf-8")
    with pytest.raises(ConfigurationError, match="not empty"):
        write_template(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine", "utf-8")
    with pytest.raises(ConfigurationError, match="not empty"):
        write_template(tmp_path / "a")
