"""The page about the architecture: its tables are what the code and the tests are."""

from __future__ import annotations

import re
from pathlib import Path

from tests.structure.test_layers import ALLOWED, COMPOSING, SHARED

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `bot.")]


def test_package_table_matches_the_import_rules() -> None:
    written = {
        package: {f"bot.{name}" for name in re.findall(r"`(\w+)`", may)}
        for packages, _, may in ROWS
        for package in re.findall(r"`([\w.]+)`", packages)
        if may != "all"
    }
    assert written == {package: may - SHARED for package, may in ALLOWED.items()}
    assert {packages.strip("`") for packages, _, may in ROWS if may == "all"} == COMPOSING - {"bot", "bot.__main__"}


def test_every_store_table_is_documented() -> None:
    made = re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", (ROOT / "bot/stores/schema.py").read_text("utf-8"))
    kept = PAGE.partition("## What is stored")[2].partition("Money")[0]
    assert set(re.findall(r"`(\w+)`", kept)) == set(made)


def test_files_and_tests_named_for_conventional_terms_exist() -> None:
    rows = PAGE.partition("| conventional term |")[2].partition("\n\n")[0]
    files = [ROOT / name for name in re.findall(r"`([\w/]+\.py)`", rows)]
    assert not [file for file in files if not file.is_file()]
    tests = "".join(file.read_text("utf-8") for file in files if file.is_relative_to(ROOT / "tests"))
    named = re.findall(r"`(test_\w+)`", rows)
    assert named
    assert not [name for name in named if f"def {name}(" not in tests]


def test_routes_named_for_conventional_terms_are_served() -> None:
    served = re.findall(r"^### `(\w+ \S+)`", (ROOT / "docs/reference/http.md").read_text("utf-8"), re.MULTILINE)
    rows = PAGE.partition("| conventional term |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`((?:GET|POST) /\S*)`", rows))
    assert named
    assert named <= set(served)
