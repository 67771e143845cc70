"""The bank client that the actions share, and the plugin that opens it.

bank = turn.resources.get("bank", BankClient).of(turn.customer, correlation_id=turn.message.correlation_id)
balances = await bank.balances()
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot import HttpClient, HttpLimits, Startup, hookimpl

from .client import BankClient, CustomerBank
from .values import Account, AccountKind, Balance, Known, Payment, PaymentOrder, Refusal, Transaction

__all__ = [
    "Account",
    "AccountKind",
    "Balance",
    "BankClient",
    "CustomerBank",
    "Known",
    "Payment",
    "PaymentOrder",
    "Refusal",
    "Transaction",
]

LIMITS = HttpLimits(deadline_seconds=2.5, try_seconds=1.2)
"""A single call ends before the 3 s of a whole question, so that its failure has a name."""


@hookimpl
@asynccontextmanager
async def lifespan(startup: Startup) -> AsyncIterator[None]:
    """Open the resource `bank` on the bank of the resource `bank-endpoint` (`url`, `client_id`, `secret`)."""
    endpoint = startup.resources.get("bank-endpoint", dict)

    def observe(name: str, outcome: str, seconds: float, tries: int) -> None:
        startup.observe_call("bank", outcome, seconds, tries)

    async def check() -> None:
        await http.call("GET", "/health", name="health")

    http = HttpClient(
        endpoint["url"],
        service="bank",
        limits=LIMITS,
        sources=startup.sources,
        on_call=observe,
        correlation_header="x-fapi-interaction-id",
    )
    async with http:
        startup.resources.provide(
            "bank", BankClient(http, endpoint["client_id"], endpoint["secret"], sources=startup.sources)
        )
        startup.add_check("bank", check)
        yield
