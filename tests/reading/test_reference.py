"""The reference pages are up to date with the schemas and codes."""

from __future__ import annotations

from pathlib import Path

from bot.reading.reference import configuration_page, diagnostics_page

CURE = "run `python -m bot.reading.reference`"


def test_configuration_page_is_up_to_date(project: Path) -> None:
    assert (project / "docs/reference/configuration.md").read_text("utf-8") == configuration_page(), CURE


def test_diagnostics_page_is_up_to_date(project: Path) -> None:
    assert (project / "docs/reference/diagnostics.md").read_text("utf-8") == diagnostics_page(), CURE
