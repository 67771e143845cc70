"""The bank client that the actions share, and the plugin that opens it.

bank = turn.resources.get("bank", BankClient).of(turn.customer, correlation_id=turn.message.correlation_id)
balances = await bank.balances()
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from bot import CallFailed, HttpClient, RegisterSettings, Startup, hookimpl

from .client import BankClient, CustomerBank
from .days import day_of
from .settings import bank_schema, read_bank_settings
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
def register_settings(register: RegisterSettings) -> None:
    """Declare the section `bank` of `plugin_settings`."""
    register("bank", bank_schema)


@hookimpl
@asynccontextmanager
async def lifespan(startup: Startup) -> AsyncIterator[None]:
    """Open the resource `bank`, using the resource `bank-endpoint` (`url`, `client_id`, `secret`, and optionally a
    `note` for the readiness report)."""
    settings = read_bank_settings(startup.settings.plugin_settings)
    files = settings.files(startup.settings.project)
    endpoint = startup.resources.get("bank-endpoint", dict)

    def observe(service: str, outcome: str, seconds: float, tries: int, *, call: str, **why: Any) -> None:
        if call != CHECK or outcome != "ok":  # successful checks every few seconds would swamp the metrics
            startup.observe_call(service, outcome, seconds, tries, call=call, **why)

    def tell_refused(failure: CallFailed, seconds: float, is_of_another: bool) -> None:
        call, reason = failure.call, failure.reason
        startup.observe_call("bank", "invalid", seconds, 1, call=call, reason=reason, is_grave=is_of_another)

    async def check() -> str | None:
        await http.call("GET", "/health", name=CHECK)
        await client.tokens.check()
        note: str | None = endpoint.get("note")
        return note

    http = HttpClient(
        endpoint["url"],
        service="bank",
        limits=settings.limits,
        sources=startup.sources,
        on_call=observe,
        correlation_header="x-fapi-interaction-id",
        cafile=files.get("cafile"),
        certfile=files.get("certfile"),
        keyfile=files.get("keyfile"),
    )
    async with http:
        client = BankClient(
            http,
            endpoint["client_id"],
            endpoint["secret"],
            sources=startup.sources,
            seconds=settings.seconds,
            tell_refused=tell_refused,
        )
        startup.resources.provide("bank", client)
        startup.add_check("bank", check)
        yield
