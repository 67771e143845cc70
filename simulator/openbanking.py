"""The bank's JSON: UK Open Banking account-information API, version 4.0.0."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, TypeAlias

from .accounts import OPENED, Account
from .days import ZONE
from .ledger import Entry
from .payees import Payee

Json: TypeAlias = dict[str, Any]

_TYPE_CODES = {"current": "CACC", "savings": "SVGS", "credit_card": "CARD"}
_DESCRIPTIONS = {"current": "Current account", "savings": "Savings account", "credit_card": "Credit card"}
_CODES = {
    "income": ("CreditTransfers", "SalaryPayment"),
    "transfers": ("CreditTransfers", "InternalTransfer"),
    "payments": ("CreditTransfers", "DomesticCreditTransfer"),
    "interest": ("MiscellaneousCreditOperations", "Interest"),
    "housing": ("IssuedDirectDebits", "DirectDebitPayment"),
    "bills": ("IssuedDirectDebits", "DirectDebitPayment"),
}
_CARD_PAYMENT = ("CustomerCardTransactions", "PointOfSaleDebitCard")


def moment(day: date) -> str:
    """The start of a day at the bank, as ISO 8601."""
    return datetime.combine(day, time(), ZONE).isoformat()


def amount(minor: int, currency: str) -> Json:
    """The absolute value of an amount (pence) in the API's form; its sign is in the credit/debit indicator."""
    return {"Amount": f"{abs(minor) // 100}.{abs(minor) % 100:02}", "Currency": currency}


def credit_or_debit(minor: int) -> str:
    """The API's word for the sign of an amount (pence)."""
    return "Debit" if minor < 0 else "Credit"


def account_json(account: Account, holder: str) -> Json:
    """OBAccount6."""
    numbers = [("UK.OBIE.SortCodeAccountNumber", account.sort_code_and_number)]
    if account.pan is not None:
        numbers.insert(0, ("UK.OBIE.PAN", account.pan))
    return {
        "AccountId": account.id,
        "Status": "Enabled",
        "StatusUpdateDateTime": moment(OPENED),
        "Currency": account.currency,
        "AccountCategory": "Personal",
        "AccountTypeCode": _TYPE_CODES[account.kind],
        "Description": _DESCRIPTIONS[account.kind],
        "Nickname": account.nickname,
        "OpeningDate": moment(OPENED),
        "Account": [
            {
                "SchemeName": scheme,
                "Identification": number,
                "Name": holder,
                "SecondaryIdentification": account.customer,
            }
            for scheme, number in numbers
        ],
    }


def balance_json(account: Account, minor: int, at: datetime) -> Json:
    """An item of OBReadBalance1: the interim available balance, pending transactions included."""
    balance: Json = {
        "AccountId": account.id,
        "CreditDebitIndicator": credit_or_debit(minor),
        "Type": "ITAV",
        "DateTime": at.replace(microsecond=0).isoformat(),
        "Amount": amount(minor, account.currency),
    }
    if account.limit:
        limit = amount(account.limit, account.currency)
        balance["CreditLine"] = [{"Included": False, "Type": "Pre-Agreed", "Amount": limit}]
    return balance


def beneficiary_json(account: Account, payee: Payee) -> Json:
    """OBBeneficiary5."""
    return {
        "AccountId": account.id,
        "BeneficiaryId": payee.id,
        "BeneficiaryType": "Ordinary",
        "CreditorAccount": {
            "SchemeName": "UK.OBIE.SortCodeAccountNumber",
            "Identification": payee.sort_code_and_number,
            "Name": payee.name,
        },
    }


def transaction_json(entry: Entry, currency: str, *, pending: bool) -> Json:
    """OBTransaction6."""
    code, sub_code = _CODES.get(entry.category, _CARD_PAYMENT)
    if code == "CreditTransfers":
        code = f"Issued{code}" if entry.minor < 0 else f"Received{code}"
    transaction: Json = {
        "AccountId": entry.account,
        "TransactionId": entry.id,
        "CreditDebitIndicator": credit_or_debit(entry.minor),
        "Status": "PDNG" if pending else "BOOK",
        "TransactionMutability": "Mutable" if pending else "Immutable",
        "BookingDateTime": entry.booked.isoformat(),
        "TransactionInformation": entry.description,
        "Amount": amount(entry.minor, currency),
        "BankTransactionCode": {"Code": code, "SubCode": sub_code},
        "ProprietaryBankTransactionCode": {"Code": entry.category, "Issuer": "Teller Bank"},
    }
    if not pending:
        transaction["ValueDateTime"] = entry.booked.isoformat()
    if entry.other is not None:
        transaction["CreditorAccount" if entry.minor < 0 else "DebtorAccount"] = {"Name": entry.other}
    if entry.merchant is not None:
        transaction["MerchantDetails"] = {"MerchantName": entry.merchant}
        if entry.mcc:
            transaction["MerchantDetails"]["MerchantCategoryCode"] = entry.mcc
    return transaction


def envelope(data: Json, links: Json, *, pages: int = 1, first: date | None = None, last: date | None = None) -> Json:
    """Data, Links and Meta, which every answer has."""
    meta: Json = {"TotalPages": pages}
    if first is not None and last is not None:
        meta |= {"FirstAvailableDateTime": moment(first), "LastAvailableDateTime": moment(last)}
    return {"Data": data, "Links": links, "Meta": meta}


def error_json(status: int, code: str, message: str, interaction: str) -> Json:
    """OBErrorResponse1 with one error; `code` is four characters of the standard's code set."""
    return {
        "Id": interaction[:40],
        "Code": str(status),
        "Message": message,
        "Errors": [{"ErrorCode": code, "Message": message}],
    }
