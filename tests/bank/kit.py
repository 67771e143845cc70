"""Shared by the bank client's tests: a bank whose answers the test chooses."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from actions.bank import BankClient
from bot import CallFailed, Customer, HttpClient, HttpLimits, Sources

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
AMARA = Customer("c-1", "cust-3f8a41")
JONAS = Customer("c-2", "cust-b20c97")
CURRENT, SAVINGS = "ac-1", "ac-2"

TOKEN = {"access_token": "t" * 32, "token_type": "Bearer", "expires_in": 300}


def account(identity: str, **changes: Any) -> dict[str, Any]:
    number = {
        "SchemeName": "UK.OBIE.SortCodeAccountNumber",
        "Identification": "60161331926819",
        "SecondaryIdentification": AMARA.bank_customer_id,
    }
    code = "CACC" if identity == CURRENT else "SVGS"
    given = {"AccountId": identity, "Currency": "GBP", "AccountTypeCode": code, "Account": [number]}
    return given | changes


def balance(identity: str, **changes: Any) -> dict[str, Any]:
    given = {
        "AccountId": identity,
        "CreditDebitIndicator": "Credit",
        "Type": "ITAV",
        "DateTime": "2026-11-03T12:00:00+00:00",
        "Amount": {"Amount": "12.30", "Currency": "GBP"},
    }
    return given | changes


def transaction(identity: str, **changes: Any) -> dict[str, Any]:
    given = {
        "AccountId": CURRENT,
        "TransactionId": identity,
        "CreditDebitIndicator": "Debit",
        "Status": "BOOK",
        "BookingDateTime": "2026-10-05T00:00:00+00:00",
        "Amount": {"Amount": "4.50", "Currency": "GBP"},
    }
    return given | changes


def payee(identity: str, *, account: str = CURRENT, **changes: Any) -> dict[str, Any]:
    paid = {"SchemeName": "UK.OBIE.SortCodeAccountNumber", "Identification": "20457355773312", "Name": "Anna"}
    return {"AccountId": account, "BeneficiaryId": identity, "CreditorAccount": paid | changes}


ANSWERS: dict[str, Any] = {
    "/token": TOKEN,
    "/accounts": {"Data": {"Account": [account(CURRENT), account(SAVINGS)]}},
    "/balances": {"Data": {"Balance": [balance(CURRENT), balance(SAVINGS)]}},
    "/beneficiaries": {"Data": {"Beneficiary": [payee("pe-1"), payee("pe-2")]}},
    f"/accounts/{CURRENT}/transactions": {"Data": {"Transaction": [transaction("t-1"), transaction("t-2")]}},
}


class ScriptedBank:
    """Answers by path from `answers`: a callable is called, an event is awaited. `asked` records the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = copy.deepcopy(ANSWERS)
        self.asked: list[httpx.Request] = []
        self.now = NOON
        self.seconds = 0.0

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path.removeprefix("/open-banking/v4.0/aisp").removeprefix("/open-banking/v4.0/pisp")
        given = self.answers[path]
        if isinstance(given, Callable):  # type: ignore[arg-type]
            given = given(request)
        if isinstance(given, asyncio.Event):
            await given.wait()
        if isinstance(given, httpx.Response):
            return given
        return httpx.Response(200, content=json.dumps(given), headers={"Content-Type": "application/json"})

    def client(self) -> BankClient:
        sources = Sources(now=lambda: self.now, monotonic=lambda: self.seconds)
        http = HttpClient(
            "http://bank.test",
            service="bank",
            transport=httpx.MockTransport(self.answer),
            sources=sources,
            limits=HttpLimits(first_pause_seconds=0.0001, longest_pause_seconds=0.001),
        )
        return BankClient(http, "teller", "secret", sources=sources)

    def paths(self) -> list[str]:
        return [request.url.path.rsplit("/", 1)[-1] for request in self.asked]


@contextmanager
def refused(why: str, kind: str = "invalid") -> Iterator[None]:
    with pytest.raises(CallFailed) as failed:
        yield
    assert failed.value.kind == kind
    assert why in str(failed.value)
