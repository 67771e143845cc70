"""`bot validate` on a project whose plugin cannot be loaded: the place of the mistake, and not what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.checking import check_project
from bot.reading.template import write_template

PARTS = """
from bot import hookimpl


@hookimpl
def register_nlu_components(register):
    register("Tagger", lambda options: None)


@hookimpl
def register_policies(register):
    register("Ours", lambda content, entry: None)
"""
CONFIG = "pipeline:\n- name: IntentMatcher\n- name: Tagger\npolicies:\n- name: RulePolicy\n- name: Ours\n"
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


def test_what_plugins_bring_to_pipeline_and_policies_is_known(tmp_path: Path) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    (folder / "actions/parts.py").write_text(PARTS)
    (folder / "config.yml").write_text(CONFIG)
    assert [finding for finding in check_project(folder) if finding.severity != "note"] == []


def test_while_a_plugin_cannot_be_loaded_its_parts_are_not_called_unknown(tmp_path: Path) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    (folder / "actions/parts.py").write_text(f"{PARTS}\n1 / 0\n")
    (folder / "config.yml").write_text(CONFIG)
    assert [finding.code for finding in check_project(folder) if finding.severity != "note"] == ["plugin"]
