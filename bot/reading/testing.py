"""Test stories from a file or folder outside the project's own."""

from __future__ import annotations

from pathlib import Path

from bot.content import Diagnostic, Story
from bot.reading.draft import Draft
from bot.reading.project import read_content_file


def read_tests(path: Path) -> tuple[tuple[Story, ...], tuple[Diagnostic, ...]]:
    """The test stories in a file, or in all YAML files below a folder, and what is wrong with them."""
    draft = Draft()
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.suffix in (".yml", ".yaml"))
    for file in files:
        read_content_file(file, str(file), draft, are_tests=True)
    return tuple(draft.tests), tuple(draft.diagnostics)
