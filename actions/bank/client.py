"""The bank as actions see it: bound to one customer, within a deadline, every answer validated, or else CallFailed."""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from bot import CallFailed, Customer, HttpClient, ResponseSchema, Sources

from .days import day_start
from .money import write_amount
from .reading import (
    SCHEME,
    OfAnother,
    Refused,
    read_accounts,
    read_balances,
    read_payees,
    read_payment,
    read_transactions,
)
from .schemas import ACCOUNTS, BALANCES, BENEFICIARIES, PAYMENT, PAYMENTS, TRANSACTIONS
from .tokens import Tokens
from .values import Account, Balance, Known, Payee, Payment, PaymentOrder, Transaction

INFORMATION = "/open-banking/v4.0/aisp"
INITIATION = "/open-banking/v4.0/pisp"
SERVICE = "bank"
_ACCOUNTS_FRESH = timedelta(seconds=60)
_PAYEES_FRESH = timedelta(seconds=5)
"""Long enough for one turn to ask only once, short enough for the next to see a payee who was just added."""

_MOST_CUSTOMERS = 1_000
_MOST_PAGES = 100


class _Seen(Struct):
    """The bank's latest answers for a customer."""

    accounts: Known[tuple[Account, ...]] | None = None
    payees: Known[tuple[Payee, ...]] | None = None
    balances: Known[tuple[Balance, ...]] | None = None


class _Question(Struct):
    """A question in progress; `sent` is set once an order may have reached the bank."""

    sent: bool = False

    def failed(self, kind: Literal["timeout", "invalid"], name: str, reason: str) -> CallFailed:
        """The failure to raise; if an order was sent, its outcome is unknown."""
        return CallFailed("unknown_outcome" if self.sent else kind, service=SERVICE, call=name, reason=reason)


class BankClient:
    """The bank for all customers; `of` returns one customer's view. `seconds` is the deadline of a whole question.

    `tell_refused` is called for every question with an impossible answer: with the failure, the seconds it took, and
    whether the bank showed data of another customer.
    """

    def __init__(
        self,
        http: HttpClient,
        client_id: str,
        secret: str,
        *,
        sources: Sources | None = None,
        seconds: float = 3.0,
        tell_refused: Callable[[CallFailed, float, bool], None] = lambda failure, seconds, is_of_another: None,
    ) -> None:
        self.http = http
        self.sources = sources or Sources()
        self.seconds = seconds
        self.tell_refused = tell_refused
        self.tokens = Tokens(http, client_id, secret, self.sources)
        self._seen: OrderedDict[str, _Seen] = OrderedDict()

    def of(self, customer: Customer, *, correlation_id: str = "") -> CustomerBank:
        """The bank as this customer may see it; `correlation_id` is sent with every call."""
        return CustomerBank(self, customer.bank_customer_id, _interaction(correlation_id))

    def seen(self, customer: str) -> _Seen:
        """The cached answers for a bank customer; the least recently used are dropped first."""
        seen = self._seen.setdefault(customer, _Seen())
        self._seen.move_to_end(customer)
        if len(self._seen) > _MOST_CUSTOMERS:
            self._seen.popitem(last=False)
        return seen


