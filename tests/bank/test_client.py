from __future__ import annotations

import asyncio
import base64
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from actions.bank import BankClient
from bot import CallFailed
from simulator.accounts import CUSTOMERS
from simulator.ledger import Ledger
from tests.bank.kit import (
    AMARA,
    CURRENT,
    JONAS,
    NOON,
    SAVINGS,
    ScriptedBank,
    account,
    balance,
    payee,
    refused,
    transaction,
)

TODAY = date(2026, 11, 3)
SINCE, UNTIL = date(2026, 10, 1), date(2026, 11, 1)
TRANSACTIONS = f"/accounts/{CURRENT}/transactions"


async def test_balances_match_the_ledger_of_the_bank(bank: BankClient) -> None:
    mine = bank.of(AMARA, correlation_id="c0ffee")
    accounts, balances = await mine.accounts(), await mine.balances()
    assert [account.kind for account in accounts] == ["current", "savings", "credit_card"]
    owned = CUSTOMERS[AMARA.bank_customer_id].accounts
    assert [balance.minor for balance in balances] == [Ledger(7).balance(account, TODAY) for account in owned]
    assert [balance.credit_line for balance in balances] == [account.limit for account in owned]
    assert (await mine.balance(accounts[1])) == balances[1]


async def test_transactions_of_all_pages_are_sorted_newest_first(bank: BankClient) -> None:
    mine = bank.of(AMARA)
    current = (await mine.accounts())[0]
    transactions = await mine.transactions(current, date(2026, 1, 1), date(2026, 11, 4))
    owned = CUSTOMERS[AMARA.bank_customer_id].current
    expected = [entry.minor for entry in Ledger(7).entries(owned, date(2026, 1, 1), TODAY)]
    assert len(transactions) > 100
    assert [transaction.minor for transaction in transactions] == expected[::-1]


async def test_transactions_with_equal_times_keep_the_order_of_the_bank(scripted_bank: ScriptedBank) -> None:
    items = [transaction("t-1"), transaction("t-9"), transaction("t-2")]
    scripted_bank.answers[TRANSACTIONS] = {"Data": {"Transaction": items}}
    mine = scripted_bank.client().of(AMARA)
    read = await mine.transactions((await mine.accounts())[0], SINCE, UNTIL)
    assert [t.id for t in read] == ["t-1", "t-9", "t-2"]


@pytest.mark.parametrize(
    ("lines", "limit"),
    [
        ([("Credit", "3000.00"), ("Available", "2784.62")], 300_000),
        ([("Available", "2784.62")], 0),
        ([("Pre-Agreed", "500.00"), ("Emergency", "100.00"), ("Temporary", "50.00")], 50_000),
        ([(None, "500.00")], 50_000),
    ],
)
async def test_credit_line_is_the_agreed_limit_only(
    scripted_bank: ScriptedBank, lines: list[tuple[str | None, str]], limit: int
) -> None:
    given = [
        {"Included": False, "Amount": {"Amount": amount, "Currency": "GBP"}, **({"Type": kind} if kind else {})}
        for kind, amount in lines
    ]
    scripted_bank.answers["/balances"] = {"Data": {"Balance": [balance(CURRENT, CreditLine=given), balance(SAVINGS)]}}
    assert [b.credit_line for b in await scripted_bank.client().of(AMARA).balances()] == [limit, 0]


async def test_settlement_account_is_of_kind_other(scripted_bank: ScriptedBank) -> None:
    scripted_bank.answers["/accounts"] = {"Data": {"Account": [account(CURRENT, AccountTypeCode="SACC")]}}
    assert [a.kind for a in await scripted_bank.client().of(AMARA).accounts()] == ["other"]


async def test_concurrent_customers_see_only_their_own_balances(bank: BankClient) -> None:
    views = [bank.of(customer) for customer in (AMARA, JONAS) * 10]
    seen = await asyncio.gather(*(view.balances() for view in views))
    assert seen[::2] == [seen[0]] * 10
    assert seen[1::2] == [seen[1]] * 10
    assert {b.account_id for b in seen[0]}.isdisjoint(b.account_id for b in seen[1])


async def test_secret_is_exchanged_for_a_token_and_calls_carry_the_correlation_id(scripted_bank: ScriptedBank) -> None:
    await scripted_bank.client().of(AMARA, correlation_id="c" * 32).balances()
    token, accounts, _ = scripted_bank.asked
    assert base64.b64decode(token.headers["Authorization"].removeprefix("Basic ")) == b"teller:secret"
    assert token.content == b"grant_type=client_credentials&customer=cust-3f8a41"
    assert accounts.headers["Authorization"] == "Bearer " + "t" * 32
    assert {request.headers["x-correlation-id"] for request in scripted_bank.asked} == {
        "cccccccc-cccc-cccc-cccc-cccccccccccc"
    }


