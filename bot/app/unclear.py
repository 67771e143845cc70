"""The messages that the bot did not understand, for `bot conversations unclear`: what to teach it next."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from msgspec import Struct

from bot.dialogue.events import UserUttered
from bot.engine.codec import read_record
from bot.engine.record import TurnRecord
from bot.logs import mask
from bot.messages import Parse
from bot.nlu import FALLBACK_INTENT
from bot.progress import Progress, silent
from bot.stores.database import Database
from bot.stores.history import conversations, turns_since

_NAMED = 2
"""How many intents are named: two, since a message may be in doubt between two."""


class Unclear(Struct):
    """A message that fell back: how often it was said, when last (UTC), and the likeliest intents' confidences then.

    Account numbers in `text` are masked, as in the log.
    """

    text: str
    times: int
    last_said_at: datetime
    nearest: dict[str, float]


async def unclear_messages(database: Database, since: datetime, *, progress: Progress = silent) -> list[Unclear]:
    """What fell back since then (UTC), the most frequent first, then the latest; case and spacing do not count."""
    found: dict[str, Unclear] = {}
    async for record in _records(database, since, progress):
        for parse in _unclear_parses(record):
            message = found.setdefault(_alike(parse.text), Unclear(mask(parse.text), 0, record.now, {}))
            message.times += 1
            if record.now >= message.last_said_at:
                message.last_said_at, message.nearest = record.now, _nearest(parse)
    return sorted(found.values(), key=lambda message: (message.times, message.last_said_at), reverse=True)


async def _records(database: Database, since: datetime, progress: Progress) -> AsyncIterator[TurnRecord]:
    async for conversation in conversations(database, progress):
        async for turn in turns_since(database, conversation, since):
            yield read_record(turn.record)
    progress("done", 1.0)


def _unclear_parses(record: TurnRecord) -> list[Parse]:
    uttered = [event.parse for event in record.events if isinstance(event, UserUttered)]
    return [parse for parse in uttered if parse.intent_name == FALLBACK_INTENT]


def _nearest(parse: Parse) -> dict[str, float]:
    others = [score for score in parse.ranking if score.name != FALLBACK_INTENT]
    return {score.name: score.confidence for score in others[:_NAMED]}


def _alike(text: str) -> str:
    return " ".join(text.casefold().split())
