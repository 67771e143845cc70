from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.accounts import ACCOUNTS, CUSTOMERS, OPENED, Account
from simulator.ledger import Entry, Ledger, numbered

days = st.dates(date(2023, 1, 1), date(2029, 12, 31))
accounts = st.sampled_from(sorted(ACCOUNTS.values(), key=lambda account: account.id))
LEDGER = Ledger(7)


@given(accounts, days)
def test_entries_of_a_day_depend_only_on_seed_account_and_date(account: Account, day: date) -> None:
    whole_month = [e for e in LEDGER.entries(account, day.replace(day=1), day) if e.day == day]
    assert list(Ledger(7).entries(account, day, day)) == whole_month


@given(accounts, days, st.integers(0, 400))
def test_balance_changes_by_the_booked_entries(account: Account, day: date, later: int) -> None:
    end = day + timedelta(days=later)
    booked = sum(entry.minor for entry in LEDGER.entries(account, day + timedelta(days=1), end))
    assert LEDGER.balance(account, end) == LEDGER.balance(account, day) + booked


@given(accounts, days)
def test_balance_is_the_opening_balance_plus_all_entries(account: Account, day: date) -> None:
    assert LEDGER.balance(account, day) == account.opening + sum(e.minor for e in LEDGER.entries(account, OPENED, day))


@given(days)
def test_only_one_account_is_overdrawn_and_none_exceeds_its_limit(day: date) -> None:
    balances = {
        account.id: LEDGER.balance(account, day) for account in ACCOUNTS.values() if account.kind != "credit_card"
    }
    assert [identity for identity, minor in balances.items() if minor < 0] == ["ac-70be16"]
    assert all(LEDGER.balance(account, day) >= -account.limit for account in ACCOUNTS.values())


@given(days)
def test_transfers_between_own_accounts_have_two_legs(day: date) -> None:
    for customer in CUSTOMERS.values():
        legs = [e for account in customer.accounts for e in LEDGER.entries(account, day, day) if e.other_account]
        assert sum(entry.minor for entry in legs) == 0
        assert {entry.account for entry in legs} == {entry.other_account for entry in legs}


def test_entry_ids_are_unique_and_entries_are_in_order() -> None:
    for account in ACCOUNTS.values():
        entries = list(LEDGER.entries(account, OPENED, date(2026, 11, 3)))
        assert len({entry.id for entry in entries}) == len(entries)
        assert [entry.day for entry in entries] == sorted(entry.day for entry in entries)


def test_numbering_entries_keeps_all_other_fields() -> None:
    account = CUSTOMERS["cust-3f8a41"].current
    drafts = [Entry("", account.id, OPENED, -minor, "x", "payments", "m", "1", "o", "Anna") for minor in (1, 2)]
    assert [replace(entry, id="") for entry in numbered(account, drafts)] == drafts


def test_another_seed_creates_other_entries() -> None:
    account = CUSTOMERS["cust-3f8a41"].current
    october = date(2026, 10, 1), date(2026, 10, 31)
    assert list(Ledger(8).entries(account, *october)) != list(LEDGER.entries(account, *october))


@pytest.mark.parametrize("category", ["groceries", "transport", "eating out", "bills", "income"])
def test_every_month_has_entries_of_each_common_category(category: str) -> None:
    account = CUSTOMERS["cust-3f8a41"].current
    first = date(2024, 11, 1)
    while first < date(2026, 11, 1):
        following = (first + timedelta(days=32)).replace(day=1)
        month = LEDGER.entries(account, first, following - timedelta(days=1))
        assert any(entry.category == category for entry in month), first
        first = following
