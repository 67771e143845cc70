"""Fixtures that the durability harnesses share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.disk import build, scratch


@pytest.fixture(scope="session")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that is loaded between a program and its disk."""
    library = build(tmp_path_factory.mktemp("disk"))
    if library is None:
        pytest.skip("there is no C compiler on this machine (or it is not Linux)")
    return library


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory."""
    with scratch() as folder:
        yield folder
