"""Asking the bank for transactions: all of a period, those that are asked for, or the latest few."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from .bank import Account, CustomerBank, Transaction
from .questions.question import Filters, Period
from .questions.selection import USUAL_ROWS, bounds, counts_own_transfers, select, windows


class Found(Struct, frozen=True):
    """What the filters `asked` find in `accounts`, among the transactions `looked_at`.

    `filters` are those asked, with the period that was really looked at.
    """

    asked: Filters
    accounts: Sequence[Account]
    filters: Filters
    transactions: Sequence[Transaction]
    looked_at: Sequence[Transaction]


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
    since, until = bounds(period, today)
    booked = await fetch(bank, accounts, since, until)
    filters = asked if period.start else replace(asked, period=replace(period, start=since))
    return Found(asked, accounts, filters, select(booked, asked), booked)


async def find_few(bank: CustomerBank, accounts: Sequence[Account], asked: Filters, today: date) -> Found:
    """The transactions to list.

    All of a period that has a beginning, and all there is where the largest or smallest are wanted; else the latest
    few, looking further back until there are enough.
    """
    filters, transfers = asked, counts_own_transfers(asked)
    since, until = bounds(filters.period or Period(), today)
    if filters.order:
        filters = replace(filters, count=filters.count or USUAL_ROWS)
        if not (filters.period and filters.period.start):
            filters = replace(filters, period=Period(since, filters.period.end if filters.period else None))
    if filters.period and filters.period.start:
        booked = await fetch(bank, accounts, since, until)
        found = select(booked, filters, own_transfers=transfers)
        return Found(asked, accounts, filters, found[: filters.count], booked)
    wanted = filters.count or USUAL_ROWS
    for since in windows(until):
        booked = await fetch(bank, accounts, since, until)
        found = select(booked, filters, own_transfers=transfers)
        if len(found) >= wanted:
            return Found(asked, accounts, replace(filters, count=wanted), found[:wanted], booked)
    end = filters.period.end if filters.period else None
    return Found(asked, accounts, replace(filters, count=None, period=Period(since, end)), found, booked)
