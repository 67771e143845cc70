"""Payment initiation: domestic payments, in the shape of UK Open Banking's API (consents and signatures left out)."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from .accounts import ACCOUNTS, CUSTOMERS, Account
from .openbanking import Json, envelope
from .payments import PAID_BY, PAID_TO, KeyReused, Order, Payment
from .service import BANK, Problem, answer, check_admin, customer_of_request, read_json

ROOT = "/open-banking/v4.0/pisp"
_SCHEME = "UK.OBIE.SortCodeAccountNumber"
_NUMBER = re.compile(r"\d{14}", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,11})(?:\.(\d{2}))?", re.ASCII)
_BY_NUMBER = {account.sort_code_and_number: account for account in ACCOUNTS.values()}


async def make_payment(request: web.Request) -> web.Response:
    """POST /domestic-payments: 201 with the payment, made or refused; the same answer for a repeated key and body."""
    key = request.headers.get("x-idempotency-key", "")
    if not 0 < len(key) <= 40 or key != key.strip() or not key.isascii():
        raise Problem(400, "U006", "x-idempotency-key is missing or not 1 to 40 ASCII characters")
    raw = await request.read()
    try:
        body = read_json(raw)
    except ValueError:
        raise Problem(400, "U011", "The body is not JSON") from None
    order = _order(body, customer_of_request(), key)
    try:
        payment = await request.app[BANK].payments.make(order)
    except KeyReused:
        raise Problem(400, "U006", "x-idempotency-key was used for another payment") from None
    return answer(_answer(request, payment), 201)


async def read_payment(request: web.Request) -> web.Response:
    """GET /domestic-payments/{DomesticPaymentId}."""
    payment = await request.app[BANK].payments.read(customer_of_request(), request.match_info["payment"])
    if payment is None:
        raise Problem(400, "U012", "There is no such payment")  # the standard reserves 404 for unknown paths
    return answer(_answer(request, payment))


async def find_payments(request: web.Request) -> web.Response:
    """GET /domestic-payments?EndToEndIdentification=…: this bank's own way to look up payments of unknown outcome."""
    wanted = request.query.get("EndToEndIdentification")
    if not wanted:
        raise Problem(400, "U004", "EndToEndIdentification is missing")
    found = await request.app[BANK].payments.find(customer_of_request(), wanted)
    data = {"DomesticPayment": [_payment_json(payment) for payment in found]}
    return answer(envelope(data, {"Self": str(request.url)}))


async def read_books(request: web.Request) -> web.Response:
    """GET /admin/books: every payment, every balance, and the sum of all entries (0, unless money was created)."""
    check_admin(request)
    bank = request.app[BANK]
    made = await bank.payments.all()
    accounts = {p.debtor for p in made} | {p.creditor for p in made}
    return answer(
        {
            "payments": [
                {"id": p.id, "key": p.key, "endToEnd": p.end_to_end, "status": p.status, "minor": p.minor} for p in made
            ],
            "balances": {account.id: bank.balance(account) for account in ACCOUNTS.values()},
            "sum": sum(bank.payments.moved(account) for account in accounts),
        }
    )


def _order(body: Any, customer: str, key: str) -> Order:
    """The order in the body; raises Problem 400 or 403 if something is missing or wrong."""
    initiation = _member(body, "Data.Initiation", dict)
    debtor = _own_account(_member(initiation, "DebtorAccount.Identification", str), customer)
    number = _member(initiation, "CreditorAccount.Identification", str)
    creditor = _BY_NUMBER.get(number)
    for side in ("DebtorAccount", "CreditorAccount"):
        if _member(initiation, f"{side}.SchemeName", str) != _SCHEME:
            raise Problem(400, "U002", f"{side}.SchemeName is not {_SCHEME}")
    if not _NUMBER.fullmatch(number) or creditor is debtor:
        raise Problem(400, "U002", "CreditorAccount.Identification is not an account that can be paid")
    end_to_end = _member(initiation, "EndToEndIdentification", str)
    if not 0 < len(end_to_end) <= 35:
        raise Problem(400, "U002", "EndToEndIdentification is not 1 to 35 characters")
    payee = _member(initiation, "CreditorAccount.Name", str)[:70]
    return Order(
        customer=customer,
        key=key,
        fingerprint=hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(),
        end_to_end=end_to_end,
        debtor=debtor.id,
        creditor=creditor.id if creditor else f"outside:{number}",
        minor=_amount(initiation),
        debtor_text=f"{PAID_TO}{payee}",
        creditor_text=f"{PAID_BY}{_payer(debtor, creditor)}",
        initiation=json.dumps(initiation),
        not_after=_cut_off(body["Data"]),
    )


def _payer(debtor: Account, creditor: Account | None) -> str:
    """The payer's name as the payee sees it: the account if both are the customer's own, otherwise the customer."""
    is_own = creditor is not None and creditor.customer == debtor.customer
    return debtor.nickname if is_own else CUSTOMERS[debtor.customer].name


def _member(value: Any, path: str, kind: type) -> Any:
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            raise Problem(400, "U004", f"{path} is missing")
        value = value[name]
    if not isinstance(value, kind):
        raise Problem(400, "U002", f"{path} has the wrong type")
    return value


def _own_account(number: str, customer: str) -> Account:
    account = _BY_NUMBER.get(number)
    if account is None or account.customer != customer or account.kind == "credit_card":
        raise Problem(403, "U009", "DebtorAccount is not covered by this token")
    return account


def _amount(initiation: Any) -> int:
    match = _AMOUNT.fullmatch(_member(initiation, "InstructedAmount.Amount", str))
    minor = int(match[1]) * 100 + int(match[2] or 0) if match else 0
    if minor <= 0 or _member(initiation, "InstructedAmount.Currency", str) != "GBP":
        raise Problem(400, "U002", "InstructedAmount is not a positive amount of pounds and whole pence")
    return minor


def _cut_off(data: Json) -> datetime | None:
    """The time after which the payment must not be made (`Authorisation.CompletionDateTime`)."""
    if "Authorisation" not in data:
        return None
    try:
        moment = datetime.fromisoformat(_member(data, "Authorisation.CompletionDateTime", str))
    except ValueError:
        raise Problem(400, "U003", "Authorisation.CompletionDateTime is not an ISO 8601 time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _answer(request: web.Request, payment: Payment) -> Json:
    self_link = str(request.url.with_path(f"{ROOT}/domestic-payments/{payment.id}").with_query(None))
    return envelope(_payment_json(payment), {"Self": self_link})


def _payment_json(payment: Payment) -> Json:
    created = payment.created.isoformat(timespec="seconds")
    data: Json = {
        "DomesticPaymentId": payment.id,
        "CreationDateTime": created,
        "Status": payment.status,
        "StatusUpdateDateTime": created,
        "Initiation": json.loads(payment.initiation),
    }
    if payment.reason:
        data["StatusReason"] = [{"StatusReasonCode": payment.reason}]
    return data


ROUTES = [
    web.post(f"{ROOT}/domestic-payments", make_payment),
    web.get(f"{ROOT}/domestic-payments", find_payments),
    web.get(f"{ROOT}/domestic-payments/{{payment}}", read_payment),
    web.get("/admin/books", read_books),
]
