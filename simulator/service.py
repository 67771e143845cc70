"""State and rules shared by all requests to a bank: authentication, interaction ids, error bodies."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import date
from typing import Any

from aiohttp import web
from msgspec import Struct

from .access import Access
from .accounts import ACCOUNTS, Account
from .days import day_of
from .ledger import Entry, Ledger
from .openbanking import error_json
from .payments import PAID_BY, PAID_TO, Moved, Payments
from .settings import SimulatorSettings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

INTERACTION = "x-fapi-interaction-id"
PROTECTED = "/open-banking/"


class Bank(Struct, frozen=True):
    """One running bank."""

    settings: SimulatorSettings
    ledger: Ledger
    access: Access
    payments: Payments

    def today(self) -> date:
        """The bank's date."""
        return day_of(self.settings.now())

    def balance(self, account: Account) -> int:
        """The account's balance now, in pence."""
        return self.ledger.balance(account, self.today()) + self.payments.moved(account.id)

    async def transactions(self, account: Account, since: date, until: date) -> list[Entry]:
        """The entries booked from `since` to `until`, both included, newest first."""
        booked = list(self.ledger.entries(account, since, until))
        booked += [_paid(moved) for moved in await self.payments.entries(account.id, since, until)]
        booked.sort(key=lambda entry: entry.day)
        return booked[::-1]


def _paid(moved: Moved) -> Entry:
    """A payment as the account shows it; between accounts of the same customer it is a transfer."""
    account, other = ACCOUNTS[moved.account], ACCOUNTS.get(moved.other)
    if other is not None and other.customer == account.customer:
        category, name = "transfers", None
    else:
        category, name = "payments", moved.description.removeprefix(PAID_TO if moved.minor < 0 else PAID_BY)
    identity = f"{moved.account}-{moved.payment}"
    return Entry(identity, moved.account, moved.day, moved.minor, moved.description, category, other=name, at=moved.at)


BANK = web.AppKey("bank", Bank)
_CUSTOMER: ContextVar[str] = ContextVar("customer")


class Problem(Exception):
    """An error answer to a request: HTTP status, a code from the standard's set, and a sentence."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers or {}


def customer_of_request() -> str:
    """The bank customer that the current request's token is bound to."""
    return _CUSTOMER.get()


def act_as(customer: str) -> None:
    """Bind the current request to a bank customer."""
    _CUSTOMER.set(customer)


def account_of(request: web.Request) -> Account:
    """The account in the path; raises Problem 403 unless it is the customer's."""
    account = ACCOUNTS.get(request.match_info["account"])
    if account is None or account.customer != customer_of_request():
        raise Problem(403, "U009", "The account is not covered by this token")
    return account


def check_admin(request: web.Request) -> None:
    """Raise Problem 401 unless the admin key is presented."""
    if not request.app[BANK].access.is_admin(request.headers.get("Authorization", "")):
        raise Problem(401, "U019", "The admin key is needed", {"WWW-Authenticate": "Bearer"})


def read_json(raw: bytes) -> Any:
    """The body's JSON value; raises ValueError if it is invalid, too deeply nested, or has a lone surrogate."""
    try:
        value = json.loads(raw)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    return value


def answer(data: Any, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.json_response(data, status=status, dumps=_dumps)


def _dumps(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"))


@web.middleware
async def interaction(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Echo or create the interaction id, and turn every problem into the standard's error body."""
    given = request.headers.get(INTERACTION, "")
    identity = given if 0 < len(given) <= 128 else str(uuid.uuid4())
    try:
        response = await handler(request)
    except Problem as problem:
        response = answer(error_json(problem.status, problem.code, str(problem), identity), problem.status)
        response.headers.update(problem.headers)
    except web.HTTPException as error:
        response = answer(error_json(error.status, "U011", error.reason, identity), error.status)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
    if not response.prepared:
        response.headers[INTERACTION] = identity
    return response


@web.middleware
async def bearer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Admit only requests with a valid token, within its customer's rate limit, and bind them to the customer."""
    if not request.path.startswith(PROTECTED):
        return await handler(request)
    access, presented = request.app[BANK].access, request.headers.get("Authorization", "")
    customer = access.customer(presented)
    if customer is None:
        raise Problem(401, "U019", "A valid access token is needed", {"WWW-Authenticate": "Bearer"})
    wait = access.spend(customer)
    if wait is not None:
        raise Problem(429, "U019", "Too many requests", {"Retry-After": str(int(wait) + 1)})
    act_as(customer)
    return await handler(request)