@dataclass(frozen=True, slots=True)
class CustomerBank:
    """One customer's view of the bank. Every method raises CallFailed if the bank gives no usable answer."""

    client: BankClient
    customer: str = field(repr=False)
    interaction: str

    async def accounts(self) -> tuple[Account, ...]:
        """The customer's accounts; at most a minute old."""
        async with self._question("accounts"):
            return await self._accounts()

    async def balances(self) -> tuple[Balance, ...]:
        """The balance of each account, in the order of `accounts()`."""
        async with self._question("balances"):
            accounts = await self._accounts()
            data = await self._get("/balances", "balances", BALANCES)
            balances = read_balances(data, accounts, self._now())
            self.client.seen(self.customer).balances = Known(balances, self._now())
            return balances

    async def balance(self, account: Account) -> Balance:
        """The balance of one account of this customer."""
        async with self._question("balance"):
            data = await self._get(f"/accounts/{account.id}/balances", "balance", BALANCES)
            return read_balances(data, (account,), self._now())[0]

    async def transactions(self, account: Account, since: date, until: date) -> tuple[Transaction, ...]:
        """The transactions of one account booked on days from `since` up to, not including, `until`; newest first.

        Transactions with the same time stay in the bank's order.
        """
        async with self._question("transactions"):
            items = [item async for item in self._transaction_items(account, since, until)]
            read = read_transactions(items, account, since, until, self._now())
            return tuple(sorted(read, key=lambda t: t.booked_at, reverse=True))

    async def payees(self) -> tuple[Payee, ...]:
        """The people and companies that the customer can pay; at most a few seconds old."""
        async with self._question("payees"):
            return await self._payees()

    async def pay(self, key: str, order: PaymentOrder) -> Payment:
        """Make the payment, once per key (at most 35 characters): a repeat within 24 hours returns the same payment.

        After a CallFailed of kind `unknown_outcome` it may have been made, which `find_payment` can tell; after any
        other kind it certainly was not.
        """
        async with self._question("pay") as question:
            initiation = await self._initiation(key, order)
            cut_off = {"AuthorisationType": "Single", "CompletionDateTime": order.not_after.isoformat()}
            question.sent = True
            data = await self._call(
                "POST",
                f"{INITIATION}/domestic-payments",
                name="pay",
                schema=PAYMENT,
                json={"Data": {"Initiation": initiation, "Authorisation": cut_off}, "Risk": {}},
                headers={"x-idempotency-key": key},
                idempotent=True,
            )
            return read_payment(data["Data"], initiation, self._now())

    async def find_payment(self, key: str, order: PaymentOrder) -> Payment | None:
        """The payment that was made or refused under this key, or None if the bank does not know one (yet)."""
        async with self._question("find_payment"):
            data = await self._call(
                "GET",
                f"{INITIATION}/domestic-payments",
                name="find_payment",
                schema=PAYMENTS,
                params={"EndToEndIdentification": key},
            )
            # Account numbers are left out: accounts and payees may have changed since the order.
            ordered = _instruction(key, order) | {"CreditorAccount": {"Name": order.payee}}
            found = [read_payment(item, ordered, self._now()) for item in data["Data"]["DomesticPayment"]]
            made = [payment for payment in found if payment.made]
            return next(iter(made or found), None)

    async def _initiation(self, key: str, order: PaymentOrder) -> dict[str, Any]:
        """The order in the standard's format; always the same for the same order."""
        numbers = {account.id: account.number for account in await self._accounts()}
        debtor = numbers.get(order.debtor)
        if debtor is None:
            raise Refused("the account that pays is not the customer's, or has no number to pay by")
        if order.creditor not in numbers:
            numbers |= {payee.id: payee.number for payee in await self._ask_payees()}
        creditor = numbers.get(order.creditor)
        if creditor is None:
            raise Refused("what is paid is no account of the customer's and no payee, or has no number to pay by")
        return {
            **_instruction(key, order),
            "DebtorAccount": {"SchemeName": SCHEME, "Identification": debtor},
            "CreditorAccount": {"SchemeName": SCHEME, "Identification": creditor, "Name": order.payee},
        }

    def last_accounts(self) -> Known[tuple[Account, ...]] | None:
        """The accounts as last seen, and when; for use when the bank is unavailable."""
        return self.client.seen(self.customer).accounts

    def last_balances(self) -> Known[tuple[Balance, ...]] | None:
        """The balances as last seen, and when; for use when the bank is unavailable."""
        return self.client.seen(self.customer).balances

    async def _accounts(self) -> tuple[Account, ...]:
        seen, now = self.client.seen(self.customer), self._now()
        if seen.accounts is not None and now - seen.accounts.at < _ACCOUNTS_FRESH:
            return seen.accounts.value
        data = await self._get("/accounts", "accounts", ACCOUNTS)
        seen.accounts = Known(read_accounts(data, self.customer, self._now()), now)
        return seen.accounts.value

    async def _payees(self) -> tuple[Payee, ...]:
        seen, now = self.client.seen(self.customer), self._now()
        if seen.payees is not None and now - seen.payees.at < _PAYEES_FRESH:
            return seen.payees.value
        seen.payees = Known(await self._ask_payees(), now)
        return seen.payees.value

    async def _ask_payees(self) -> tuple[Payee, ...]:
        data = await self._get("/beneficiaries", "payees", BENEFICIARIES)
        return read_payees(data, await self._accounts())

    async def _transaction_items(self, account: Account, since: date, until: date) -> AsyncIterator[Any]:
        """The items of all pages, in the bank's order."""
        path = f"/accounts/{account.id}/transactions"
        first, last = day_start(since), day_start(until) - timedelta(seconds=1)
        params: dict[str, str] | None = {
            "fromBookingDateTime": first.isoformat(),
            "toBookingDateTime": last.isoformat(),
        }
        for _ in range(_MOST_PAGES):
            data = await self._get(path, "transactions", TRANSACTIONS, params)
            for item in data["Data"]["Transaction"]:
                yield item
            params = _next_page(data, INFORMATION + path)
            if params is None:
                return
        raise Refused("there are more pages than can be read")

    async def _get(self, path: str, name: str, schema: ResponseSchema, params: Mapping[str, str] | None = None) -> Any:
        return await self._call("GET", INFORMATION + path, name=name, schema=schema, params=params or {})

    async def _call(self, method: str, path: str, **arguments: Any) -> Any:
        """`HttpClient.call` with this customer's token; returns the answer's JSON.

        A token that the bank no longer accepts is replaced once.
        """
        tokens = self.client.tokens
        token = await tokens.token(self.customer, self.interaction)
        try:
            return await self._call_with(token, method, path, **arguments)
        except CallFailed as failure:
            # An earlier attempt may have taken effect, and a second call must not contradict it.
            if failure.status != HTTPStatus.UNAUTHORIZED or failure.may_have_happened:
                raise
        tokens.drop(self.customer, token)
        new_token = await tokens.token(self.customer, self.interaction)
        return await self._call_with(new_token, method, path, **arguments)

    async def _call_with(
        self, token: str, method: str, path: str, *, headers: Mapping[str, str] | None = None, **arguments: Any
    ) -> Any:
        sent = {"Authorization": f"Bearer {token}", **(headers or {})}
        http = self.client.http
        answer = await http.call(method, path, headers=sent, correlation_id=self.interaction, **arguments)
        return answer.data

    @asynccontextmanager
    async def _question(self, name: str) -> AsyncIterator[_Question]:
        """One question to the bank, of one or more calls, under one deadline; raises CallFailed for any failure."""
        question, began = _Question(), self.client.sources.monotonic()
        try:
            async with asyncio.timeout(self.client.seconds):
                yield question
        except TimeoutError:
            raise question.failed("timeout", name, "no answer within the deadline") from None
        except Refused as refused:
            seen = self.client.seen(self.customer)
            seen.accounts = seen.payees = None
            failure = question.failed("invalid", name, str(refused))
            took = self.client.sources.monotonic() - began
            self.client.tell_refused(failure, took, isinstance(refused, OfAnother))
            raise failure from None

    def _now(self) -> datetime:
        return self.client.sources.now()


def _instruction(key: str, order: PaymentOrder) -> dict[str, Any]:
    """The standard's initiation of an order, except for the two accounts."""
    return {
        "InstructionIdentification": key,
        "EndToEndIdentification": key,
        "InstructedAmount": {"Amount": write_amount(order.minor, order.currency), "Currency": order.currency},
    }


def _next_page(data: Any, path: str) -> dict[str, str] | None:
    """The query of the next page, or None after the last; raises Refused if the link leads elsewhere."""
    link = data.get("Links", {}).get("Next")
    if link is None:
        return None
    parts = urlsplit(link)
    if parts.path != path:
        raise Refused("the next page is elsewhere")
    return dict(parse_qsl(parts.query))


def _interaction(correlation_id: str) -> str:
    """The correlation id as the UUID that the standard requires; equal ids give equal UUIDs."""
    if not correlation_id:
        return ""
    try:
        return str(uuid.UUID(correlation_id))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, correlation_id))
