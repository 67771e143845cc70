"""A bank in this process, at noon on Tuesday 3 November 2026, and an HTTP session with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from simulator.embedded import embedded
from tests.simulator.kit import NOON, Bank


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Bank]:
    async with embedded(tmp_path, now=lambda: NOON) as endpoint, aiohttp.ClientSession(endpoint.url) as http:
        yield Bank(endpoint, http)
