from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulator.accounts import CUSTOMERS
from simulator.embedded import embedded
from tests.simulator.kit import NOON, PAYMENTS, Bank

AMARA, JONAS = CUSTOMERS["cust-3f8a41"], CUSTOMERS["cust-b20c97"]
SCHEME = "UK.OBIE.SortCodeAccountNumber"


def order(
    amount: str = "50.00",
    key: str = "k-1",
    debtor: str | None = None,
    creditor: str | None = None,
    currency: str = "GBP",
    **data: Any,
) -> dict[str, Any]:
    initiation = {
        "InstructionIdentification": key,
        "EndToEndIdentification": key,
        "InstructedAmount": {"Amount": amount, "Currency": currency},
        "DebtorAccount": {"SchemeName": SCHEME, "Identification": debtor or AMARA.current.sort_code_and_number},
        "CreditorAccount": {
            "SchemeName": SCHEME,
            "Identification": creditor or AMARA.savings.sort_code_and_number,
            "Name": "Rainy day",
        },
    }
    return {"Data": {"Initiation": initiation, **data}, "Risk": {}}


async def pay(bank: Bank, body: Any, key: str = "k-1") -> tuple[int, Any]:
    path = f"{PAYMENTS}/domestic-payments"
    status, answer, _ = await bank.call("POST", path, json=body, headers={"x-idempotency-key": key})
    return status, answer


async def books(bank: Bank) -> Any:
    headers = {"Authorization": f"Bearer {bank.endpoint.admin_key}"}
    async with bank.http.get("/admin/books", headers=headers) as response:
        return await response.json()


