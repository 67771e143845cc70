"""A bank in this process, on Tuesday 3 November 2026 at noon, and the client on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actions.bank import BankClient
from bot import Customer, HttpClient, Sources
from simulator.embedded import embedded
from simulator.settings import Endpoint

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
AMARA = Customer("c-1", "cust-3f8a41")
JONAS = Customer("c-2", "cust-b20c97")


@pytest.fixture
async def endpoint(tmp_path: Path) -> AsyncIterator[Endpoint]:
    async with embedded(tmp_path, now=lambda: NOON) as endpoint:
        yield endpoint


@pytest.fixture
async def bank(endpoint: Endpoint) -> AsyncIterator[BankClient]:
    async with HttpClient(endpoint.url, service="bank") as http:
        yield BankClient(http, endpoint.client_id, endpoint.secret, sources=Sources(now=lambda: NOON))
