"""docs/reference/http.md is what the table of routes says."""

from __future__ import annotations

from pathlib import Path

from bot.server.reference import http_page


def test_the_page_is_up_to_date(project: Path) -> None:
    page = (project / "docs/reference/http.md").read_text("utf-8")
    assert page == http_page(), "run `python -m bot.server.reference`"
