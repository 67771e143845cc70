"""The bank as an aiohttp application."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

from aiohttp import web

from .access import TOKEN_SECONDS, Access, Refused
from .accounts import ACCOUNTS
from .breaking import add_faults, faulty
from .days import day_of
from .information import ROUTES as INFORMATION
from .initiation import ROUTES as INITIATION
from .ledger import ledger
from .payments import Payments
from .service import BANK, Bank, answer, bearer, interaction
from .settings import SimulatorSettings

MAX_BODY = 16_384


async def give_token(request: web.Request) -> web.Response:
    """POST /token: HTTP Basic with the client's secret, and a form with `grant_type` and `customer`."""
    form = await request.post()
    access = request.app[BANK].access
    try:
        token = access.token(
            request.headers.get("Authorization", ""), str(form.get("grant_type")), str(form.get("customer"))
        )
    except Refused as refused:
        return answer({"error": refused.error}, refused.status)
    response = answer(
        {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": "accounts payments"}
    )
    response.headers["Cache-Control"] = "no-store"
    return response


async def health(request: web.Request) -> web.Response:
    """GET /health: the bank is up."""
    return answer({"status": "ok"})


def make_app(settings: SimulatorSettings) -> web.Application:
    """The application of one bank. Its payments file is opened at start-up and closed after the last request."""
    books = ledger(settings.seed)

    def available(account: str) -> int:
        owned = ACCOUNTS[account]
        return books.balance(owned, day_of(settings.now())) + owned.limit

    payments = Payments(settings.database, now=settings.now, new_id=lambda: secrets.token_hex(12), available=available)
    app = web.Application(middlewares=[interaction, bearer, faulty], client_max_size=MAX_BODY)
    app[BANK] = Bank(settings, books, Access(settings), payments)
    app.add_routes([web.post("/token", give_token), web.get("/health", health), *INFORMATION, *INITIATION])
    app.cleanup_ctx.append(_open_payments)
    add_faults(app)
    return app


async def _open_payments(app: web.Application) -> AsyncIterator[None]:
    await app[BANK].payments.open()
    yield
    await app[BANK].payments.close()