async def test_second_question_reuses_the_token_and_the_accounts(scripted_bank: ScriptedBank) -> None:
    mine = scripted_bank.client().of(AMARA)
    await mine.balances()
    scripted_bank.asked.clear()
    await mine.balances()
    assert scripted_bank.paths() == ["balances"]


async def test_token_is_renewed_shortly_before_it_expires(scripted_bank: ScriptedBank) -> None:
    mine = scripted_bank.client().of(AMARA)
    await mine.accounts()
    scripted_bank.seconds, scripted_bank.now = 284.9, NOON + timedelta(minutes=5)
    await mine.accounts()
    assert scripted_bank.paths().count("token") == 1
    scripted_bank.seconds, scripted_bank.now = 285.0, NOON + timedelta(minutes=10)
    await mine.accounts()
    assert scripted_bank.paths().count("token") == 2


async def test_rejected_token_is_renewed_only_once(scripted_bank: ScriptedBank) -> None:
    mine = scripted_bank.client().of(AMARA)
    await mine.accounts()
    good = scripted_bank.answers["/balances"]
    answers: list[Any] = [httpx.Response(401), good, httpx.Response(401), httpx.Response(401)]
    scripted_bank.answers["/balances"] = lambda request: answers.pop(0)
    scripted_bank.asked.clear()
    await mine.balances()
    assert scripted_bank.paths() == ["balances", "token", "balances"]
    with refused("401", "rejected"):
        await mine.balances()


async def test_last_balances_are_kept_with_their_time_per_customer(scripted_bank: ScriptedBank) -> None:
    client = scripted_bank.client()
    mine = client.of(AMARA)
    assert (mine.last_balances(), mine.last_accounts()) == (None, None)
    balances = await mine.balances()
    scripted_bank.now = NOON + timedelta(hours=1)
    scripted_bank.answers["/balances"] = httpx.Response(503)
    with pytest.raises(CallFailed):
        await mine.balances()
    known = client.of(AMARA).last_balances()
    assert known is not None
    assert (known.value, known.at) == (balances, NOON)
    assert client.of(JONAS).last_balances() is None


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ([balance(CURRENT)], "missing"),
        ([balance(CURRENT), balance(SAVINGS), balance("ac-9")], "not the customer's"),
        ([balance(CURRENT), balance(SAVINGS), balance(CURRENT)], "twice"),
        ([balance(CURRENT), balance(SAVINGS, Type="INFO")], "missing"),
        ([balance(CURRENT), balance(SAVINGS, Amount={"Amount": "1.005", "Currency": "GBP"})], "whole minor units"),
        ([balance(CURRENT), balance(SAVINGS, Amount={"Amount": "-1.00", "Currency": "GBP"})], "not an amount"),
        ([balance(CURRENT), balance(SAVINGS, Amount={"Amount": "1e3", "Currency": "GBP"})], "not an amount"),
        ([balance(CURRENT), balance(SAVINGS, Amount={"Amount": "١.٠٠", "Currency": "GBP"})], "not an amount"),
        ([balance(CURRENT), balance(SAVINGS, Amount={"Amount": "1.00", "Currency": "EUR"})], "another currency"),
        ([balance(CURRENT), balance(SAVINGS, Amount={"Amount": 1.0, "Currency": "GBP"})], "Amount/strings"),
        ([balance(CURRENT), balance(SAVINGS, CreditDebitIndicator="credit")], "neither credit nor debit"),
        ([balance(CURRENT), balance(SAVINGS, CreditDebitIndicator="Debit\n")], "neither credit nor debit"),
        ([balance(CURRENT), balance(SAVINGS, DateTime="2026-11-03T13:00:00+00:00")], "future"),
        ([balance(CURRENT), balance(SAVINGS, DateTime="0001-01-01T00:00:00+14:00")], "before any account"),
        ([balance(CURRENT), balance(SAVINGS, DateTime="2026-11-03T12:00:00")], "no time zone"),
        ([balance(CURRENT), balance(SAVINGS, DateTime="yesterday")], "no date"),
        ("many", "type"),
    ],
)
async def test_invalid_balances_are_rejected(scripted_bank: ScriptedBank, items: Any, why: str) -> None:
    scripted_bank.answers["/balances"] = {"Data": {"Balance": items}}
    mine = scripted_bank.client().of(AMARA)
    with refused(why):
        await mine.balances()
    assert mine.last_balances() is None


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ([payee("pe-1"), payee("pe-1")], "twice"),
        ([payee("pe-1", account="ac-9")], "not the customer's"),
        ([payee("pe-1", Identification="1234")], "no sort code"),
        ([payee("pe-1", Identification="2045735577331\n")], "no sort code"),
        ([payee("pe-1", Name="")], "minLength"),
    ],
)
async def test_invalid_payees_are_rejected(scripted_bank: ScriptedBank, items: Any, why: str) -> None:
    scripted_bank.answers["/beneficiaries"] = {"Data": {"Beneficiary": items}}
    with refused(why):
        await scripted_bank.client().of(AMARA).payees()


