"""A payment as an outside change: fixed when its confirmation is asked, made once, read back when nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot import CallFailed, Customer, EffectResult

from .client import BankClient, CustomerBank
from .values import Payment, PaymentOrder

_CLOCK_SKEW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class PaymentEffect:
    """What `startup.add_effect` takes for payments; `settled_action` tells the user of a late outcome.

    A result is `{"reason": …}` when refused: `insufficient_funds`, `too_late`, `other`, or `unavailable` when the
    order never reached the bank; `{"payment": id}` when done.
    """

    bank: BankClient
    settled_action: str | None = None

    async def perform(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        """Make the payment under this key."""
        bank, order = self._read(parameters)
        try:
            return _result(await bank.pay(key, order))
        except CallFailed as failure:
            return EffectResult("unknown") if failure.may_have_happened else _refused("unavailable")

    async def find(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        """Read the payment back. While the bank knows none it stays unknown until the order's cut-off, after which
        the bank no longer makes it."""
        bank, order = self._read(parameters)
        try:
            payment = await bank.find_payment(key, order)
        except CallFailed:
            return EffectResult("unknown")
        if payment is not None:
            return _result(payment)
        over = self.bank.sources.now() > order.not_after + _CLOCK_SKEW
        return _refused("unavailable") if over else EffectResult("unknown")

    def _read(self, parameters: Mapping[str, Any]) -> tuple[CustomerBank, PaymentOrder]:
        order = PaymentOrder(
            debtor=parameters["debtor"],
            creditor=parameters["creditor"],
            minor=parameters["minor"],
            currency=parameters["currency"],
            payee=parameters["payee"],
            not_after=datetime.fromisoformat(parameters["not_after"]),
        )
        return self.bank.of(Customer(parameters["customer"], parameters["bank_customer"])), order


def payment_parameters(customer: Customer, order: PaymentOrder) -> dict[str, Any]:
    """What `turn.prepare` keeps of a payment, as JSON: no account numbers."""
    return {
        "customer": customer.id,
        "bank_customer": customer.bank_customer_id,
        "debtor": order.debtor,
        "creditor": order.creditor,
        "minor": order.minor,
        "currency": order.currency,
        "payee": order.payee,
        "not_after": order.not_after.isoformat(),
    }


def _result(payment: Payment) -> EffectResult:
    return EffectResult("done", {"payment": payment.id}) if payment.made else _refused(payment.refusal or "other")


def _refused(reason: str) -> EffectResult:
    return EffectResult("refused", {"reason": reason})
