"""The effect `transfer`: money moved from a customer's account to another one, or to a payee, once for its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from msgspec import Struct

from bot import CallFailed, Customer, EffectResult

from ..bank import BankClient, CustomerBank, Payment, PaymentOrder

KIND: Final = "transfer"
CONFIRM_WITHIN: Final = timedelta(minutes=15)
"""How long a confirmation is valid: the bank refuses a payment that arrives later."""

CLOCK_SKEW: Final = timedelta(minutes=2)
"""How far the bank's clock may be behind ours when it checks that."""


def order_parameters(
    customer: Customer, source: Mapping[str, Any], target: Mapping[str, Any], minor: int, now: datetime
) -> dict[str, str | int]:
    """Everything that defines a transfer, as JSON: the effect's `parameters`.

    `source` and `target` are checked slots: each has an `id`, a `nickname` and the words for it in a sentence
    (`spoken`). `source` also has its `currency`, in whose minor units `minor` is; a `target` that is a payee has a true
    `payee`.
    """
    return {
        "customer": customer.bank_customer_id,
        "debtor": source["id"],
        "creditor": target["id"],
        "minor": minor,
        "currency": source["currency"],
        "payee": target["nickname"],
        "not_after": (now + CONFIRM_WITHIN).isoformat(),
        "source": source["spoken"],
        "target": target["spoken"],
        "to_payee": bool(target.get("payee")),
    }


class Transfer(Struct, frozen=True):
    """Makes transfers and looks up their outcomes. `settled_action` tells the customer about a late outcome."""

    client: BankClient
    now: Callable[[], datetime]
    settled_action: str | None = "action_transfer_settled"

    async def perform(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        """Pay; `unknown` when the payment may have reached the bank."""
        try:
            return _result(await self._bank(parameters).pay(key, _order(parameters)))
        except CallFailed as failure:
            if failure.kind == "unknown_outcome":
                return EffectResult("unknown")
            return EffectResult("refused", {"reason": "other" if _is_refusal(failure) else "unreachable"})

    async def find(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        """Look the payment up. One that the bank does not know can still arrive until its time is up."""
        order = _order(parameters)
        over = self.now() > order.not_after + CLOCK_SKEW
        try:
            payment = await self._bank(parameters).find_payment(key, order)
        except CallFailed:
            return EffectResult("unknown")
        if payment is not None:
            return _result(payment)
        return EffectResult("refused", {"reason": "too_late"}) if over else EffectResult("unknown")

    def _bank(self, parameters: Mapping[str, Any]) -> CustomerBank:
        return self.client.of(Customer("", parameters["customer"]))


def _is_refusal(failure: CallFailed) -> bool:
    """Whether the bank was reached and rejected the order; a 401 concerns our credentials, not the order."""
    return failure.kind == "rejected" and failure.call == "pay" and failure.status != HTTPStatus.UNAUTHORIZED


def _order(parameters: Mapping[str, Any]) -> PaymentOrder:
    return PaymentOrder(
        debtor=parameters["debtor"],
        creditor=parameters["creditor"],
        minor=parameters["minor"],
        currency=parameters["currency"],
        payee=parameters["payee"],
        not_after=datetime.fromisoformat(parameters["not_after"]),
    )


def _result(payment: Payment) -> EffectResult:
    if payment.made:
        return EffectResult("done", {"payment": payment.id})
    return EffectResult("refused", {"reason": payment.refusal or "other"})
