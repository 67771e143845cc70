"""Parses of texts that came before: the same text means the same, as long as nothing in it depends on the time."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Final, Protocol

from bot.messages import Parse

_SECONDS: Final = 15 * 60
"""How long a clock shows the same quarter of an hour. In every time zone a day begins with one."""


class Parses(Protocol):
    """What parses."""

    def parse(self, text: str, now: datetime) -> Parse:
        """What the text means at that time."""


class CachedParses:
    """A matcher that remembers its latest parses; bounded in number and in the length of their texts.

    A parse with a time in it is never kept: "yesterday" is another day tomorrow. One without is kept for the quarter
    of an hour that it is from: that no time was found may depend on the day too ("the fifth week of the month").
    """

    def __init__(self, matcher: Parses, *, most: int = 256, longest: int = 200) -> None:
        self._matcher = matcher
        self._most = most
        self._longest = longest
        self._kept: OrderedDict[str, tuple[float, Parse]] = OrderedDict()

    def parse(self, text: str, now: datetime) -> Parse:
        """What the text means; `now` is the reference time for dates (aware, UTC)."""
        quarter = now.timestamp() // _SECONDS
        kept = self._kept.get(text)
        if kept is not None and kept[0] == quarter:
            self._kept.move_to_end(text)
            return kept[1]
        parse = self._matcher.parse(text, now)
        if len(text) <= self._longest and not _depends_on_time(parse):
            self._kept[text] = quarter, parse
            self._kept.move_to_end(text)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return parse


def _depends_on_time(parse: Parse) -> bool:
    """Whether an entity has a grain: resolved against the time of the message."""
    return any(entity.details is not None and "grain" in entity.details for entity in parse.entities)
