"""`bot validate` on a project whose plugin cannot be loaded: the place of the mistake, and not what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.checking import check_project
from bot.reading.template import write_template

HELPER = "def half(number):\n    return number / 0\n"


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("OPENS = 8\ndef hours(:\n", "actions/extra.py:2:11"),
        ("from bot import Turn\n\nraise ValueError(1)\n", "actions/extra.py:3:1"),
        ("import nowhere_to_be_found\n", "actions/extra.py:1:1"),
        ("from . import half\n\nhalf.half(1)\n", "actions/half.py:2:1"),
        ("from bot import hookimpl\n@hookimpl\ndef register_actions(register):\n    1 / 0\n", "actions/extra.py:4:1"),
    ],
)
def test_a_plugin_that_fails_is_the_one_finding_and_has_its_line(tmp_path: Path, source: str, place: str) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    (folder / "actions/half.py").write_text(HELPER)
    (folder / "actions/extra.py").write_text(source)
    [finding] = check_project(folder)
    assert (str(finding.place), finding.severity, finding.code) == (place, "error", "plugin")
