"""How long a payment that the bank does not know may still arrive there, as its clock may differ from ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from actions.bank import BankClient
from actions.transfer.payment import CLOCK_SKEW, CONFIRM_WITHIN, Transfer, order_parameters
from bot import Customer, EffectResult

from .conftest import NOW

SOURCE = {"id": "a", "nickname": "current", "spoken": "current", "currency": "GBP"}
TARGET = {"id": "b", "nickname": "savings", "spoken": "savings"}
LAST = NOW + CONFIRM_WITHIN + CLOCK_SKEW


class KnowsNothing:
    """A bank that no payment has reached."""

    def of(self, customer: Customer) -> KnowsNothing:
        return self

    async def find_payment(self, key: str, order: Any) -> None:
        return None


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (NOW + CONFIRM_WITHIN + timedelta(seconds=1), EffectResult("unknown")),
        (LAST, EffectResult("unknown")),
        (LAST + timedelta(seconds=1), EffectResult("refused", {"reason": "too_late"})),
    ],
)
async def test_missing_payment_is_refused_once_the_cut_off_has_passed_at_the_bank(
    now: Any, found: EffectResult
) -> None:
    parameters = order_parameters(Customer("", "bank-1"), SOURCE, TARGET, 100, NOW)
    assert await Transfer(cast("BankClient", KnowsNothing()), lambda: now).find("k", parameters) == found
