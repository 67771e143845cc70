"""Small projects written for a test and read at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from bot.reading import ReadResult, read_project

Read = Callable[..., ReadResult]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes the files given by name and reads the project: `read({"domain.yml": "…"})`."""

    def write_and_read(files: dict[str, str], **options: object) -> ReadResult:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), "utf-8")
        return read_project(tmp_path, environment={}, **options)  # type: ignore[arg-type]

    return write_and_read
