"""From the bank's validated JSON to values; refuses what schemas cannot check: owners, amounts, dates, duplicates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from .money import read_amount
from .values import Account, AccountKind, Balance, Payee, Payment, Refusal, Transaction

T = TypeVar("T", Account, Payee, Transaction)

_KINDS: Mapping[str, AccountKind] = {"CACC": "current", "SVGS": "savings", "CARD": "credit_card"}
_REFUSALS: Mapping[str, Refusal] = {"AM04": "insufficient_funds", "TM01": "too_late"}  # ISO 20022 reason codes
_SETTLED = {
    # ISO 20022 payment statuses. BLCK is not among them: the money has left and may or may not arrive.
    "ACSC": True,
    "ACCC": True,
    "ACWC": True,
    "ACSP": True,
    "RJCT": False,
    "CANC": False,
}
_STATUSES = {"BOOK": True, "PDNG": True, "FUTR": False, "INFO": False, "RJCT": False}
_SIGNS = {"Credit": 1, "Debit": -1}
SCHEME = "UK.OBIE.SortCodeAccountNumber"
_BALANCE_TYPES = ("ITAV", "CLAV", "ITBD", "CLBD")  # the standard's codes, the most informative first
_AGREED = ("Pre-Agreed", "Credit")  # the types of a credit line that say how far an account may go below zero
_NUMBER = re.compile(r"\d{14}", re.ASCII)
_EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)
_LONGEST = 140  # characters of a text for display
_CLOCK_SKEW = timedelta(minutes=10)


class Refused(Exception):
    """The bank's answer is impossible. The message names the violated rule, never the value."""


class OfAnother(Refused):
    """The bank shows data that does not belong to this customer."""


def read_accounts(data: Any, owner: str, now: datetime) -> tuple[Account, ...]:
    """The accounts of the bank customer `owner`; raises Refused if one belongs to somebody else."""
    return _without_doubles(_read_account(item, owner, now) for item in data["Data"]["Account"])


def _read_account(item: Any, owner: str, now: datetime) -> Account:
    numbers = item["Account"]
    if any(number.get("SecondaryIdentification") != owner for number in numbers):
        raise OfAnother("an account belongs to another customer")
    kind = _KINDS.get(item["AccountTypeCode"], "other")
    opened = _read_moment(item["OpeningDate"], now) if "OpeningDate" in item else None
    name = item.get("Nickname") or item.get("Description") or kind.replace("_", " ")
    payable = [number["Identification"] for number in numbers if number["SchemeName"] == SCHEME]
    return Account(item["AccountId"], kind, name, item["Currency"], opened, payable[0] if payable else None)


def read_payees(data: Any, accounts: Iterable[Account]) -> tuple[Payee, ...]:
    """The payees with a sort code and number; raises Refused if one belongs to an account that is not among these."""
    own = {account.id for account in accounts}
    items = data["Data"]["Beneficiary"]
    if any(item["AccountId"] not in own for item in items):
        raise OfAnother("a payee is of an account that is not the customer's")
    payable = [item for item in items if item["CreditorAccount"]["SchemeName"] == SCHEME]
    return _without_doubles(_read_payee(item["BeneficiaryId"], item["CreditorAccount"]) for item in payable)


def _read_payee(identity: str, account: Any) -> Payee:
    if not _NUMBER.fullmatch(account["Identification"]):
        raise Refused("a payee has no sort code and number")
    return Payee(identity, account["Name"], account["Identification"])


def read_balances(data: Any, accounts: Iterable[Account], now: datetime) -> tuple[Balance, ...]:
    """One balance per account, in their order; raises Refused if one is missing, repeated or somebody else's."""
    expected = {account.id: account for account in accounts}
    found: dict[tuple[str, str], Any] = {}
    for item in data["Data"]["Balance"]:
        if item["AccountId"] not in expected:
            raise OfAnother("a balance is of an account that is not the customer's")
        key = item["AccountId"], item["Type"]
        if key in found:
            raise Refused("a balance is there twice")
        found[key] = item
    return tuple(_read_balance(_best_balance(found, account.id), account, now) for account in expected.values())


def _best_balance(found: Mapping[tuple[str, str], Any], account: str) -> Any:
    """The account's balance of the most informative type; raises Refused if there is none."""
    for kind in _BALANCE_TYPES:
        if (account, kind) in found:
            return found[account, kind]
    raise Refused("the balance of an account is missing")


def _read_balance(item: Any, account: Account, now: datetime) -> Balance:
    minor = _read_money(item, item["CreditDebitIndicator"], account)
    line = _read_credit_line(item.get("CreditLine", ()), account)
    return Balance(account.id, minor, account.currency, _read_moment(item["DateTime"], now), line)


