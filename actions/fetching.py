"""Fetching transactions from the bank: all of a period, those that are asked for, or the latest few."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from .bank import Account, CustomerBank, Transaction
from .questions.periods import Period
from .questions.question import Filters
from .questions.selection import LOOK_BACK, USUAL_ROWS, bounds, select, windows, without_own_moves


class Found(Struct, frozen=True):
    """The transactions in `accounts` that the filters `asked` select from those `looked_at`.

    `filters` are those asked, with the period that was actually searched. `leaves_out` says whether moves between own
    accounts would be among them if "payments" included those.
    """

    asked: Filters
    accounts: Sequence[Account]
    filters: Filters
    transactions: Sequence[Transaction]
    looked_at: Sequence[Transaction]
    leaves_out: bool


async def fetch(bank: CustomerBank, accounts: Sequence[Account], since: date, until: date) -> list[Transaction]:
    """The transactions of these accounts on the days from `since` up to, not including, `until`; raises CallFailed."""
    if since >= until:
        return []
    try:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(bank.transactions(account, since, until)) for account in accounts]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [transaction for task in asked for transaction in task.result()]


async def find_all(bank: CustomerBank, accounts: Sequence[Account], asked: Filters, today: date) -> Found:
    """All transactions that pass the filters in their period."""
    period = asked.period or Period()
    since, _ = bounds(period, today)
    filters = replace(asked, count=None, period=period if period.start else replace(period, start=since))
    return await _find(bank, accounts, asked, filters, today)


async def find_few(bank: CustomerBank, accounts: Sequence[Account], asked: Filters, today: date) -> Found:
    """The transactions to list.

    These are all of a period that has a beginning; the first of all, in the order asked for, if the largest or smallest
    are wanted; otherwise the latest few, looking further back until there are enough.
    """
    count, period = asked.count or USUAL_ROWS, asked.period or Period()
    since, until = bounds(period, today)
    if asked.order:
        filters = replace(asked, count=count, period=replace(period, start=period.start or since))
        return await _find(bank, accounts, asked, filters, today)
    if period.start:
        return await _find(bank, accounts, asked, asked, today)
    for start in windows(until):
        filters = replace(asked, count=count, period=replace(period, start=start))
        found = await _find(bank, accounts, asked, filters, today)
        if len(found.transactions) == count:
            return replace(found, filters=replace(asked, count=count))
    return replace(found, filters=replace(found.filters, count=None))


async def _find(
    bank: CustomerBank, accounts: Sequence[Account], asked: Filters, filters: Filters, today: date
) -> Found:
    """The transactions that pass these filters in their period."""
    booked = await fetch(bank, accounts, *bounds(filters.period or Period(), today))
    passed = select(booked, filters)
    counted = without_own_moves(passed, asked)
    few = slice(filters.count)
    return Found(asked, accounts, filters, counted[few], booked, leaves_out=passed[few] != counted[few])


async def all_booked(bank: CustomerBank, today: date) -> Sequence[Transaction]:
    """The transactions of all accounts as far back as is looked without a period; CallFailed as the bank's."""
    return await fetch(bank, await bank.accounts(), today - LOOK_BACK, today + timedelta(days=1))
