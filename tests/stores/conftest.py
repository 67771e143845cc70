"""Fixtures that the store's tests share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores.cluster import Cluster, running_cluster

pytest.register_assert_rewrite(
    "tests.stores.contract_turns", "tests.stores.contract_work", "tests.stores.contract_erasing"
)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory, if there is one: these tests sync some ten thousand times."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)