def _read_credit_line(lines: Iterable[Any], account: Account) -> int:
    """The agreed limit. Other types are not added: they say what is left of it, or what is for emergencies."""
    agreed = [line for line in lines if "Amount" in line and line.get("Type", "Credit") in _AGREED]
    limits = [_read_money(line, "Credit", account) for line in agreed if not line["Included"]]
    return max(limits, default=0)


def read_transactions(
    items: Iterable[Any], account: Account, since: date, until: date, now: datetime
) -> tuple[Transaction, ...]:
    """The account's transactions booked from `since` up to, not including, `until`; raises Refused for any other."""
    read = (_read_transaction(item, account, now) for item in items if _moves_money(item["Status"]))
    transactions = _without_doubles(read)
    if any(not since <= transaction.day < until for transaction in transactions):
        raise Refused("a transaction is outside the dates that were asked for")
    return transactions


def _moves_money(status: str) -> bool:
    """Whether an entry of this status (ISO 20022 entry status) moves money: it is booked or pending."""
    if status not in _STATUSES:
        raise Refused("a transaction has an unknown status")
    return _STATUSES[status]


def _read_transaction(item: Any, account: Account, now: datetime) -> Transaction:
    if item["AccountId"] != account.id:
        raise Refused("a transaction is of another account")
    code = item.get("ProprietaryBankTransactionCode", {}).get("Code", "")[:_LONGEST]
    other_side = "CreditorAccount" if item["CreditDebitIndicator"] == "Debit" else "DebtorAccount"
    other_name = item.get(other_side, {}).get("Name", "")
    merchant = (item.get("MerchantDetails", {}).get("MerchantName") or other_name)[:_LONGEST]
    return Transaction(
        id=item["TransactionId"],
        account_id=account.id,
        minor=_read_money(item, item["CreditDebitIndicator"], account),
        currency=account.currency,
        booked_at=_read_moment(item["BookingDateTime"], now),
        pending=item["Status"] == "PDNG",
        description=item.get("TransactionInformation", "")[:_LONGEST] or merchant or "Transaction",
        merchant=merchant or None,
        category=code.lower().replace("_", " ") if code else None,
    )


def read_payment(item: Any, ordered: Mapping[str, Any], now: datetime) -> Payment:
    """The payment, if its initiation says all that `ordered` does; raises Refused otherwise, or if not settled."""
    if not _agrees(item["Initiation"], ordered):
        raise Refused("a payment is not the one that was ordered")
    if item["Status"] not in _SETTLED:
        raise Refused("a payment is not settled")
    made = _SETTLED[item["Status"]]
    money = item["Initiation"]["InstructedAmount"]
    reasons = [reason["StatusReasonCode"] for reason in item.get("StatusReason", ())]
    return Payment(
        id=item["DomesticPaymentId"],
        made=made,
        minor=_read_amount(money, money["Currency"]),
        currency=money["Currency"],
        at=_read_moment(item["CreationDateTime"], now),
        refusal=None if made else _REFUSALS.get(reasons[0] if reasons else "", "other"),
    )


def _agrees(given: Any, wanted: Any) -> bool:
    """Whether `given` equals `wanted`; for mappings, whether it contains all of it."""
    if not isinstance(wanted, Mapping):
        return bool(given == wanted)
    if not isinstance(given, Mapping):
        return False
    return all(name in given and _agrees(given[name], value) for name, value in wanted.items())


def _read_money(item: Any, sign: str, account: Account) -> int:
    if sign not in _SIGNS:
        raise Refused("an amount is neither credit nor debit")
    return _SIGNS[sign] * _read_amount(item["Amount"], account.currency)


def _read_amount(money: Any, currency: str) -> int:
    if money["Currency"] != currency:
        raise Refused("an amount is in another currency")
    try:
        return read_amount(money["Amount"], currency)
    except ValueError as error:
        raise Refused(f"an amount is {error}") from None


def _read_moment(text: str, now: datetime) -> datetime:
    """A time in UTC; raises Refused if it is invalid, without a zone, in the future, or before any account of today."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("a date is no date") from None
    if moment.tzinfo is None:
        raise Refused("a date has no time zone")
    if not _EARLIEST <= moment <= now + _CLOCK_SKEW:
        raise Refused("a date is in the future or before any account")
    return moment.astimezone(UTC)


def _without_doubles(values: Iterable[T]) -> tuple[T, ...]:
    found: dict[str, T] = {}
    for value in values:
        if value.id in found:
            raise Refused("an id is there twice")
        found[value.id] = value
    return tuple(found.values())
