"""Asking the bank for transactions: those of a period, or the latest few."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from .bank import Account, CustomerBank, Transaction
from .question import Filters, Period
from .selection import USUAL_ROWS, bounds, counts_own_transfers, select, windows


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


async def find(
    bank: CustomerBank, accounts: Sequence[Account], filters: Filters, today: date
) -> tuple[list[Transaction], Filters]:
    """The transactions, and the filters with the period that was really looked at.

    All of a period that has a beginning, and all there is where the largest or smallest are wanted; else the latest
    few, looking further back until there are enough.
    """
    transfers = counts_own_transfers(filters)
    since, until = bounds(filters.period or Period(), today)
    if filters.order:
        filters = replace(filters, count=filters.count or USUAL_ROWS)
        if not (filters.period and filters.period.start):
            filters = replace(filters, period=Period(since, filters.period.end if filters.period else None))
    if filters.period and filters.period.start:
        found = select(await fetch(bank, accounts, since, until), filters, own_transfers=transfers)
        return found[: filters.count], filters
    wanted = filters.count or USUAL_ROWS
    for since in windows(until):
        found = select(await fetch(bank, accounts, since, until), filters, own_transfers=transfers)
        if len(found) >= wanted:
            return found[:wanted], replace(filters, count=wanted)
    end = filters.period.end if filters.period else None
    return found, replace(filters, count=None, period=Period(since, end))