async def test_payment_moves_money_and_shows_in_both_accounts(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    before = (await books(bank))["balances"]
    status, answer = await pay(bank, order())
    assert (status, answer["Data"]["Status"]) == (201, "ACSC")
    after = await books(bank)
    assert after["balances"][AMARA.current.id] == before[AMARA.current.id] - 5_000
    assert after["balances"][AMARA.savings.id] == before[AMARA.savings.id] + 5_000
    assert sum(after["balances"].values()) == sum(before.values())
    for account, indicator in ((AMARA.current, "Debit"), (AMARA.savings, "Credit")):
        listed = (await bank.get(f"/accounts/{account.id}/transactions"))["Data"]["Transaction"][0]
        assert (listed["CreditDebitIndicator"], listed["Amount"]["Amount"]) == (indicator, "50.00")
        assert listed["ProprietaryBankTransactionCode"]["Code"] == "transfers"


async def test_repeated_key_makes_one_payment(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    answers = await asyncio.gather(*(pay(bank, order()) for _ in range(10)))
    assert all(answer == answers[0] for answer in answers)
    assert len((await books(bank))["payments"]) == 1


async def test_key_reused_for_another_payment_is_rejected(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    await pay(bank, order())
    status, answer = await pay(bank, order("60.00"))
    assert status == 400
    assert answer["Errors"]
    assert len((await books(bank))["payments"]) == 1


async def test_two_customers_can_use_the_same_key(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    await pay(bank, order())
    await bank.log_in(JONAS.id)
    numbers = {"debtor": JONAS.savings.sort_code_and_number, "creditor": AMARA.savings.sort_code_and_number}
    status, _ = await pay(bank, order("1.00", **numbers))
    assert status == 201
    assert len((await books(bank))["payments"]) == 2


async def test_payment_beyond_the_balance_stays_refused(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    before = (await books(bank))["balances"]
    body = order("999999.00")
    status, answer = await pay(bank, body)
    assert (status, answer["Data"]["Status"]) == (201, "RJCT")
    assert answer["Data"]["StatusReason"] == [{"StatusReasonCode": "AM04"}]
    assert await pay(bank, body) == (status, answer)
    assert (await books(bank))["balances"] == before


async def test_available_balance_can_be_paid_to_the_last_penny(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    everything = (await books(bank))["balances"][AMARA.savings.id]
    numbers = {
        "debtor": AMARA.savings.sort_code_and_number,
        "creditor": AMARA.current.sort_code_and_number,
    }
    amount = f"{everything // 100}.{everything % 100:02}"
    assert (await pay(bank, order(amount, "k-1", **numbers)))[1]["Data"]["Status"] == "ACSC"
    assert (await pay(bank, order("0.01", "k-2", **numbers), "k-2"))[1]["Data"]["Status"] == "RJCT"


async def test_payment_to_another_bank_keeps_the_books_balanced(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    status, _ = await pay(bank, order(creditor="10203012345678"))
    assert status == 201
    assert (await books(bank))["sum"] == 0


async def test_payment_is_found_by_id_and_by_end_to_end_identification(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    _, made = await pay(bank, order())
    identity = made["Data"]["DomesticPaymentId"]
    status, one, _ = await bank.call("GET", f"{PAYMENTS}/domestic-payments/{identity}")
    assert (status, one["Data"]) == (200, made["Data"])
    path = f"{PAYMENTS}/domestic-payments?EndToEndIdentification="
    assert (await bank.call("GET", path + "k-1"))[1]["Data"]["DomesticPayment"] == [made["Data"]]
    assert (await bank.call("GET", path + "k-2"))[1]["Data"]["DomesticPayment"] == []
    await bank.log_in(JONAS.id)
    assert (await bank.call("GET", f"{PAYMENTS}/domestic-payments/{identity}"))[0] == 400
    assert (await bank.call("GET", path + "k-1"))[1]["Data"]["DomesticPayment"] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"debtor": JONAS.current.sort_code_and_number}, 403),
        ({"debtor": AMARA.card.sort_code_and_number}, 403),
        ({"creditor": AMARA.current.sort_code_and_number}, 400),
        ({"creditor": "1"}, 400),
        ({"amount": "0.00"}, 400),
        ({"amount": "1.234"}, 400),
        ({"amount": "-1.00"}, 400),
        ({"amount": "1e3"}, 400),
        ({"currency": "EUR"}, 400),
        ({"key": "k" * 36}, 400),
        ({"Authorisation": {"CompletionDateTime": "soon"}}, 400),
        ({"Authorisation": 3}, 400),
    ],
)
async def test_invalid_order_is_rejected(bank: Bank, change: dict[str, Any], status: int) -> None:
    await bank.log_in(AMARA.id)
    assert (await pay(bank, order(**change)))[0] == status
    assert (await books(bank))["payments"] == []


@pytest.mark.parametrize("body", [None, [], {}, {"Data": {"Initiation": {"DebtorAccount": 1}}}])
async def test_body_without_an_order_is_rejected(bank: Bank, body: Any) -> None:
    await bank.log_in(AMARA.id)
    assert (await pay(bank, body))[0] == 400


@pytest.mark.parametrize("key", ["", "k" * 41])
async def test_payment_without_a_valid_key_is_rejected(bank: Bank, key: str) -> None:
    await bank.log_in(AMARA.id)
    assert (await pay(bank, order(), key))[0] == 400


async def test_payment_after_its_cut_off_is_refused(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    late = (NOON - timedelta(seconds=1)).isoformat()
    _, answer = await pay(bank, order(Authorisation={"AuthorisationType": "Any", "CompletionDateTime": late}))
    assert answer["Data"]["StatusReason"] == [{"StatusReasonCode": "TM01"}]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["500", "503", "reset"])
async def test_fault_strikes_before_or_after_the_commit(bank: Bank, kind: str, when: str) -> None:
    await bank.log_in(AMARA.id)
    await bank.break_it(kind=kind, when=when, path="*/domestic-payments", method="POST", count=1)
    try:
        assert (await pay(bank, order()))[0] == int(kind)
    except aiohttp.ClientConnectionError:
        assert kind == "reset"
    made = (await books(bank))["payments"]
    assert len(made) == (1 if when == "after" else 0)
    _, answer = await pay(bank, order())
    assert answer["Data"]["Status"] == "ACSC"
    assert len((await books(bank))["payments"]) == 1


async def serve(folder: Path, now: Callable[[], datetime], use: Any) -> Any:
    async with embedded(folder, now=now) as endpoint, aiohttp.ClientSession(endpoint.url) as http:
        bank = Bank(endpoint, http)
        await bank.log_in(AMARA.id)
        return await use(bank)


async def test_payments_survive_a_restart(tmp_path: Path) -> None:
    async def first(bank: Bank) -> Any:
        return (await pay(bank, order()))[1]["Data"], await books(bank)

    kept = await serve(tmp_path, lambda: NOON, first)
    assert await serve(tmp_path, lambda: NOON, first) == kept
    assert {file.stat().st_mode & 0o077 for file in tmp_path.glob("bank.db*")} == {0}


async def test_key_expires_after_a_day(tmp_path: Path) -> None:
    now = NOON

    async def use(bank: Bank) -> None:
        nonlocal now
        await pay(bank, order())
        now = NOON + timedelta(hours=24, seconds=-1)
        await bank.log_in(AMARA.id)
        await pay(bank, order())
        assert len((await books(bank))["payments"]) == 1
        now = NOON + timedelta(hours=24, seconds=1)
        await bank.log_in(AMARA.id)
        await pay(bank, order())
        assert len((await books(bank))["payments"]) == 2

    await serve(tmp_path, lambda: now, use)


async def test_payment_after_midnight_in_london_is_booked_on_the_new_day(tmp_path: Path) -> None:
    async def use(bank: Bank) -> Any:
        await pay(bank, order())
        return (await bank.get(f"/accounts/{AMARA.current.id}/transactions"))["Data"]["Transaction"][0]

    booked = await serve(tmp_path, lambda: datetime(2026, 7, 1, 23, 30, tzinfo=UTC), use)
    assert (booked["Amount"]["Amount"], booked["BookingDateTime"]) == ("50.00", "2026-07-02T00:30:00+01:00")


async def test_payment_is_booked_at_its_time_and_found_by_it(tmp_path: Path) -> None:
    times = iter([NOON, NOON + timedelta(minutes=1)])
    now = NOON

    async def use(bank: Bank) -> Any:
        nonlocal now
        for minor in ("1.00", "2.00"):
            now = next(times)
            await pay(bank, order(minor, minor), minor)
        path = f"/accounts/{AMARA.current.id}/transactions"
        since = {"fromBookingDateTime": "2026-11-03T12:00:01"}
        return [(await bank.get(path, params=query))["Data"]["Transaction"] for query in ({}, since)]

    all_of_them, later = await serve(tmp_path, lambda: now, use)
    assert [t["BookingDateTime"][:16] for t in all_of_them[:2]] == ["2026-11-03T12:01", "2026-11-03T12:00"]
    assert [t["Amount"]["Amount"] for t in later] == ["2.00"]


async def test_sent_and_received_payments_have_different_codes(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    await pay(bank, order())
    for account, code in ((AMARA.current, "IssuedCreditTransfers"), (AMARA.savings, "ReceivedCreditTransfers")):
        listed = (await bank.get(f"/accounts/{account.id}/transactions"))["Data"]["Transaction"][0]
        assert listed["BankTransactionCode"]["Code"] == code


async def test_payment_shows_each_side_the_name_of_the_other(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    await pay(bank, order(creditor=JONAS.current.sort_code_and_number))
    paid = (await bank.get(f"/accounts/{AMARA.current.id}/transactions"))["Data"]["Transaction"][0]
    assert paid["CreditorAccount"] == {"Name": "Rainy day"}, "as the payer calls the account"
    await bank.log_in(JONAS.id)
    got = await bank.get(f"/accounts/{JONAS.current.id}/transactions")
    assert got["Data"]["Transaction"][0]["DebtorAccount"] == {"Name": AMARA.name}
    assert AMARA.current.nickname not in str(got)


SURROGATE = json.dumps(order()).replace("Rainy day", "\\ud800").encode()


@pytest.mark.parametrize(
    ("key", "body"),
    [
        (b"k-1", b"{"),
        (b"k-1", b"[" * 15_000),
        (b"k-1", SURROGATE),
        (b"k-1", b"\xff"),
        (b"\xff", json.dumps(order()).encode()),
    ],
    ids=["half", "deep", "half a character", "no text", "a key that is no text"],
)
async def test_unreadable_order_gets_an_error_body(bank: Bank, key: bytes, body: bytes) -> None:
    await bank.log_in(AMARA.id)
    headers = (b"x-idempotency-key: " + key, b"Authorization: Bearer " + bank.token.encode())
    answer = await bank.say("POST", f"{PAYMENTS}/domestic-payments", *headers, body=body)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"Errors":' in answer
    assert (await books(bank))["payments"] == []


async def test_search_with_invalid_utf8_is_answered(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    headers = (b"x-fapi-interaction-id: \xff", b"Authorization: Bearer " + bank.token.encode())
    answer = await bank.say("GET", f"{PAYMENTS}/domestic-payments?EndToEndIdentification=%ff", *headers)
    assert answer.startswith(b"HTTP/1.1 200 ")
