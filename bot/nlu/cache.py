"""Parses of texts that came before: the same text means the same, as long as nothing in it depends on the day."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Protocol

from bot.messages import Parse


class Parses(Protocol):
    """What parses."""

    def parse(self, text: str, now: datetime) -> Parse:
        """What the text means at that time."""


class CachedParses:
    """A matcher that remembers its latest parses; bounded in number and in the length of their texts.

    A parse with a time in it is never kept: "yesterday" is another day tomorrow.
    """

    def __init__(self, matcher: Parses, *, most: int = 256, longest: int = 200) -> None:
        self._matcher = matcher
        self._most = most
        self._longest = longest
        self._kept: OrderedDict[str, Parse] = OrderedDict()

    def parse(self, text: str, now: datetime) -> Parse:
        """What the text means; `now` is the reference time for dates (aware, UTC)."""
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
            return kept
        parse = self._matcher.parse(text, now)
        if len(text) <= self._longest and not _depends_on_time(parse):
            self._kept[text] = parse
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return parse


def _depends_on_time(parse: Parse) -> bool:
    """Whether an entity has a grain: resolved against the time of the message."""
    return any(entity.details is not None and "grain" in entity.details for entity in parse.entities)
