"""The journal of outside changes: written before the call, spent once, its status only moving forward."""

from __future__ import annotations

from collections.abc import Sequence

from bot.engine.protocols import EffectEntry
from bot.errors import ConversationGone
from bot.stores.connection import Connection, Row
from bot.stores.times import micros, moment

_MOST_AT_ONCE = 500

# If the conversation was deleted meanwhile, nobody could be told of it, and nothing of it may be kept.
_BEGIN = """
    INSERT INTO effects (key, conversation, kind, parameters, status, at, result)
    SELECT :key, id, :kind, :parameters, :status, :at, :result FROM conversations WHERE id = :conversation
    ON CONFLICT (key) DO NOTHING"""

_SETTLE = "UPDATE effects SET status = :status, at = :at, result = :result WHERE key = :key AND status IN "
_FORWARD = {
    "unknown": f"{_SETTLE}('spending')",
    "done": f"{_SETTLE}('spending', 'unknown')",
    "refused": f"{_SETTLE}('spending', 'unknown')",
}

_SELECT = "SELECT key, conversation, kind, parameters, status, at, result FROM effects"
_STANDING = f"{_SELECT} WHERE key = :key"
_UNSETTLED = f"{_SELECT} WHERE status IN ('spending', 'unknown') ORDER BY at LIMIT :most OFFSET :behind"


def journal(connection: Connection, entry: EffectEntry) -> EffectEntry:
    """Write an entry; returns `entry` itself if it stands now, else the one that stood before.

    Raises ConversationGone if its conversation was deleted, and the entry with it.
    """
    at = micros(entry.at)
    settled = _FORWARD.get(entry.status)
    if settled and connection.run(settled, key=entry.key, status=entry.status, at=at, result=entry.result):
        return entry
    began = connection.run(
        _BEGIN,
        key=entry.key,
        conversation=entry.conversation,
        kind=entry.kind,
        parameters=entry.parameters,
        status=entry.status,
        at=at,
        result=entry.result,
    )
    if began:
        return entry
    standing = connection.one(_STANDING, key=entry.key)
    if standing is None:
        raise ConversationGone
    return _entry(standing)


def is_unsettled(connection: Connection, key: str) -> bool:
    """Whether the outcome of the effect of this key is unknown."""
    return connection.one(f"{_SELECT} WHERE key = :key AND status IN ('spending', 'unknown')", key=key) is not None


def unsettled(connection: Connection, behind: int) -> Sequence[EffectEntry]:
    """Entries whose outcome is unknown, oldest first, at most 500, skipping the first `behind`."""
    return [_entry(row) for row in connection.all(_UNSETTLED, most=_MOST_AT_ONCE, behind=behind)]


def _entry(row: Row) -> EffectEntry:
    return EffectEntry(row.key, row.conversation, row.kind, row.parameters, row.status, moment(row.at), row.result)
