"""Whatever replaces a value in the bank's answer, the result is a CallFailed or well-typed values, never a crash."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actions.bank import Account, Balance, Payee, PaymentOrder, Transaction
from bot import CallFailed
from tests.bank.kit import AMARA, CURRENT, NOON, SAVINGS, ScriptedBank, account

INITIATION = {
    "InstructionIdentification": "k-1",
    "EndToEndIdentification": "k-1",
    "InstructedAmount": {"Amount": "50.00", "Currency": "GBP"},
    "DebtorAccount": {"SchemeName": "UK.OBIE.SortCodeAccountNumber", "Identification": "60161331926819"},
    "CreditorAccount": {
        "SchemeName": "UK.OBIE.SortCodeAccountNumber",
        "Identification": "60161331926819",
        "Name": "Rainy day",
    },
}
PAYMENT = {
    "DomesticPaymentId": "p-1",
    "CreationDateTime": "2026-11-03T12:00:00+00:00",
    "Status": "RJCT",
    "StatusReason": [{"StatusReasonCode": "AM04"}],
    "Initiation": INITIATION,
}
EXTRA = {
    "/accounts": {
        "Data": {"Account": [account(CURRENT, Nickname="Daily", OpeningDate="2021-01-01T00:00:00Z"), account(SAVINGS)]}
    },
    "/domestic-payments": {"Data": {"DomesticPayment": [PAYMENT]}},
}
ORDER = PaymentOrder(CURRENT, SAVINGS, 5_000, "GBP", "Rainy day", NOON)

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["Debit", "GBP", "ac-1", "2026-11-03T00:00:00Z", "9" * 20, "0.001", "-1.00", "", "\u0000"]),
    st.just([]),
    st.just({}),
    st.lists(st.just({}), min_size=1, max_size=2),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def with_replacement(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    changed = copy.deepcopy(value)
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = by
    return changed


ANSWERS = ScriptedBank().answers | EXTRA
PLACES = [(name, path) for name, answer in ANSWERS.items() for path in places(answer)]


async def ask_everything(scripted_bank: ScriptedBank) -> None:
    mine = scripted_bank.client().of(AMARA)
    accounts = await mine.accounts()
    assert all(isinstance(a, Account) and isinstance(a.nickname, str) for a in accounts)
    assert all(isinstance(b, Balance) and type(b.minor) is int for b in await mine.balances())
    found = await mine.transactions(accounts[0], date(2026, 10, 1), date(2026, 11, 1)) if accounts else ()
    assert all(isinstance(t, Transaction) and type(t.minor) is int and isinstance(t.description, str) for t in found)
    assert all(isinstance(p, Payee) and isinstance(p.name, str) and len(p.number) == 14 for p in await mine.payees())
    payment = await mine.find_payment("k-1", ORDER)
    assert payment is None or type(payment.minor) is int


async def test_unmutated_answers_are_accepted() -> None:
    scripted_bank = ScriptedBank()
    scripted_bank.answers = copy.deepcopy(ANSWERS)
    await ask_everything(scripted_bank)


@given(st.sampled_from(PLACES), anything)
def test_mutated_answer_is_rejected_or_read_into_valid_values(place: tuple[str, tuple[Any, ...]], by: Any) -> None:
    name, path = place
    scripted_bank = ScriptedBank()
    scripted_bank.answers = {**ANSWERS, name: with_replacement(ANSWERS[name], path, by)}

    async def ask() -> None:
        with suppress(CallFailed):
            await ask_everything(scripted_bank)

    asyncio.run(ask())
