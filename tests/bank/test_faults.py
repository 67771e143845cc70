"""A broken bank, whatever breaks: a timely CallFailed, never a wrong figure, and correct figures again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import aiohttp
import pytest

from actions.bank import BankClient
from bot import CallFailed
from simulator.faults import KINDS
from simulator.settings import Endpoint
from tests.bank.kit import AMARA


async def inject_fault(endpoint: Endpoint, verb: str = "POST", **fault: Any) -> None:
    headers = {"Authorization": f"Bearer {endpoint.admin_key}"}
    async with (
        aiohttp.ClientSession(endpoint.url) as http,
        http.request(verb, "/admin/faults", json=fault, headers=headers) as answer,
    ):
        assert answer.status in {200, 201}


EXPECTED = {
    "latency": {"timeout"},
    "500": {"unavailable"},
    "503": {"unavailable"},
    "429": {"unavailable"},
    "reset": {"unavailable"},
    "hang": {"timeout"},
    "truncated": {"unavailable"},
    "malformed": {"invalid"},
    "wrong_types": {"invalid"},
    "other_customer": {"invalid"},
    "slow_drip": {"timeout"},
}


@contextmanager
def short_deadline(bank: BankClient, kind: str) -> Iterator[None]:
    """Use a short deadline for a bank that hangs."""
    patience = bank.seconds
    bank.seconds = 0.2 if kind in {"latency", "hang", "slow_drip"} else patience
    try:
        yield
    finally:
        bank.seconds = patience


@pytest.mark.parametrize("path", ["*/accounts", "*/balances", "*/beneficiaries", "*/transactions"])
@pytest.mark.parametrize("kind", KINDS)
async def test_fault_raises_call_failed_until_it_is_removed(
    bank: BankClient, endpoint: Endpoint, kind: str, path: str
) -> None:
    async def ask() -> Any:
        mine = bank.of(AMARA)
        accounts = await mine.accounts()
        days = date(2026, 10, 1), date(2026, 11, 1)
        await mine.payees()
        return accounts, await mine.balances(), await mine.transactions(accounts[0], *days)

    await bank.tokens.token(AMARA.bank_customer_id, "")
    await inject_fault(endpoint, kind=kind, path=path, seconds=600)
    with pytest.raises(CallFailed) as failed, short_deadline(bank, kind):
        await ask()
    assert failed.value.kind in EXPECTED[kind]
    await inject_fault(endpoint, "DELETE")
    _, balances, transactions = await ask()
    assert [balance.minor for balance in balances] == [199035, 1246987, -21538]
    assert len(transactions) > 20


@pytest.mark.parametrize("kind", ["500", "503", "reset", "truncated"])
async def test_passing_fault_is_retried(bank: BankClient, endpoint: Endpoint, kind: str) -> None:
    await inject_fault(endpoint, kind=kind, count=2, seconds=0, path="*/balances")
    assert len(await bank.of(AMARA).balances()) == 3


@pytest.mark.parametrize("kind", ["500", "malformed", "wrong_types", "hang"])
async def test_broken_token_endpoint_raises_call_failed(bank: BankClient, endpoint: Endpoint, kind: str) -> None:
    await bank.http.call("GET", "/health", name="health")
    await inject_fault(endpoint, kind=kind, path="/token", seconds=600)
    with pytest.raises(CallFailed) as failed, short_deadline(bank, kind):
        await bank.of(AMARA).balances()
    assert not failed.value.may_have_happened
