"""A fold for tests of verification."""

from __future__ import annotations


class LastRecord:
    """The snapshot must name the last record's number."""

    def __init__(self, conversation: str) -> None:
        self.last = b""

    def add(self, record: bytes) -> None:
        self.last = record

    def problem(self, snapshot: bytes) -> str | None:
        return None if snapshot.replace(b"after", b"seq") == self.last else "the number differs"