async def test_payees_without_a_sort_code_and_number_are_left_out(scripted_bank: ScriptedBank) -> None:
    elsewhere = payee("pe-2", SchemeName="UK.OBIE.IBAN", Identification="DE00")
    scripted_bank.answers["/beneficiaries"] = {"Data": {"Beneficiary": [payee("pe-1"), elsewhere]}}
    [anna] = await scripted_bank.client().of(AMARA).payees()
    assert (anna.id, anna.name, anna.masked) == ("pe-1", "Anna", "3312")
    assert anna.number not in repr(anna)


async def test_payees_are_cached_for_a_few_seconds(scripted_bank: ScriptedBank) -> None:
    client = scripted_bank.client()
    for _ in range(2):  # each action binds the bank to the customer again
        await client.of(AMARA).payees()
    assert scripted_bank.paths().count("beneficiaries") == 1
    scripted_bank.now += timedelta(seconds=6)
    await client.of(AMARA).payees()
    assert scripted_bank.paths().count("beneficiaries") == 2


async def test_summer_day_begins_at_midnight_in_london(scripted_bank: ScriptedBank) -> None:
    booked = [
        transaction("first", BookingDateTime="2026-06-30T23:00:00+00:00"),
        transaction("last", BookingDateTime="2026-07-01T22:59:59+00:00"),
    ]
    scripted_bank.answers[TRANSACTIONS] = {"Data": {"Transaction": booked}}
    mine = scripted_bank.client().of(AMARA)
    found = await mine.transactions((await mine.accounts())[0], date(2026, 7, 1), date(2026, 7, 2))
    assert [t.day for t in found] == [date(2026, 7, 1)] * 2
    asked = scripted_bank.asked[-1].url.params
    assert asked["fromBookingDateTime"] == "2026-07-01T00:00:00+01:00"
    assert asked["toBookingDateTime"] == "2026-07-01T23:59:59+01:00"


async def test_dates_before_1900_are_sent_without_seconds_in_the_offset(scripted_bank: ScriptedBank) -> None:
    scripted_bank.answers[TRANSACTIONS] = {"Data": {"Transaction": []}}
    mine = scripted_bank.client().of(AMARA)
    await mine.transactions((await mine.accounts())[0], date(1066, 10, 14), date(2026, 7, 2))
    assert scripted_bank.asked[-1].url.params["fromBookingDateTime"] == "1066-10-14T00:00:00+00:00"


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ([account(CURRENT), account(CURRENT)], "twice"),
        ([account(CURRENT, Account=[{"SchemeName": "x", "Identification": "1"}])], "another customer"),
        (
            [
                account(
                    CURRENT,
                    Account=[
                        {"SchemeName": "x", "Identification": "1", "SecondaryIdentification": JONAS.bank_customer_id}
                    ],
                )
            ],
            "another customer",
        ),
        ([account(CURRENT, Account=[])], "minItems"),
        ([account(CURRENT, Currency="pounds")], "pattern"),
        ([account(CURRENT, Currency="GBP\n")], "maxLength"),
        ([account(CURRENT, OpeningDate="2031-01-01T00:00:00Z")], "future"),
        ([account(CURRENT, AccountId=7)], "items/strings"),
    ],
)
async def test_invalid_accounts_are_rejected(scripted_bank: ScriptedBank, items: Any, why: str) -> None:
    scripted_bank.answers["/accounts"] = {"Data": {"Account": items}}
    with refused(why):
        await scripted_bank.client().of(AMARA).accounts()


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ([transaction("t-1"), transaction("t-1")], "twice"),
        ([transaction("t-1", AccountId=SAVINGS)], "another account"),
        ([transaction("t-1", BookingDateTime="2026-09-30T22:59:59+00:00")], "outside the dates"),
        ([transaction("t-1", BookingDateTime="2026-11-01T00:00:00+00:00")], "outside the dates"),
        ([transaction("t-1", BookingDateTime="2026-11-05T00:00:00+00:00")], "future"),
        ([transaction("t-1", Amount={"Amount": "0.00001", "Currency": "GBP"})], "whole minor units"),
        ([transaction("t-1", Amount={"Amount": "1.00", "Currency": "USD"})], "another currency"),
        ([transaction("t-1", Status="DONE")], "unknown status"),
        ([transaction("t-1", MerchantDetails="Tesco")], "MerchantDetails/type"),
    ],
)
async def test_invalid_transactions_are_rejected(scripted_bank: ScriptedBank, items: Any, why: str) -> None:
    scripted_bank.answers[TRANSACTIONS] = {"Data": {"Transaction": items}}
    mine = scripted_bank.client().of(AMARA)
    current = (await mine.accounts())[0]
    with refused(why):
        await mine.transactions(current, SINCE, UNTIL)


