"""Account information: accounts, balances, transactions and payees of the token's customer."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from math import ceil

from aiohttp import web

from .accounts import CUSTOMERS, OPENED, Account, accounts_of
from .ledger import Entry
from .openbanking import Json, account_json, balance_json, beneficiary_json, envelope, transaction_json
from .payees import payees_of
from .service import BANK, Problem, account_of, answer, customer_of_request

ROOT = "/open-banking/v4.0/aisp"
PAGE_SIZE = 100


async def read_accounts(request: web.Request) -> web.Response:
    """GET /accounts."""
    return answer(_accounts(request, accounts_of(customer_of_request())))


async def read_account(request: web.Request) -> web.Response:
    """GET /accounts/{AccountId}."""
    return answer(_accounts(request, (account_of(request),)))


async def read_balances(request: web.Request) -> web.Response:
    """GET /balances: those of all the customer's accounts."""
    return answer(_balances(request, accounts_of(customer_of_request())))


async def read_account_balances(request: web.Request) -> web.Response:
    """GET /accounts/{AccountId}/balances."""
    return answer(_balances(request, (account_of(request),)))


async def read_beneficiaries(request: web.Request) -> web.Response:
    """GET /beneficiaries: the payees of all the customer's accounts."""
    return answer(_beneficiaries(request, accounts_of(customer_of_request())))


async def read_account_beneficiaries(request: web.Request) -> web.Response:
    """GET /accounts/{AccountId}/beneficiaries."""
    return answer(_beneficiaries(request, (account_of(request),)))


async def read_transactions(request: web.Request) -> web.Response:
    """GET /accounts/{AccountId}/transactions: newest first, in pages."""
    bank, account = request.app[BANK], account_of(request)
    today = bank.today()
    since = _moment(request, "fromBookingDateTime", datetime.combine(OPENED, time()))
    until = _moment(request, "toBookingDateTime", datetime.combine(today, time.max))
    booked = await bank.transactions(account, since.date(), min(until.date(), today))
    entries = [entry for entry in booked if since <= entry.booked.replace(tzinfo=None) <= until]
    pages = max(1, ceil(len(entries) / PAGE_SIZE))
    page = _page(request, pages)
    shown = [
        transaction_json(entry, account.currency, pending=_is_pending(entry, today))
        for entry in entries[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    ]
    links = _page_links(request, page, pages)
    return answer(envelope({"Transaction": shown}, links, pages=pages, first=OPENED, last=today))


def _is_pending(entry: Entry, today: date) -> bool:
    """Whether it is a purchase made today or yesterday."""
    return entry.merchant is not None and entry.day > today - timedelta(days=2)


def _accounts(request: web.Request, accounts: tuple[Account, ...]) -> Json:
    found = [account_json(account, CUSTOMERS[account.customer].name) for account in accounts]
    return envelope({"Account": found}, {"Self": str(request.url)})


def _balances(request: web.Request, accounts: tuple[Account, ...]) -> Json:
    bank = request.app[BANK]
    found = [balance_json(account, bank.balance(account), bank.settings.now()) for account in accounts]
    return envelope({"Balance": found}, {"Self": str(request.url)})


def _beneficiaries(request: web.Request, accounts: tuple[Account, ...]) -> Json:
    found = [beneficiary_json(account, payee) for account in accounts for payee in payees_of(account)]
    return envelope({"Beneficiary": found}, {"Self": str(request.url)})


def _moment(request: web.Request, name: str, default: datetime) -> datetime:
    """The time in a filter, naive: by the standard, a time zone is ignored and a missing time means midnight.

    Raises Problem 400 if it is not a valid date.
    """
    try:
        return datetime.fromisoformat(request.query.get(name, default.isoformat())).replace(tzinfo=None)
    except ValueError:
        raise Problem(400, "U003", f"{name} is not an ISO 8601 date") from None


def _page(request: web.Request, pages: int) -> int:
    text = request.query.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) < 7 and 1 <= int(text) <= pages):
        raise Problem(400, "U002", "page is not a page of this answer")
    return int(text)


def _page_links(request: web.Request, page: int, pages: int) -> Json:
    def link(number: int) -> str:
        return str(request.url.update_query(page=str(number)))

    links = {"Self": str(request.url), "First": link(1), "Last": link(pages)}
    if page > 1:
        links["Prev"] = link(page - 1)
    if page < pages:
        links["Next"] = link(page + 1)
    return links


ROUTES = [
    web.get(f"{ROOT}/accounts", read_accounts),
    web.get(f"{ROOT}/accounts/{{account}}", read_account),
    web.get(f"{ROOT}/accounts/{{account}}/balances", read_account_balances),
    web.get(f"{ROOT}/accounts/{{account}}/transactions", read_transactions),
    web.get(f"{ROOT}/accounts/{{account}}/beneficiaries", read_account_beneficiaries),
    web.get(f"{ROOT}/balances", read_balances),
    web.get(f"{ROOT}/beneficiaries", read_beneficiaries),
]
