from __future__ import annotations

from datetime import date

from actions.bank import BankClient
from bot import Customer
from simulator.accounts import CUSTOMERS
from simulator.ledger import Ledger

NOVEMBER_3 = date(2026, 11, 3)
AMARA = Customer("c-1", "cust-3f8a41")


async def test_each_account_has_the_balance_of_the_ledger(bank: BankClient) -> None:
    mine = bank.of(AMARA, correlation_id="c0ffee")
    accounts, balances = await mine.accounts(), await mine.balances()
    assert [account.kind for account in accounts] == ["current", "savings", "credit_card"]
    ledger = Ledger(7)
    owned = CUSTOMERS["cust-3f8a41"].accounts
    assert [balance.minor for balance in balances] == [ledger.balance(account, NOVEMBER_3) for account in owned]
    assert (await mine.balance(accounts[1])) == balances[1]


async def test_transactions_come_from_all_pages_newest_first(bank: BankClient) -> None:
    mine = bank.of(AMARA)
    current = (await mine.accounts())[0]
    transactions = await mine.transactions(current, date(2026, 1, 1), date(2026, 11, 4))
    owned = CUSTOMERS["cust-3f8a41"].current
    expected = [entry.minor for entry in Ledger(7).entries(owned, date(2026, 1, 1), NOVEMBER_3)]
    assert len(transactions) > 100
    assert [transaction.minor for transaction in transactions] == expected[::-1]