async def test_trailing_zeros_of_an_amount_are_accepted(scripted_bank: ScriptedBank) -> None:
    scripted_bank.answers[TRANSACTIONS] = {
        "Data": {"Transaction": [transaction("t-1", Amount={"Amount": "4.50000", "Currency": "GBP"})]}
    }
    mine = scripted_bank.client().of(AMARA)
    (read,) = await mine.transactions((await mine.accounts())[0], SINCE, UNTIL)
    assert read.minor == -450


async def test_long_texts_are_shortened_and_empty_texts_are_left_out(scripted_bank: ScriptedBank) -> None:
    items = [
        transaction("t-1", TransactionInformation="x" * 500, MerchantDetails={"MerchantName": "y" * 350}),
        transaction("t-2", TransactionInformation="", MerchantDetails={"MerchantName": ""}),
    ]
    scripted_bank.answers[TRANSACTIONS] = {"Data": {"Transaction": items}}
    mine = scripted_bank.client().of(AMARA)
    long, empty = await mine.transactions((await mine.accounts())[0], SINCE, UNTIL)
    assert (long.description, long.merchant) == ("x" * 140, "y" * 140)
    assert (empty.description, empty.merchant, empty.category) == ("Transaction", None, None)


async def test_rejected_and_planned_transactions_are_left_out(scripted_bank: ScriptedBank) -> None:
    items = [transaction("t-1", Status="RJCT"), transaction("t-2", Status="FUTR"), transaction("t-3", Status="PDNG")]
    scripted_bank.answers[TRANSACTIONS] = {"Data": {"Transaction": items}}
    mine = scripted_bank.client().of(AMARA)
    (read,) = await mine.transactions((await mine.accounts())[0], SINCE, UNTIL)
    assert (read.id, read.pending) == ("t-3", True)


@pytest.mark.parametrize(
    "link",
    ["http://evil.test/steal?page=2", "http://bank.test/open-banking/v4.0/aisp/accounts/ac-2/transactions?page=2"],
)
async def test_next_page_link_to_another_path_is_rejected(scripted_bank: ScriptedBank, link: str) -> None:
    scripted_bank.answers[TRANSACTIONS] = {"Data": {"Transaction": []}, "Links": {"Self": "x", "Next": link}}
    mine = scripted_bank.client().of(AMARA)
    with refused("elsewhere"):
        await mine.transactions((await mine.accounts())[0], SINCE, UNTIL)


async def test_endless_pages_are_rejected(scripted_bank: ScriptedBank) -> None:
    link = f"http://bank.test/open-banking/v4.0/aisp{TRANSACTIONS}?page=2"
    scripted_bank.answers[TRANSACTIONS] = {"Data": {"Transaction": []}, "Links": {"Self": "x", "Next": link}}
    mine = scripted_bank.client().of(AMARA)
    with refused("more pages"):
        await mine.transactions((await mine.accounts())[0], SINCE, UNTIL)


async def test_question_without_an_answer_times_out_at_its_deadline(scripted_bank: ScriptedBank) -> None:
    client = scripted_bank.client()
    client.seconds = 0.02
    scripted_bank.answers["/balances"] = asyncio.Event()
    with refused("deadline", "timeout"):
        await client.of(AMARA).balances()


async def test_failures_and_reprs_contain_no_customer_data(scripted_bank: ScriptedBank) -> None:
    scripted_bank.answers["/balances"] = {"Data": {"Balance": [balance("ac-secret")]}}
    mine = scripted_bank.client().of(AMARA)
    with pytest.raises(CallFailed) as failed:
        await mine.balances()
    told = f"{failed.value!r} {vars(failed.value)} {mine!r} {(await mine.accounts())[0]!r}"
    assert not any(secret in told for secret in ("ac-secret", "cust-3f8a41", "60161331926819", "t" * 32, "teller:"))
