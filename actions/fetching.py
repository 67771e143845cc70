"""Asking the bank for transactions: all of a period, those that are asked for, or the latest few."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from .bank import Account, CustomerBank, Transaction
from .questions.question import Filters, Period
from .questions.selection import LOOK_BACK, USUAL_ROWS, bounds, select, windows, without_own_moves


class Found(Struct, frozen=True):
    """What the filters `asked` find in `accounts`, among the transactions `looked_at`.

    `filters` are those asked, with the period that was really looked at. `leaves_out` tells whether moves between own
    accounts would be among them, if "payments" meant those too.
    """

    asked: Filters
    accounts: Sequence[Account]
    filters: Filters
    transactions: Sequence[Transaction]
    looked_at: Sequence[Transaction]
    leaves_out: bool


async def fetch(bank: CustomerBank, accounts: Sequence[Account], since: date, until: date) -> list[Transaction]:
    """The transactions of these accounts on the days from `since` to just before `until`; CallFailed as the bank's."""
    if since >= until:
        return []
    try:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(bank.transactions(account, since, until)) for account in accounts]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [transaction for task in asked for transaction in task.result()]


async def find_all(bank: CustomerBank, accounts: Sequence[Account], asked: Filters, today: date) -> Found:
    """All that the filters let through in their period."""
    period = asked.period or Period()
    since, _ = bounds(period, today)
    filters = replace(asked, count=None, period=period if period.start else replace(period, start=since))
    return await _find(bank, accounts, asked, filters, today)


async def find_few(bank: CustomerBank, accounts: Sequence[Account], asked: Filters, today: date) -> Found:
    """The transactions to list.

    All of a period that has a beginning, and the first of all there is where the largest or smallest are wanted; else
    the latest few, looking further back until there are enough.
    """
    count, period = asked.count or USUAL_ROWS, asked.period or Period()
    since, until = bounds(period, today)
    if asked.order:
        filters = replace(asked, count=count, period=replace(period, start=period.start or since))
        return await _find(bank, accounts, asked, filters, today)
    if period.start:
        return await _find(bank, accounts, asked, asked, today)
    for since in windows(until):
        filters = replace(asked, count=count, period=replace(period, start=since))
        found = await _find(bank, accounts, asked, filters, today)
        if len(found.transactions) == count:
            return replace(found, filters=replace(asked, count=count))
    return replace(found, filters=replace(found.filters, count=None))


async def _find(
    bank: CustomerBank, accounts: Sequence[Account], asked: Filters, filters: Filters, today: date
) -> Found:
    """What these filters let through in their period."""
    booked = await fetch(bank, accounts, *bounds(filters.period or Period(), today))
    passed = select(booked, filters)
    counted = without_own_moves(passed, asked)
    few = slice(filters.count)
    return Found(asked, accounts, filters, counted[few], booked, leaves_out=passed[few] != counted[few])


async def all_booked(bank: CustomerBank, today: date) -> Sequence[Transaction]:
    """The transactions of all accounts as far back as is looked without a period; CallFailed as the bank's."""
    return await fetch(bank, await bank.accounts(), today - LOOK_BACK, today + timedelta(days=1))
