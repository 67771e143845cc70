"""How ambiguous phrases are interpreted: towards the past or the future, day or month first, in which time zone."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Literal, Self
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import asdict

from bot.messages import JsonObject

_DUCKLINGS_TIMEZONE = "America/Los_Angeles"
"""The time zone that a Duckling server uses if none is given."""

_MONTH_FIRST = frozenset({"en", "en_US", "en_EN", "en_PH", "en_BZ"})


class Habits(Struct, frozen=True):
    """How the grammar interprets ambiguous phrases.

    `prefer`: "in October" is the last one (past) or the next (future).
    `rolling`: "the last 3 weeks" are from 21 days ago up to and including today;
    else the three whole calendar weeks before this one, as in Duckling.
    `language`: `en` has the whole grammar, others only digits and addresses.
    """

    language: str = "en"
    prefer: Literal["past", "future"] = "past"
    day_first: bool = True
    rolling: bool = True
    timezone: str = "UTC"

    @classmethod
    def of_teller(cls, options: JsonObject, language: str) -> Self:
        """Read the options of TellerEntityExtractor: `prefer`, `day_first` or `locale`, `timezone`."""
        locale = str(options.get("locale") or "en_GB").replace("-", "_")
        return cls(
            language=_language(options, language),
            prefer="future" if options.get("prefer") == "future" else "past",
            day_first=bool(options.get("day_first", locale not in _MONTH_FIRST)),
            timezone=str(options.get("timezone") or "UTC"),
        )

    @classmethod
    def of_duckling(cls, options: JsonObject, language: str) -> Self:
        """Read the options of DucklingEntityExtractor: `locale` and `timezone`, with Duckling's own defaults."""
        locale = str(options.get("locale") or f"{language}_{language.upper()}").replace("-", "_")
        return cls(
            language=_language(options, language),
            prefer="future",
            day_first=locale not in _MONTH_FIRST,
            rolling=False,
            timezone=str(options.get("timezone") or _DUCKLINGS_TIMEZONE),
        )

    @property
    def zone(self) -> tzinfo:
        """The time zone; UTC if the system does not know its name."""
        return _zone(self.timezone)

    def dump(self) -> JsonObject:
        """Return the habits as JSON."""
        return asdict(self)


def _language(options: JsonObject, language: str) -> str:
    return str(options.get("locale") or language).replace("-", "_").partition("_")[0].lower()


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # unknown names raise a KeyError, malformed ones a ValueError
        return UTC


def local(now: datetime, habits: Habits) -> datetime:
    """Return `now` as the wall clock shows it in the habits' time zone, as a naive datetime."""
    return now.astimezone(habits.zone).replace(tzinfo=None)
