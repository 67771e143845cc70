"""A cache of parses: the same text has the same parse, as long as nothing in it depends on the time."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Final, Protocol

from bot.messages import Parse

_SECONDS: Final = 15 * 60
"""The length of a quarter of an hour. In every time zone a day begins with a full quarter."""


class Parses(Protocol):
    """Anything that parses messages."""

    def parse(self, text: str, now: datetime) -> Parse:
        """The parse of the text at that time."""


class CachedParses:
    """A matcher that caches its latest parses, limited in number and in the length of their texts.

    A parse that contains a time is never cached: "yesterday" is another day tomorrow. One without is cached for the
    current quarter of an hour: whether a time is found can depend on the day too ("the fifth week of the month").

    Its callers share a cached parse, values included: a turn makes a copy of what it is given.
    """

    def __init__(self, matcher: Parses, *, most: int = 256, longest: int = 200) -> None:
        self._matcher = matcher
        self._most = most
        self._longest = longest
        self._cached: OrderedDict[str, tuple[float, Parse]] = OrderedDict()

    def parse(self, text: str, now: datetime) -> Parse:
        """The parse of the text, cached if possible; `now` is the reference time for dates (aware, UTC)."""
        quarter = now.timestamp() // _SECONDS
        cached = self._cached.get(text)
        if cached is not None and cached[0] == quarter:
            self._cached.move_to_end(text)
            return cached[1]
        parse = self._matcher.parse(text, now)
        if len(text) <= self._longest and not _depends_on_time(parse):
            self._cached[text] = quarter, parse
            self._cached.move_to_end(text)
            if len(self._cached) > self._most:
                self._cached.popitem(last=False)
        return parse


def _depends_on_time(parse: Parse) -> bool:
    """Whether an entity has a grain, and so was resolved relative to the time of the message."""
    return any(entity.details is not None and "grain" in entity.details for entity in parse.entities)
