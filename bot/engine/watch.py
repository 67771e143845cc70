"""Callbacks that observe what has happened and cannot change it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from bot.engine.record import NoLongerDue, TurnRecord
from bot.errors import PLUGIN_FAILURES


class Watch(Struct, frozen=True):
    """Callbacks for what has happened: committed turns, failed actions, and what an observer itself raised.

    `action_warned` gets mistakes in an action that did not end it; `turn_conflicted` is called for each turn
    that is computed again because another worker was first.
    """

    turn_committed: tuple[Callable[[TurnRecord], None], ...] = ()
    action_failed: Callable[[str, BaseException], None] = lambda action, error: None
    action_warned: Callable[[str, BaseException], None] = lambda action, error: None
    observer_failed: Callable[[BaseException], None] = lambda error: None
    turn_failed: Callable[[BaseException], None] = lambda error: None
    turn_conflicted: Callable[[], None] = lambda: None

    def report(self, record: TurnRecord) -> None:
        """Report a committed turn; an observer's own failure is reported, too."""
        for observe in self.turn_committed:
            try:
                observe(record)
            except PLUGIN_FAILURES as error:  # the turn is committed, whatever its observers do
                self.observer_failed(error)

    def report_if_failed(self, task: asyncio.Task[Any]) -> None:
        """Report the failure of a task that has ended, if it did fail."""
        if task.cancelled():  # with all others, at the end of the process, before its turn began
            return
        error = task.exception()
        if error is not None and not isinstance(error, NoLongerDue):
            self.turn_failed(error)
