"""A bank in this process, on Tuesday 3 November 2026 at noon, and a client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actions.bank import BankClient
from bot import HttpClient, HttpLimits, Sources
from simulator.embedded import embedded
from simulator.settings import Endpoint
from tests.bank.kit import NOON, ScriptedBank


@pytest.fixture
async def endpoint(tmp_path: Path) -> AsyncIterator[Endpoint]:
    async with embedded(tmp_path, now=lambda: NOON) as endpoint:
        yield endpoint


@pytest.fixture
async def bank(endpoint: Endpoint) -> AsyncIterator[BankClient]:
    """A client with a long deadline, so that failures have other reasons; a test may shorten its `seconds`."""
    limits = HttpLimits(
        deadline_seconds=60.0,
        try_seconds=60.0,
        connect_seconds=60.0,
        longest_pause_seconds=0.01,
        breaker_failures=1_000,
    )
    async with HttpClient(endpoint.url, service="bank", limits=limits) as http:
        yield BankClient(http, endpoint.client_id, endpoint.secret, sources=Sources(now=lambda: NOON), seconds=60.0)


@pytest.fixture
def scripted_bank() -> ScriptedBank:
    return ScriptedBank()
