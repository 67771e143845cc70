"""What we take from the bank: small schemas of the parts we read. Anything else in an answer is ignored."""

from __future__ import annotations

from typing import Any

from bot import ResponseSchema

# Each keyword costs microseconds for each item, so lengths are checked only of what is shown: a body is bounded as a
# whole, and `reading` compares or parses the rest.
_STRING = {"type": "string"}
_SHOWN = {"type": "string", "minLength": 1, "maxLength": 500}
_SIGN = {"enum": ["Credit", "Debit"]}
_MONEY = {
    "type": "object",
    "required": ["Amount", "Currency"],
    "properties": {"Amount": _STRING, "Currency": _STRING},
}
_IDENTIFICATION = {
    "type": "object",
    "required": ["SchemeName", "Identification"],
    "properties": {"SchemeName": _STRING, "Identification": _STRING, "SecondaryIdentification": _STRING},
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
        "properties": {
            "AccountId": _STRING,
            "Currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            "AccountTypeCode": _STRING,
            "Description": _SHOWN,
            "Nickname": {"type": "string", "minLength": 1, "maxLength": 70},
            "OpeningDate": _STRING,
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
        "properties": {
            "AccountId": _STRING,
            "CreditDebitIndicator": _SIGN,
            "Type": _STRING,
            "DateTime": _STRING,
            "Amount": _MONEY,
            "CreditLine": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["Included"],
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
        "properties": {
            "AccountId": _STRING,
            "TransactionId": _STRING,
            "CreditDebitIndicator": _SIGN,
            "Status": {"enum": ["BOOK", "PDNG", "FUTR", "INFO", "RJCT"]},
            "BookingDateTime": _STRING,
            "Amount": _MONEY,
            "TransactionInformation": _SHOWN,
            "ProprietaryBankTransactionCode": {
                "type": "object",
                "required": ["Code"],
                "properties": {"Code": {"type": "string", "minLength": 1, "maxLength": 35}},
            },
            "MerchantDetails": {
                "type": "object",
                "properties": {"MerchantName": {"type": "string", "minLength": 1, "maxLength": 350}},
            },
        },
    },
    1_000,
)

_PAYMENT = {
    "type": "object",
    "required": ["DomesticPaymentId", "CreationDateTime", "Status", "Initiation"],
    "properties": {
        "DomesticPaymentId": _STRING,
        "CreationDateTime": _STRING,
        "Status": _STRING,
        "StatusReason": {
            "type": "array",
            "items": {"type": "object", "required": ["StatusReasonCode"], "properties": {"StatusReasonCode": _STRING}},
        },
        "Initiation": {
            "type": "object",
            "required": ["EndToEndIdentification", "InstructedAmount", "DebtorAccount", "CreditorAccount"],
            "properties": {
                "EndToEndIdentification": _STRING,
                "InstructedAmount": _MONEY,
                "DebtorAccount": _IDENTIFICATION,
                "CreditorAccount": _IDENTIFICATION,
            },
        },
    },
}

PAYMENT = ResponseSchema({"type": "object", "required": ["Data"], "properties": {"Data": _PAYMENT}})
PAYMENTS = _envelope("DomesticPayment", _PAYMENT, 100)
