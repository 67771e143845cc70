from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from simulator.accounts import CUSTOMERS
from simulator.faults import Fault, Faults, read_fault
from tests.simulator.kit import INFORMATION, Bank

AMARA = CUSTOMERS["cust-3f8a41"]


async def raw(bank: Bank, seconds: float | None = None) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {bank.token}"}
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with bank.http.get(f"{INFORMATION}/balances", headers=headers, timeout=timeout) as response:
        return response.status, await response.read()


@pytest.mark.parametrize(("kind", "asked"), [("500", None), ("503", "7"), ("429", "7")])
async def test_error_fault_answers_with_its_status_and_retry_after(bank: Bank, kind: str, asked: str | None) -> None:
    await bank.log_in(AMARA.id)
    await bank.break_it(kind=kind, seconds=7)
    status, body, headers = await bank.call("GET", f"{INFORMATION}/balances")
    assert (status, headers.get("Retry-After")) == (int(kind), asked)
    assert body["Errors"]


@pytest.mark.parametrize("kind", ["reset", "truncated"])
async def test_reset_and_truncated_faults_break_the_connection(bank: Bank, kind: str) -> None:
    await bank.log_in(AMARA.id)
    await bank.break_it(kind=kind, count=10)
    with pytest.raises((aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)):
        await raw(bank)


async def test_hang_fault_gives_no_answer(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    await bank.break_it(kind="hang", seconds=600)
    with pytest.raises(asyncio.TimeoutError):
        await raw(bank, 0.2)


async def test_slow_drip_fault_outlasts_the_timeout(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    await bank.break_it(kind="slow_drip", seconds=600)
    with pytest.raises(asyncio.TimeoutError):
        await raw(bank, 0.2)


async def test_latency_fault_does_not_change_the_answer(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    good = await raw(bank)
    await bank.break_it(kind="latency", seconds=0.01)
    assert await raw(bank) == good


async def test_malformed_fault_answers_with_invalid_json(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    await bank.break_it(kind="malformed")
    status, body = await raw(bank)
    assert status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


async def test_other_customer_fault_answers_with_another_customers_data(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    await bank.break_it(kind="other_customer", count=2)
    other = await bank.get(f"/accounts/{AMARA.current.id}/balances")
    assert other["Data"]["Balance"][0]["AccountId"] == CUSTOMERS["cust-b20c97"].current.id
    accounts = await bank.get("/accounts")
    assert AMARA.current.id not in json.dumps(accounts)
    assert AMARA.current.id in json.dumps(await bank.get("/accounts"))


async def test_fault_strikes_only_its_path_and_count(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    await bank.break_it(kind="500", path="*/balances", count=1)
    await bank.get("/accounts")
    assert (await raw(bank))[0] == 500
    assert (await raw(bank))[0] == 200


def test_fault_probability_is_seeded() -> None:
    def strikes(seed: int) -> list[bool]:
        faults = Faults()
        faults.add(Fault("500", probability=0.5, seed=seed))
        return [faults.strike("GET", "/") is not None for _ in range(64)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 0 < sum(strikes(1)) < 64


async def test_customer_token_cannot_set_faults(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    for method in ("POST", "GET", "DELETE"):
        status, _, _ = await bank.call(method, "/admin/faults", json={"kind": "500"})
        assert status == 401
    assert (await raw(bank))[0] == 200


@pytest.mark.parametrize(
    "spec",
    [
        [],
        {},
        {"kind": "gremlins"},
        {"kind": ["500"]},
        {"kind": "500", "colour": 1},
        {"kind": "500", "probability": True},
        {"kind": "500", "method": []},
        {"kind": "500", "when": {}},
    ],
)
def test_invalid_fault_is_rejected(spec: object) -> None:
    with pytest.raises(ValueError, match=r"fault|keys"):
        read_fault(spec)


@pytest.mark.parametrize("body", [b"{", b"[" * 15_000, b'{"kind": ["500"], "method": []}', b"\xff"])
async def test_unreadable_fault_gets_an_error_body(bank: Bank, body: bytes) -> None:
    key = f"Authorization: Bearer {bank.endpoint.admin_key}".encode()
    answer = await bank.say("POST", "/admin/faults", key, body=body)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"Errors":' in answer


async def test_admin_key_that_is_not_text_is_rejected(bank: Bank) -> None:
    for path in ("/admin/faults", "/admin/books"):
        assert (await bank.say("GET", path, b"Authorization: Bearer \xff")).startswith(b"HTTP/1.1 401 ")
