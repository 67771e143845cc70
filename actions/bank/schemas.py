"""Schemas of the parts of the bank's answers that we read. Anything else in an answer is ignored."""

from __future__ import annotations

from typing import Any

from bot import ResponseSchema

# Few lengths are checked: a body is bounded as a whole, and `reading` compares, parses or shortens the rest.
_SHOWN = {"type": "string", "minLength": 1, "maxLength": 500}
_MONEY = {"type": "object", "required": ["Amount", "Currency"], "strings": ["Amount", "Currency"]}
_IDENTIFICATION = {
    "type": "object",
    "required": ["SchemeName", "Identification"],
    "strings": ["SchemeName", "Identification", "SecondaryIdentification"],
}


def _envelope(name: str, item: dict[str, Any], most: int) -> ResponseSchema:
    """The standard's envelope around at most `most` items."""
    items = {"type": "array", "maxItems": most, "items": item}
    data = {"type": "object", "required": [name], "properties": {name: items}}
    links = {"type": "object", "properties": {"Next": {"type": "string", "maxLength": 2_048}}}
    return ResponseSchema(
        {
            "type": "object",
            "required": ["Data"],
            "properties": {"Data": data, "Links": links, "Meta": {"type": "object"}},
        }
    )


TOKEN = ResponseSchema(
    {
        "type": "object",
        "required": ["access_token", "token_type", "expires_in"],
        "properties": {
            "access_token": {"type": "string", "pattern": "^[A-Za-z0-9._~+/=-]{16,4096}$"},
            "token_type": {"type": "string", "pattern": "^[Bb]earer$"},
            "expires_in": {"type": "integer", "minimum": 1, "maximum": 86_400},
        },
    }
)

ACCOUNTS = _envelope(
    "Account",
    {
        "type": "object",
        "required": ["AccountId", "Currency", "AccountTypeCode", "Account"],
        "strings": ["AccountId", "AccountTypeCode", "OpeningDate"],
        "properties": {
            "Currency": {"type": "string", "pattern": "^[A-Z]{3}$", "maxLength": 3},
            "Description": _SHOWN,
            "Nickname": {"type": "string", "minLength": 1, "maxLength": 70},
            "Account": {"type": "array", "minItems": 1, "items": _IDENTIFICATION},
        },
    },
    100,
)

BALANCES = _envelope(
    "Balance",
    {
        "type": "object",
        "required": ["AccountId", "CreditDebitIndicator", "Type", "DateTime", "Amount"],
        "strings": ["AccountId", "CreditDebitIndicator", "Type", "DateTime"],
        "properties": {
            "Amount": _MONEY,
            "CreditLine": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["Included"],
                    "strings": ["Type"],
                    "properties": {"Included": {"type": "boolean"}, "Amount": _MONEY},
                },
            },
        },
    },
    1_000,
)

TRANSACTIONS = _envelope(
    "Transaction",
    {
        "type": "object",
        "required": ["AccountId", "TransactionId", "CreditDebitIndicator", "Status", "BookingDateTime", "Amount"],
        "strings": [
            "AccountId",
            "TransactionId",
            "CreditDebitIndicator",
            "Status",
            "BookingDateTime",
            "TransactionInformation",
        ],
        "properties": {
            "Amount": _MONEY,
            "ProprietaryBankTransactionCode": {"type": "object", "required": ["Code"], "strings": ["Code"]},
            "MerchantDetails": {"type": "object", "strings": ["MerchantName"]},
            "CreditorAccount": {"type": "object", "strings": ["Name"]},
            "DebtorAccount": {"type": "object", "strings": ["Name"]},
        },
    },
    1_000,
)

BENEFICIARIES = _envelope(
    "Beneficiary",
    {
        "type": "object",
        "required": ["AccountId", "BeneficiaryId", "CreditorAccount"],
        "strings": ["AccountId", "BeneficiaryId"],
        "properties": {
            "CreditorAccount": {
                "type": "object",
                "required": ["SchemeName", "Identification", "Name"],
                "strings": ["SchemeName", "Identification"],
                "properties": {"Name": {"type": "string", "minLength": 1, "maxLength": 350}},
            }
        },
    },
    1_000,
)

_PAYMENT = {
    "type": "object",
    "required": ["DomesticPaymentId", "CreationDateTime", "Status", "Initiation"],
    "strings": ["DomesticPaymentId", "CreationDateTime", "Status"],
    "properties": {
        "StatusReason": {
            "type": "array",
            "items": {"type": "object", "required": ["StatusReasonCode"], "strings": ["StatusReasonCode"]},
        },
        "Initiation": {
            "type": "object",
            "required": ["EndToEndIdentification", "InstructedAmount", "DebtorAccount", "CreditorAccount"],
            "strings": ["EndToEndIdentification"],
            "properties": {
                "InstructedAmount": _MONEY,
                "DebtorAccount": _IDENTIFICATION,
                "CreditorAccount": _IDENTIFICATION,
            },
        },
    },
}

PAYMENT = ResponseSchema({"type": "object", "required": ["Data"], "properties": {"Data": _PAYMENT}})
PAYMENTS = _envelope("DomesticPayment", _PAYMENT, 100)
