"""Checks that a snapshot is the fold of its turns, for `bot store verify`."""

from __future__ import annotations

from bot.dialogue.tracker import Tracker
from bot.engine.codec import read_record
from bot.engine.snapshots import after_turn, read_snapshot

NOT_COMPARED = frozenset({"events", "applied", "base"})
"""How much history a tracker holds depends on the policies; its state does not."""


class TurnFold:
    """Folds one conversation's recorded events."""

    def __init__(self, conversation: str) -> None:
        self._conversation = conversation
        self._tracker = Tracker(conversation=conversation)

    def add(self, record: bytes) -> None:
        """Take in the next turn record."""
        self._tracker = after_turn(read_record(record), self._tracker)

    def problem(self, snapshot: bytes) -> str | None:
        """The names of the tracker's fields that differ, never their values; None if the snapshot is right."""
        kept = read_snapshot(snapshot, self._conversation).tracker
        names = [name for name in Tracker.__struct_fields__ if name not in NOT_COMPARED]
        different = [name for name in names if getattr(kept, name) != getattr(self._tracker, name)]
        return ", ".join(different) or None
