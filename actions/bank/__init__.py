"""The bank client that the actions share, and the plugin that opens it.

bank = turn.resources.get("bank", BankClient).of(turn.customer, correlation_id=turn.message.correlation_id)
balances = await bank.balances()
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bot import HttpClient, Startup, hookimpl

from .client import BankClient, CustomerBank
from .days import day_of
from .settings import read_bank_settings
from .values import Account, AccountKind, Balance, Known, Payee, Payment, PaymentOrder, Refusal, Transaction

__all__ = [
    "Account",
    "AccountKind",
    "Balance",
    "BankClient",
    "CustomerBank",
    "Known",
    "Payee",
    "Payment",
    "PaymentOrder",
    "Refusal",
    "Transaction",
    "day_of",
]

CHECK: Final = "health"


@hookimpl
@asynccontextmanager
async def lifespan(startup: Startup) -> AsyncIterator[None]:
    """Open the resource `bank` on the bank of the resource `bank-endpoint` (`url`, `client_id`, `secret`)."""
    settings = read_bank_settings(startup.settings.plugin_settings)
    endpoint = startup.resources.get("bank-endpoint", dict)

    def observe(name: str, outcome: str, seconds: float, tries: int) -> None:
        if name != CHECK or outcome != "ok":  # one every few seconds, all night, would be most of the log
            startup.observe_call("bank", outcome, seconds, tries)

    async def check() -> None:
        await http.call("GET", "/health", name=CHECK)

    http = HttpClient(
        endpoint["url"],
        service="bank",
        limits=settings.limits,
        sources=startup.sources,
        on_call=observe,
        correlation_header="x-fapi-interaction-id",
    )
    async with http:
        client = BankClient(
            http, endpoint["client_id"], endpoint["secret"], sources=startup.sources, seconds=settings.seconds
        )
        startup.resources.provide("bank", client)
        startup.add_check("bank", check)
        yield
